#include "frameferry/pack_rows.h"

#include <algorithm>

namespace frameferry {
namespace {

bool is_before(const PackRow& one, const PackRow& other) { return one.name_seq < other.name_seq; }

}  // namespace

bool PackRow::is_sent() const { return captures != 0 && !is(set_aside); }

void PackRow::tell(const PackEntries& entries) {
    captures = static_cast<std::uint8_t>(entries.count());
    first_offset = static_cast<std::uint16_t>(entries[0].seq - name_seq);
    last_offset = static_cast<std::uint16_t>(entries.last().seq - name_seq);
}

void PackRow::tell(const PackSeqs& seqs) {
    captures = static_cast<std::uint8_t>(seqs.count());
    first_offset = seqs.first();
    last_offset = seqs.last();
}

void PackRows::gather(const PackRow& row) {
    if (count_ < capacity_) {
        rows_[count_++] = row;
        return;
    }
    PackRow* oldest = std::min_element(begin(), end(), is_before);
    if (oldest != end() && is_before(*oldest, row)) *oldest = row;
}

void PackRows::sort() { std::sort(begin(), end(), is_before); }

PackRow& PackRows::insert(const PackRow& row) {
    PackRow* place = from(row.name_seq);
    std::move_backward(place, end(), end() + 1);
    ++count_;
    *place = row;
    return *place;
}

void PackRows::erase(PackRow& row) {
    std::move(&row + 1, end(), &row);
    --count_;
}

PackRow* PackRows::from(Seq name_seq) {
    return std::lower_bound(begin(), end(), name_seq, [](const PackRow& row, Seq seq) { return row.name_seq < seq; });
}

PackRow* PackRows::find(Seq name_seq) {
    PackRow* row = from(name_seq);
    return row != end() && row->name_seq == name_seq ? row : nullptr;
}

PackRow* PackRows::first_to_go(Seq spared) {
    PackRow* first = nullptr;
    for (PackRow& row : *this) {
        if (row.name_seq == spared) continue;
        if (row.is(PackRow::set_aside)) return &row;
        if (first == nullptr) first = &row;
    }
    return first;
}

SeqRange PackRows::left_to(const PackRow& row) {
    SeqRange left{row.name_seq, max_seq};
    for (const PackRow* other = &row; other != begin();) {
        --other;
        if (!other->is_sent()) continue;
        left.first = std::max(left.first, other->seqs().last + 1);
        break;
    }
    const PackRow* next = &row + 1;
    while (next != end() && next->is(PackRow::set_aside)) ++next;
    if (next != end()) left.last = next->seqs().first - 1;
    return left;
}

bool PackRows::has_folder(std::uint64_t folder) {
    const PackRow* row = from(folder * seqs_per_folder);
    return row != end() && row->name().folder() == folder;
}

std::uint64_t PackRows::size_bytes() {
    std::uint64_t size_bytes = 0;
    for (const PackRow& row : *this) size_bytes += row.size_bytes;
    return size_bytes;
}

}  // namespace frameferry
