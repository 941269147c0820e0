// What is on the card when the device starts, or when the card is back.

#include <algorithm>

#include "frameferry/lock.h"
#include "frameferry/pack_queue.h"

namespace frameferry {
namespace {

constexpr std::uint64_t spared_bytes = 64U << 20U;

bool parse_folder(std::string_view name, std::uint64_t& folder) {
    folder = 0;
    for (const char character : name) {
        if (character < '0' || character > '9' || folder > max_seq) return false;
        folder = folder * 10 + static_cast<std::uint64_t>(character - '0');
    }
    return folder <= max_seq / seqs_per_folder;
}

}  // namespace

// The smallest numbers of folders, in their order: where there are more, they are asked for again from there on.
class PackQueue::FolderNumbers final : public Storage::Visitor {
public:
    explicit FolderNumbers(std::uint64_t from) : from_(from) {}

    bool found(std::string_view name, std::uint32_t /*size_bytes*/, bool is_folder) override {
        std::uint64_t folder = 0;
        if (!is_folder || !parse_folder(name, folder) || folder < from_) return true;
        if (count_ == numbers_.size()) {
            is_more_ = true;
            if (folder > numbers_.back()) return true;
            --count_;
        }
        std::uint64_t* place = std::upper_bound(numbers_.data(), numbers_.data() + count_, folder);
        std::move_backward(place, numbers_.data() + count_, numbers_.data() + count_ + 1);
        *place = folder;
        ++count_;
        return true;
    }

    [[nodiscard]] const std::uint64_t* begin() const { return numbers_.data(); }
    [[nodiscard]] const std::uint64_t* end() const { return numbers_.data() + count_; }
    [[nodiscard]] bool is_more() const { return is_more_; }

private:
    std::array<std::uint64_t, 48> numbers_{};
    std::size_t count_ = 0;
    std::uint64_t from_;
    bool is_more_ = false;
};

class PackQueue::FolderPacks final : public Storage::Visitor {
public:
    FolderPacks(PackQueue& queue, std::uint64_t folder) : queue_(queue), folder_(folder) {}

    bool found(std::string_view name, std::uint32_t size_bytes, bool is_folder) override {
        PackName pack;
        if (is_folder || !queue_.card_.parse_name(name, pack) || pack.folder() != folder_) return true;
        PackRow row;
        row.name_seq = pack.seq;
        row.size_bytes = size_bytes;
        row.version = ++queue_.version_;
        if (pack.is_second) row.set(PackRow::second_name);
        queue_.rows_.gather(row);
        has_packs_ = true;
        return true;
    }

    [[nodiscard]] bool has_packs() const { return has_packs_; }

private:
    PackQueue& queue_;
    std::uint64_t folder_;
    bool has_packs_ = false;
};

class PackQueue::FolderRows final : public PackIndex::Visitor {
public:
    FolderRows(PackQueue& queue, std::uint64_t folder) : queue_(queue), is_newest_(folder == queue.newest_folder_) {
        PackRow* row = queue_.rows_.from(folder * seqs_per_folder);
        for (; row != queue_.rows_.end() && row->name().folder() == folder; ++row) ++missing_;
    }

    bool row(const IndexRow& kept, std::uint16_t slot) override {
        if (is_newest_) {
            queue_.newest_slot_ = slot + 1U;
            queue_.card_next_ = std::max(queue_.card_next_, kept.name.seq + kept.last_offset + 1);
        }
        PackRow* row = queue_.rows_.find(kept.name.seq);
        if (row != nullptr && row->name() == kept.name) {
            if (row->slot == PackIndex::no_slot) --missing_;
            row->slot = slot;
            if (row->size_bytes == kept.size_bytes) take(kept, *row);
        }
        return missing_ != 0 || is_newest_;
    }

private:
    static void take(const IndexRow& kept, PackRow& row) {
        row.first_offset = kept.first_offset;
        row.last_offset = kept.last_offset;
        row.captures = static_cast<std::uint8_t>(kept.captures);
        if (kept.is_set_aside) row.set(PackRow::set_aside);
        row.set(PackRow::in_index);
    }

    PackQueue& queue_;
    bool is_newest_;
    std::size_t missing_ = 0;
};

QueueStatus PackQueue::start(const Uuid& device_id, std::uint64_t boot_id) {
    const Lock lock(mutex_);
    is_started_ = false;
    can_evict_ = true;
    is_silent_ = false;
    boot_id_ = boot_id;
    open_.close();
    rows_.clear();
    card_.begin(device_id);
    card_next_ = 0;
    newest_folder_ = 0;
    newest_slot_ = 0;
    counter_.start(0);
    finish_swap();
    if (find_packs() != IoStatus::ok) return QueueStatus::card;
    set_budget();
    is_started_ = true;
    return QueueStatus::ok;
}

IoStatus PackQueue::find_packs() {
    bool is_newest_empty = false;
    const IoStatus status = find_files(is_newest_empty);
    if (status != IoStatus::ok) return status;
    rows_.sort();
    drop_doubles();
    for (PackRow* row = rows_.begin(); row != rows_.end();) {
        const std::uint64_t folder = row->name().folder();
        match_index(folder);
        row = rows_.from((folder + 1) * seqs_per_folder);
    }
    if (is_newest_empty) match_index(newest_folder_);
    const QueueStatus examined = examine_unknown();
    counter_.start(card_next_);
    if (examined != QueueStatus::ok) return IoStatus::failed;
    return is_away() ? IoStatus::no_card : IoStatus::ok;
}

// Empty folders go, but not the newest: its number and its index tell how far seqs have come.
IoStatus PackQueue::find_files(bool& is_newest_empty) {
    std::uint64_t from = 0;
    for (bool is_more = true; is_more;) {
        FolderNumbers folders(from);
        const IoStatus status = card_.list(packs_folder, folders);
        if (status == IoStatus::not_found) return IoStatus::ok;
        if (status != IoStatus::ok) return status;
        for (const std::uint64_t folder : folders) {
            if (is_newest_empty) card_.remove_folder(newest_folder_);
            newest_folder_ = folder;
            const IoStatus found = find_in_folder(folder, is_newest_empty);
            if (found != IoStatus::ok) return found;
            from = folder + 1;
        }
        is_more = folders.is_more();
    }
    return IoStatus::ok;
}

// ok also for one that cannot be read: then nobody knows what is in it.
IoStatus PackQueue::find_in_folder(std::uint64_t folder, bool& is_empty) {
    card_next_ = std::max(card_next_, folder * seqs_per_folder);
    FolderPacks packs(*this, folder);
    const IoStatus status = card_.list(Card::folder_path(folder), packs);
    is_empty = status == IoStatus::ok && !packs.has_packs();
    if (status == IoStatus::ok) return status;
    if (!card_.gives_back()) return IoStatus::failed;
    watcher_.damaged({}, "a folder cannot be read");
    card_next_ = std::max(card_next_, (folder + 1) * seqs_per_folder);
    return IoStatus::ok;
}

// One of two of the same first seq, and that which an unfinished swap gives up: the other has all that it has.
void PackQueue::drop_doubles() {
    drop_loser();
    for (PackRow* row = rows_.begin(); rows_.count() > 1 && row + 1 != rows_.end();) {
        PackRow* other = row + 1;
        if (row->name_seq != other->name_seq) {
            ++row;
            continue;
        }
        PackRow& smaller = row->size_bytes < other->size_bytes ? *row : *other;
        card_.remove_pack(smaller.name());
        rows_.erase(smaller);
    }
}

// Before the smaller one of two goes, for that may be the winner.
void PackQueue::drop_loser() {
    Swap swap;
    if (!has_open_swap_ || journal_.get(swap) != KeyValue::Found::value) return;
    const PackName loser = swap.is_sealed ? swap.old : swap.made;
    const auto is_loser = [&](const PackRow& row) { return row.name() == loser; };
    PackRow* row = std::find_if(rows_.begin(), rows_.end(), is_loser);
    if (row != rows_.end()) rows_.erase(*row);
}

void PackQueue::match_index(std::uint64_t folder) {
    FolderRows rows(*this, folder);
    index_.read_all(folder, rows);
}

// `card` where the card gives nothing back any more.
QueueStatus PackQueue::examine_unknown() {
    const Seq newest = rows_.count() != 0 ? (rows_.end() - 1)->name_seq : 0;
    for (PackRow* row = rows_.begin(); row != rows_.end() && !is_away();) {
        const Seq name_seq = row->name_seq;
        const bool is_unknown = row->captures == 0 && !row->is(PackRow::set_aside);
        const QueueStatus status = is_unknown ? examine(*row, name_seq == newest) : keep_apart(*row);
        if (status != QueueStatus::ok && is_silent_) return QueueStatus::card;
        watcher_.got_on();
        row = rows_.from(name_seq);
        if (row == rows_.end()) break;
        // Of one that nobody can read, only the name tells.
        const Seq next = row->captures != 0 ? row->seqs().last + 1 : row->name_seq + max_pack_captures;
        card_next_ = std::max(card_next_, next);
        if (row->name_seq == name_seq) ++row;
    }
    return QueueStatus::ok;
}

QueueStatus PackQueue::examine(PackRow& row, bool is_newest) {
    PackSeqs seqs;
    const Reading reading = reader_.named_seqs(row.name(), row.size_bytes, seqs);
    if (is_fault_of_card(reading)) return QueueStatus::card;
    if (reading != Reading::whole) return salvage(row, {}, is_newest);
    row.tell(seqs);
    return keep_apart(row);
}

// Captures that another pack has are not sent a second time: the store was lost in a swap, or this is not its file.
QueueStatus PackQueue::keep_apart(PackRow& row) {
    if (!row.is_sent() || rows_.left_to(row).holds(row.seqs().first)) return QueueStatus::ok;
    return salvage(row, {}, false);
}

void PackQueue::set_budget() {
    budget_bytes_ = limits_.budget_bytes;
    std::uint64_t total_bytes = 0;
    std::uint64_t free_bytes = 0;
    if (budget_bytes_ != 0) return;
    if (card_.space(total_bytes, free_bytes) != IoStatus::ok) total_bytes = UINT64_MAX;
    budget_bytes_ = total_bytes > 2 * spared_bytes ? total_bytes - spared_bytes : total_bytes / 2;
}

}  // namespace frameferry
