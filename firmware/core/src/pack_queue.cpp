#include "frameferry/pack_queue.h"

#include <algorithm>
#include <functional>

#include "frameferry/lock.h"

namespace frameferry {
namespace {

// Packs given up for one new one where the card is full although the budget is not: others fill it too.
constexpr int most_evicted_for_space = 8;
constexpr Seq none_spared = max_seq + 1;

QueuedPack as_queued(const PackRow& row) { return {row.seqs(), row.captures, row.size_bytes, row.version}; }

}  // namespace

PackQueue::PackQueue(Storage& storage, KeyValue& values, Entropy& entropy, Mutex& mutex, QueueWatcher& watcher,
                     const QueueMemory& memory, PackLimits limits)
    : entropy_(entropy),
      mutex_(mutex),
      watcher_(watcher),
      limits_(limits),
      card_(storage),
      rows_(memory.rows, memory.row_count),
      reader_(card_, memory.io, *this),
      index_(card_, memory.io),
      open_(card_, memory.io),
      counter_(values),
      journal_(values) {
    limits_.captures = std::clamp<std::uint16_t>(limits_.captures, 1, max_pack_captures);
    limits_.pack_bytes = std::min(limits_.pack_bytes, max_pack_bytes);
}

QueueStatus PackQueue::put(const CaptureMeta& meta, Bytes jpeg, Seq& seq) {
    const Lock lock(mutex_);
    if (jpeg.empty() || jpeg.size > max_jpeg_bytes) return QueueStatus::not_a_pack;
    if (!is_started_) return QueueStatus::card;
    const auto jpeg_bytes = static_cast<std::uint32_t>(jpeg.size);
    const bool fits = open_.has_room_for(jpeg_bytes) && counter_.next() - open_.name().seq < max_pack_span;
    if (open_.is_open() && !fits) seal_open();
    if (!counter_.ready()) return QueueStatus::numbers;
    if (!open_.is_open()) {
        const QueueStatus status = begin(counter_.next(), jpeg_bytes);
        if (status != QueueStatus::ok) return status;
    }
    seq = counter_.take();
    CaptureMeta of_this_boot = meta;
    of_this_boot.boot_id = boot_id_;
    if (open_.add(seq, of_this_boot, jpeg) != IoStatus::ok) {
        // Nobody knows what of the file the card still holds back: nothing more goes into it.
        const IoStatus failure = card_.status();
        seal_open();
        card_.note(failure);
        return QueueStatus::card;
    }
    if (open_.entries().count() >= limits_.captures) seal_open();
    return QueueStatus::ok;
}

// Large enough for a full pack of captures as they have been, if there is room for that.
QueueStatus PackQueue::begin(Seq seq, std::uint32_t jpeg_bytes) {
    const std::uint32_t entry_bytes = entry_size_bytes(jpeg_bytes);
    largest_entry_bytes_ = std::max(largest_entry_bytes_, entry_bytes);
    const std::uint64_t full =
        std::uint64_t{limits_.captures} * largest_entry_bytes_ * 5 / 4 + directory_size_bytes(limits_.captures);
    const std::uint32_t least = entry_bytes + directory_size_bytes(1);
    const std::uint64_t most = std::min<std::uint64_t>(limits_.pack_bytes, budget_bytes_ / 4);
    const std::uint32_t wanted = std::max(least, static_cast<std::uint32_t>(std::min(full, most)));
    while (rows_.is_full() || rows_.size_bytes() + wanted > budget_bytes_) {
        if (!evict(none_spared)) break;
    }
    return rows_.is_full() ? QueueStatus::no_room : grow_open({seq, false}, wanted, least, none_spared);
}

QueueStatus PackQueue::grow_open(PackName name, std::uint32_t wanted_bytes, std::uint32_t least_bytes, Seq spared) {
    std::uint32_t epoch = 0;
    entropy_.fill({reinterpret_cast<std::uint8_t*>(&epoch), sizeof epoch});
    if (card_.make_folder_of(name) != IoStatus::ok) return QueueStatus::card;
    for (int tries = 0; tries < most_evicted_for_space; ++tries) {
        IoStatus status = open_.begin(name, epoch, wanted_bytes);
        if (status == IoStatus::no_space && least_bytes < wanted_bytes) status = open_.begin(name, epoch, least_bytes);
        if (status == IoStatus::ok) enter_folder(name.folder());
        if (status != IoStatus::no_space) return status == IoStatus::ok ? QueueStatus::ok : QueueStatus::card;
        if (!evict(spared)) break;
    }
    return QueueStatus::no_room;
}

// The newest folder is never removed: its number and its index tell how far seqs have come.
void PackQueue::enter_folder(std::uint64_t folder) {
    if (folder <= newest_folder_) return;
    if (!rows_.has_folder(newest_folder_)) card_.remove_folder(newest_folder_);
    newest_folder_ = folder;
    newest_slot_ = 0;
}

QueueStatus PackQueue::seal() {
    const Lock lock(mutex_);
    return seal_open();
}

// What is in it is durable already: where this fails, it is sealed when it is read again.
QueueStatus PackQueue::seal_open() {
    if (!open_.is_open()) return QueueStatus::ok;
    if (open_.entries().empty()) {
        open_.close();
        card_.remove_pack(open_.name());
        return QueueStatus::ok;
    }
    PackRow row;
    row.name_seq = open_.name().seq;
    row.tell(open_.entries());
    row.version = ++version_;
    Sha256 sha256{};
    const IoStatus status = open_.seal(sha256, row.size_bytes);
    PackRow& sealed = rows_.insert(row);
    if (status == IoStatus::ok) keep(sealed, sha256);
    return status == IoStatus::ok ? QueueStatus::ok : QueueStatus::card;
}

// Its sha256 is told without reading it from now on, also after a reboot if the index takes it.
void PackQueue::keep(PackRow& row, const Sha256& sha256) {
    known_version_ = row.version;
    known_sha256_ = sha256;
    write_row(row, sha256);
}

void PackQueue::write_row(PackRow& row, const Sha256& sha256) {
    const std::uint64_t folder = row.name().folder();
    if (row.slot >= PackIndex::slots) {
        std::uint16_t slot = folder == newest_folder_ ? newest_slot_ : std::uint16_t{0};
        for (PackRow* other = rows_.from(folder * seqs_per_folder); other != rows_.end(); ++other) {
            if (other->name().folder() != folder) break;
            if (other->slot < PackIndex::slots) slot = std::max<std::uint16_t>(slot, other->slot + 1U);
        }
        row.slot = slot;
        if (folder == newest_folder_) newest_slot_ = std::min<std::uint16_t>(slot + 1U, PackIndex::slots);
    }
    IndexRow kept{row.name(), row.first_offset, row.last_offset, row.captures, row.is(PackRow::set_aside),
                  row.size_bytes, sha256};
    if (index_.write(folder, row.slot, kept) == IoStatus::ok) row.set(PackRow::in_index);
}

bool PackQueue::evict(Seq spared) {
    PackRow* row = can_evict_ ? rows_.first_to_go(spared) : nullptr;
    if (row == nullptr) return false;
    if (!row->is(PackRow::given_up)) watcher_.evicted(row->seqs());
    row->set(PackRow::given_up);
    if (discard(*row) == QueueStatus::ok) return true;
    can_evict_ = card_.status() != IoStatus::read_only;
    return false;
}

QueueStatus PackQueue::discard(PackRow& row) {
    const std::uint64_t folder = row.name().folder();
    if (!finish_swap_won_by(row.name()) || card_.remove_pack(row.name()) != IoStatus::ok) return QueueStatus::card;
    rows_.erase(row);
    if (folder != newest_folder_ && !rows_.has_folder(folder)) card_.remove_folder(folder);
    return QueueStatus::ok;
}

PackRow* PackQueue::current(const QueuedPack& pack) {
    PackRow* row = rows_.from(pack.seqs.first + 1);
    if (row == rows_.begin()) return nullptr;
    --row;
    return row->version == pack.version ? row : nullptr;
}

bool PackQueue::first_from(Seq seq, QueuedPack& pack) {
    const Lock lock(mutex_);
    PackRow* row = rows_.from(seq);
    if (row != rows_.begin()) --row;  // a pack may begin behind its name
    while (row != rows_.end() && (row->seqs().first < seq || !row->is_sent())) ++row;
    if (row == rows_.end()) return false;
    pack = as_queued(*row);
    return true;
}

bool PackQueue::last_up_to(Seq seq, QueuedPack& pack) {
    const Lock lock(mutex_);
    PackRow* row = rows_.from(std::min(seq, max_seq) + 1);
    while (row != rows_.begin()) {
        --row;
        if (row->seqs().last > seq || !row->is_sent()) continue;
        pack = as_queued(*row);
        return true;
    }
    return false;
}

QueueStatus PackQueue::sha256(const QueuedPack& pack, Sha256& sha256) {
    const Lock lock(mutex_);
    PackRow* row = current(pack);
    if (row == nullptr) return QueueStatus::gone;
    if (row->version == known_version_) {
        sha256 = known_sha256_;
        return QueueStatus::ok;
    }
    IndexRow kept;
    const bool is_kept = row->is(PackRow::in_index) && index_.read(row->name().folder(), row->slot, kept);
    if (!is_kept) return prepare(*row, sha256);
    sha256 = kept.sha256;
    return QueueStatus::ok;
}

void PackQueue::distrust(const QueuedPack& pack) {
    const Lock lock(mutex_);
    PackRow* row = current(pack);
    if (row != nullptr) doubt(*row);
}

void PackQueue::doubt(PackRow& row) {
    row.clear(PackRow::in_index);
    if (known_version_ == row.version) known_version_ = 0;
}

QueueStatus PackQueue::read(const QueuedPack& pack, std::uint32_t at, Room room) {
    const Lock lock(mutex_);
    PackRow* row = current(pack);
    if (row == nullptr || at > row->size_bytes || room.size > row->size_bytes - at) return QueueStatus::gone;
    const Reading reading = reader_.read(row->name(), at, room);
    if (reading == Reading::whole) return QueueStatus::ok;
    doubt(*row);
    return is_fault_of_card(reading) ? QueueStatus::card : QueueStatus::damaged;
}

// A loose contact looks like a bad sector, but everywhere. Each time that is asked, something long has got on.
bool PackQueue::is_card_readable() {
    watcher_.got_on();
    const bool was_silent = is_silent_;
    is_silent_ = !can_read_a_pack() && !card_.gives_back();
    if (is_silent_ && !was_silent) watcher_.silent();
    return !is_silent_;
}

// There is one: that which is read.
bool PackQueue::can_read_a_pack() {
    for (const PackRow* row : {rows_.begin(), rows_.end() - 1}) {
        Storage::File file = Storage::none;
        std::array<std::uint8_t, 64> bytes{};
        std::size_t read_bytes = 0;
        if (card_.reader(row->name(), file) != IoStatus::ok) continue;
        if (card_.pread(file, 0, bytes, read_bytes) == IoStatus::ok) return true;
    }
    return false;
}

QueueStatus PackQueue::remove(const QueuedPack& pack) {
    const Lock lock(mutex_);
    PackRow* row = current(pack);
    return row == nullptr ? QueueStatus::gone : discard(*row);
}

QueueStatus PackQueue::raise_next_seq(Seq to) {
    const Lock lock(mutex_);
    return to <= max_seq && counter_.raise(to) ? QueueStatus::ok : QueueStatus::numbers;
}

Seq PackQueue::next_seq() {
    const Lock lock(mutex_);
    return counter_.next();
}

bool PackQueue::oldest_seq(Seq& seq) {
    const Lock lock(mutex_);
    const PackRow* row = std::find_if(rows_.begin(), rows_.end(), std::mem_fn(&PackRow::is_sent));
    if (row == rows_.end() && (!open_.is_open() || open_.entries().empty())) return false;
    seq = row == rows_.end() ? open_.entries()[0].seq : row->seqs().first;
    return true;
}

std::uint32_t PackQueue::waiting_captures() {
    const Lock lock(mutex_);
    std::size_t captures = open_.is_open() ? open_.entries().count() : 0;
    for (const PackRow& row : rows_) captures += row.is_sent() ? row.captures : 0U;
    return static_cast<std::uint32_t>(captures);
}

std::uint32_t PackQueue::sealed_packs() {
    const Lock lock(mutex_);
    return static_cast<std::uint32_t>(std::count_if(rows_.begin(), rows_.end(), std::mem_fn(&PackRow::is_sent)));
}

std::uint64_t PackQueue::size_bytes() {
    const Lock lock(mutex_);
    return rows_.size_bytes() + (open_.is_open() ? open_.size_bytes() : 0U);
}

IoStatus PackQueue::card_status() {
    const Lock lock(mutex_);
    return card_.status();
}

}  // namespace frameferry
