#include "frameferry/seq_counter.h"

#include <algorithm>
#include <array>

#include "frameferry/kept_values.h"

namespace frameferry {
namespace {

constexpr std::string_view key = "queue.seq";
constexpr std::uint8_t format = 1;
using RecordBytes = std::array<std::uint8_t, 16>;

}  // namespace

void SeqCounter::start(Seq card_next) {
    RecordBytes bytes{};
    RecordReader record{Room(bytes)};
    record.get(values_, key, format);
    const Seq stored = record.number();  // 0 where there is none
    reserved_ = std::max(reserved_, stored);
    next_ = std::max({next_, stored, card_next});
}

bool SeqCounter::ready() {
    if (next_ > max_seq) return false;
    return next_ < reserved_ || reserve(next_ + block);
}

bool SeqCounter::raise(Seq to) {
    if (to <= next_) return true;
    next_ = to;
    return to <= reserved_ || reserve(to);
}

bool SeqCounter::reserve(Seq up_to) {
    RecordBytes bytes{};
    if (!RecordWriter(Room(bytes), format).number(up_to).put(values_, key)) return false;
    reserved_ = up_to;
    return true;
}

}  // namespace frameferry
