// A pack becomes another one: what is whole in a damaged one, captures under new seqs, captures less some.
//
// Where the directory can just be written anew, that is done in place. Else the new pack is a file of its own. The swap
// stands in the journal before that file is begun, and again once it is whole: a power cut leaves one of the two.

#include <algorithm>

#include "frameferry/lock.h"
#include "frameferry/pack_queue.h"

namespace frameferry {
namespace {

constexpr const char* damaged_on_card = "damaged on the card";

}  // namespace

class PackQueue::Forgotten {
public:
    Forgotten(std::int64_t from_ms, std::int64_t to_ms) : from_ms_(from_ms), to_ms_(to_ms) {}

    [[nodiscard]] bool has(const CaptureMeta& meta) const {
        return meta.clock_synced && from_ms_ <= meta.captured_at_ms && meta.captured_at_ms < to_ms_;
    }

private:
    std::int64_t from_ms_;
    std::int64_t to_ms_;
};

// Its file is read, for nobody knows its sha256.
QueueStatus PackQueue::prepare(PackRow& row, Sha256& sha256) {
    const Reading reading = reader_.sha256(row.name(), row.size_bytes, entries_, sha256);
    if (reading == Reading::whole) {
        is_silent_ = false;
        const PackRow before = row;
        row.tell(entries_);
        const bool is_same = before.seqs().first == row.seqs().first && before.seqs().last == row.seqs().last &&
                             before.captures == row.captures;
        if (!is_same) row.version = ++version_;
        keep(row, sha256);
        return is_same ? QueueStatus::ok : QueueStatus::gone;
    }
    if (is_fault_of_card(reading)) return QueueStatus::card;
    if (reading != Reading::gone) return repair(row);
    rows_.erase(row);
    return QueueStatus::gone;
}

// `damaged` where it has become another pack, or none.
QueueStatus PackQueue::repair(PackRow& row) {
    PackSeqs due;
    const Reading named = reader_.named_seqs(row.name(), row.size_bytes, due);
    if (is_fault_of_card(named)) return QueueStatus::card;
    if (named != Reading::whole) {
        due = {};
        const bool has_steps = row.last_offset - row.first_offset + 1 != row.captures;
        for (std::uint32_t offset = row.first_offset; !has_steps && offset <= row.last_offset; ++offset) due.add(offset);
    }
    const QueueStatus status = salvage(row, due, false);
    return status == QueueStatus::ok ? QueueStatus::damaged : status;
}

// `due` are the seqs that it had. ok also where nothing whole is in it, and it is set aside.
QueueStatus PackQueue::salvage(PackRow& row, PackSeqs due, bool may_be_unborn) {
    Scan scan;
    const SeqRange left = rows_.left_to(row);
    if (reader_.scan(row.name(), row.size_bytes, left, entries_, scan) != Reading::whole) return QueueStatus::card;
    if (entries_.empty()) {
        give_up(row, due, may_be_unborn && scan.unreadable_at == Scan::none);
        return QueueStatus::ok;
    }
    due.add(scan.lost);
    PackSeqs found;
    for (std::size_t at = 0; at < entries_.count(); ++at) found.add(entries_[at].seq - row.name_seq);
    due.remove(found);
    tell_lost(row, due);
    row.tell(entries_);
    row.version = ++version_;
    row.clear(PackRow::in_index);
    // What the card does not give back cannot be sent either: the others go into a file without it.
    if (scan.unreadable_at < entries_.end()) return rewrite(row, nullptr, 0);
    return reader_.seal(row.name(), entries_, row.size_bytes) == IoStatus::ok ? QueueStatus::ok : QueueStatus::card;
}

void PackQueue::tell_lost(PackRow& row, const PackSeqs& lost) {
    if (row.is(PackRow::told) || lost.count() == 0) return;
    row.set(PackRow::told);
    for (std::size_t offset = 0; offset < PackSeqs::span; ++offset) {
        if (!lost.has(offset)) continue;
        const Seq first = row.name_seq + offset;
        while (lost.has(offset + 1)) ++offset;
        watcher_.damaged({first, row.name_seq + offset}, damaged_on_card);
    }
}

// Nothing whole is in it. What a power cut leaves of a pack's first append just goes: no capture of it was ever safe.
void PackQueue::give_up(PackRow& row, const PackSeqs& due, bool may_be_unborn) {
    if (may_be_unborn) {
        card_next_ = std::max(card_next_, row.name_seq + 1);
        discard(row);
        return;
    }
    if (due.count() == 0) watcher_.damaged({}, damaged_on_card);
    tell_lost(row, due);
    set_aside(row);
}

void PackQueue::set_aside(PackRow& row) {
    row.set(PackRow::set_aside);
    row.version = ++version_;
    write_row(row, {});
}

QueueStatus PackQueue::set_aside(const QueuedPack& pack, const char* reason) {
    const Lock lock(mutex_);
    PackRow* row = current(pack);
    if (row == nullptr) return QueueStatus::gone;
    watcher_.damaged(pack.seqs, reason);
    set_aside(*row);
    return QueueStatus::ok;
}

QueueStatus PackQueue::take_out(const QueuedPack& pack, const Renumbering* renumberings, std::size_t count) {
    const Lock lock(mutex_);
    PackRow* row = current(pack);
    if (row == nullptr) return QueueStatus::gone;
    const Reading reading = reader_.entries(row->name(), row->size_bytes, entries_);
    if (reading != Reading::whole) return is_fault_of_card(reading) ? QueueStatus::card : repair(*row);
    entries_.keep_if([&](const PackedEntry& entry) {
        return std::any_of(renumberings, renumberings + count, [&](const auto& one) { return one.seq == entry.seq; });
    });
    return entries_.empty() ? discard(*row) : rewrite(*row, renumberings, count);
}

// The captures of `entries_` become a pack of their own in the place of this one. No row is where it was after it.
QueueStatus PackQueue::rewrite(PackRow& row, const Renumbering* renumberings, std::size_t count) {
    const bool is_aside = row.is(PackRow::set_aside);
    Rework rework{row.name(), {}, renumberings, count, 0};
    seal_open();  // its seqs would lie on both sides of new ones, and there is one file to write into
    if (!finish_swap()) return QueueStatus::card;
    QueueStatus status = plan(rework.from, rework);
    if (status != QueueStatus::ok) return status;
    has_open_swap_ = true;
    if (!journal_.put({rework.from, rework.to, false})) return QueueStatus::numbers;
    status = copy_kept(rework);
    PackRow made;
    Sha256 sha256{};
    if (status == QueueStatus::ok) {
        made.name_seq = rework.to.seq;
        if (rework.to.is_second) made.set(PackRow::second_name);
        made.tell(open_.entries());
        if (open_.seal(sha256, made.size_bytes) != IoStatus::ok) status = QueueStatus::card;
    }
    open_.close();
    // The index tells so before the new one counts: else a power cut would have it sent.
    if (status == QueueStatus::ok && is_aside) {
        made.set(PackRow::set_aside);
        write_row(made, {});
    }
    const bool is_placed = status == QueueStatus::ok && place(rework);
    finish_swap();  // or `start` does
    PackRow* old = rows_.find(rework.from.seq);
    if (!is_placed) {
        if (status == QueueStatus::damaged && old != nullptr) set_aside(*old);
        // Where it is a sector of the old one for good, that is found when it is read the next time.
        if (status == QueueStatus::card && old != nullptr) doubt(*old);
        return status == QueueStatus::ok ? QueueStatus::numbers : status;
    }
    if (old != nullptr) rows_.erase(*old);
    made.version = ++version_;
    PackRow& placed = rows_.insert(made);
    keep(placed, sha256);
    return QueueStatus::ok;
}

// The name of the new file, and the seq of the first capture in it.
QueueStatus PackQueue::plan(PackName from, Rework& rework) {
    if (rework.renumberings == nullptr) {
        rework.first_seq = entries_[0].seq;
        rework.to = {rework.first_seq, rework.first_seq == from.seq && !from.is_second};
        return QueueStatus::ok;
    }
    Seq least = max_seq;
    Seq most = 0;
    for (std::size_t at = 0; at < rework.count; ++at) {
        least = std::min(least, rework.renumberings[at].next_seq);
        most = std::max(most, rework.renumberings[at].next_seq);
    }
    // Else the pack would span too much.
    if (most - least > max_pack_captures && !skip_to(most)) return QueueStatus::numbers;
    if (!new_seq(rework, entries_[0].seq, rework.first_seq)) return QueueStatus::numbers;
    rework.to = {rework.first_seq, false};
    return QueueStatus::ok;
}

bool PackQueue::new_seq(const Rework& rework, Seq seq, Seq& renumbered) {
    renumbered = seq;
    if (rework.renumberings == nullptr) return true;
    const Renumbering* end = rework.renumberings + rework.count;
    const Renumbering* one = std::find_if(rework.renumberings, end, [&](const auto& other) { return other.seq == seq; });
    if (!skip_to(one->next_seq) || !counter_.ready()) return false;
    renumbered = counter_.take();
    return true;
}

bool PackQueue::skip_to(Seq seq) {
    const Seq first = counter_.next();
    if (seq <= first) return true;
    if (seq > max_seq || !counter_.raise(seq)) return false;
    watcher_.skipped({first, seq - 1});
    return true;
}

// From here on the new pack counts. The store may have kept that even where it says that it has not.
bool PackQueue::place(const Rework& rework) {
    if (journal_.put({rework.from, rework.to, true})) return true;
    Swap swap;
    return journal_.get(swap) == KeyValue::Found::value && swap.is_sealed;
}

QueueStatus PackQueue::copy_kept(const Rework& rework) {
    std::uint32_t size_bytes = directory_size_bytes(entries_.count());
    for (std::size_t at = 0; at < entries_.count(); ++at) size_bytes += entry_size_bytes(entries_[at].size_bytes);
    QueueStatus status = grow_open(rework.to, size_bytes, size_bytes, rework.from.seq);
    for (std::size_t at = 0; status == QueueStatus::ok && at < entries_.count(); ++at) {
        Seq seq = rework.first_seq;
        if (at != 0 && !new_seq(rework, entries_[at].seq, seq)) return QueueStatus::numbers;
        status = copy_entry(rework, entries_[at], seq);
    }
    if (status == QueueStatus::ok && open_.entries().empty()) return QueueStatus::damaged;
    return status;
}

// What the card does not give back may be there the next time: only what is twice found damaged is left out.
QueueStatus PackQueue::copy_entry(const Rework& rework, const PackedEntry& entry, Seq seq) {
    IoStatus status = IoStatus::ok;
    Reading reading = Reading::damaged;
    for (int tries = 0; tries < 2 && reading == Reading::damaged; ++tries) {
        if (tries != 0) card_.close_reader();
        EntryHeader header;
        reading = reader_.header(rework.from, entry.header_offset, header);
        if (reading == Reading::whole) status = open_.copy(reader_, rework.from, header, seq, reading);
    }
    if (reading == Reading::damaged) watcher_.damaged({entry.seq, entry.seq}, damaged_on_card);
    const bool is_read = reading == Reading::whole || reading == Reading::damaged;
    return is_read && status == IoStatus::ok ? QueueStatus::ok : QueueStatus::card;
}

// Ends a swap that was begun. False where that could not be done now.
bool PackQueue::finish_swap() {
    has_open_swap_ = !end_swap();
    return !has_open_swap_;
}

bool PackQueue::end_swap() {
    Swap swap;
    const KeyValue::Found found = journal_.get(swap);
    if (found == KeyValue::Found::nothing) return true;
    if (found == KeyValue::Found::broken) return journal_.erase();
    const PackName winner = swap.is_sealed ? swap.made : swap.old;
    const PackName loser = swap.is_sealed ? swap.old : swap.made;
    Storage::File file = Storage::none;
    const IoStatus status = card_.reader(winner, file);
    if (status != IoStatus::ok && status != IoStatus::not_found) return false;
    // Where the winner is not there, this is another card.
    if (status == IoStatus::ok && card_.remove_pack(loser) != IoStatus::ok) return false;
    return card_.settle() == IoStatus::ok && journal_.erase();
}

// Once the winner has gone, nothing tells any more that the loser is to go.
bool PackQueue::finish_swap_won_by(PackName name) {
    Swap swap;
    if (!has_open_swap_ || journal_.get(swap) != KeyValue::Found::value) return true;
    return !(name == (swap.is_sealed ? swap.made : swap.old)) || finish_swap();
}

QueueStatus PackQueue::forget(std::int64_t from_ms, std::int64_t to_ms, std::uint32_t& forgotten) {
    forgotten = 0;
    const Forgotten times(from_ms, to_ms);
    QueueStatus worst = seal();
    Seq next = 0;
    for (bool is_again = false;;) {
        const Lock lock(mutex_);
        PackRow* row = rows_.from(next);
        if (row == rows_.end()) break;
        next = row->name_seq;
        const QueueStatus status = forget_in(*row, times, forgotten);
        watcher_.got_on();
        is_again = status == QueueStatus::damaged && !is_again;
        if (is_again) continue;
        if (status != QueueStatus::ok) worst = status;
        ++next;
    }
    const Lock lock(mutex_);
    return card_.settle() == IoStatus::ok ? worst : QueueStatus::card;
}

// `damaged` where what is whole in it is another pack now.
QueueStatus PackQueue::forget_in(PackRow& row, const Forgotten& forgotten, std::uint32_t& count) {
    const PackName name = row.name();
    const bool is_aside = row.is(PackRow::set_aside);
    Scan scan;
    const Reading reading = is_aside ? reader_.scan(name, row.size_bytes, rows_.left_to(row), entries_, scan)
                                     : reader_.entries(name, row.size_bytes, entries_);
    if (reading != Reading::whole) return is_fault_of_card(reading) ? QueueStatus::card : repair(row);
    const std::size_t before = entries_.count();
    bool is_told = true;
    entries_.keep_if([&](const PackedEntry& entry) {
        EntryHeader header;
        is_told = is_told && reader_.header(name, entry.header_offset, header) == Reading::whole;
        return !forgotten.has(header.meta);
    });
    if (!is_told) {
        doubt(row);
        return QueueStatus::card;
    }
    const std::size_t gone = before - entries_.count();
    if (gone == 0) return QueueStatus::ok;
    const QueueStatus status = entries_.empty() ? discard(row) : rewrite(row, nullptr, 0);
    if (status == QueueStatus::ok) count += static_cast<std::uint32_t>(gone);
    return status;
}

}  // namespace frameferry
