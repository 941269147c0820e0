#include "frameferry/swap_journal.h"

#include <array>

#include "frameferry/kept_values.h"

namespace frameferry {
namespace {

constexpr std::string_view key = "queue.swap";
constexpr std::uint8_t format = 1;
using RecordBytes = std::array<std::uint8_t, 32>;

void write(RecordWriter& record, PackName name) { record.number(name.seq).number(name.is_second ? 1 : 0, 1); }

PackName read(RecordReader& record) {
    const Seq seq = record.number();
    return {seq, record.number(1) != 0};
}

}  // namespace

bool SwapJournal::put(const Swap& swap) {
    RecordBytes bytes{};
    RecordWriter record{Room(bytes), format};
    write(record, swap.old);
    write(record, swap.made);
    return record.number(swap.is_sealed ? 1 : 0, 1).put(values_, key);
}

KeyValue::Found SwapJournal::get(Swap& swap) {
    RecordBytes bytes{};
    RecordReader record{Room(bytes)};
    const KeyValue::Found found = record.get(values_, key, format);
    swap.old = read(record);
    swap.made = read(record);
    swap.is_sealed = record.number(1) != 0;
    return found;
}

bool SwapJournal::erase() { return values_.erase(key); }

}  // namespace frameferry
