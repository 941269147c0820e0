// The queue: captures on the card in packs, of which a sealed one is the object that goes up.
#pragma once

#include <cstdint>

#include "frameferry/bytes.h"
#include "frameferry/captures.h"
#include "frameferry/open_pack.h"
#include "frameferry/pack_file.h"
#include "frameferry/pack_index.h"
#include "frameferry/pack_rows.h"
#include "frameferry/ports.h"
#include "frameferry/seq_counter.h"
#include "frameferry/swap_journal.h"

namespace frameferry {

// A sealed pack as it is now. `version` changes whenever the file under this first seq becomes another one: who holds
// an old one is told `gone`.
struct QueuedPack {
    SeqRange seqs;
    std::uint32_t captures = 0;
    std::uint32_t size_bytes = 0;
    std::uint32_t version = 0;
};

enum class QueueStatus : std::uint8_t {
    ok,
    gone,        // the pack is not, or not any more, as it was
    damaged,     // the card does not give it back as it was written; what is whole in it is another pack now
    no_room,     // of memory for the index, or on the card, and nothing is left to give up
    not_a_pack,  // no JPEG that a pack holds: 1 to 32 MiB
    card,        // the card failed: see `PackQueue::card_status`
    numbers,     // seqs cannot be kept or are used up: no capture may be taken
};

// Is told with the queue's lock held.
class QueueWatcher {
public:
    virtual ~QueueWatcher() = default;
    // The card was full: these captures are given up. Told before they go.
    virtual void evicted(SeqRange seqs) = 0;
    // No capture got these numbers, nor ever will: the cloud named higher ones. Told once that is durable.
    virtual void skipped(SeqRange seqs) { (void)seqs; }
    // These cannot be sent any more; both 0 where nobody knows which they were.
    virtual void damaged(SeqRange seqs, const char* reason) = 0;
    // The card gives nothing back, not even what was just written. Told once until it does again.
    virtual void silent() {}
    // Something that takes long with a full card is through with one pack more.
    virtual void got_on() {}
};

// When a pack is full, and how much of the card the queue may have. One capture always fits a pack.
struct PackLimits {
    std::uint16_t captures = 20;
    std::uint32_t pack_bytes = 8U << 20U;
    std::uint64_t budget_bytes = 0;  // 0: all of the card but 64 MiB
};

// Everything that the queue needs of memory, given once.
struct QueueMemory {
    PackRow* rows = nullptr;
    std::size_t row_count = 0;  // packs that the queue can hold, and 4; beyond that the oldest is given up
    Room io;                    // at least 8 KiB, aligned for the card
};

// All of it may be called from any thread; the mutex is never held across network I/O, nor by the caller.
class PackQueue final : private CardWitness {
public:
    PackQueue(Storage& storage, KeyValue& values, Entropy& entropy, Mutex& mutex, QueueWatcher& watcher,
              const QueueMemory& memory, PackLimits limits);

    // Finds what is on the card: again after the card was away. The device's id is in every entry.
    QueueStatus start(const Uuid& device_id, std::uint64_t boot_id);

    // Durable once this returns ok; else nothing is queued. `seq` is that of the capture.
    QueueStatus put(const CaptureMeta& meta, Bytes jpeg, Seq& seq);
    // Makes the captures that are there a pack, however few they are.
    QueueStatus seal();

    // The sealed packs, by seq: the first that begins at this seq or behind it, the last that ends at it or before.
    // False where there is none.
    bool first_from(Seq seq, QueuedPack& pack);
    bool last_up_to(Seq seq, QueuedPack& pack);

    // Reads the pack if its sha256 is not known. `damaged` when what is whole in it has become another pack.
    QueueStatus sha256(const QueuedPack& pack, Sha256& sha256);
    // Its sha256 was not found true: it is read again before it is next told.
    void distrust(const QueuedPack& pack);
    QueueStatus read(const QueuedPack& pack, std::uint32_t at, Room room);

    // It is proved to be held elsewhere. One that comes back after a power cut is only asked for again.
    QueueStatus remove(const QueuedPack& pack);
    // All captures but these are proved to be held elsewhere: these get new seqs, not below `next_seq`, and a pack of
    // their own, at once or not at all. Ended by a power cut, it is ended by `start`.
    struct Renumbering {
        Seq seq = 0;
        Seq next_seq = 0;
    };
    QueueStatus take_out(const QueuedPack& pack, const Renumbering* renumberings, std::size_t count);
    // It is kept on the card, but not sent any more.
    QueueStatus set_aside(const QueuedPack& pack, const char* reason);
    // Drops what was taken from `from_ms` to before `to_ms` by a synced clock, sent or not.
    QueueStatus forget(std::int64_t from_ms, std::int64_t to_ms, std::uint32_t& forgotten);

    // No capture gets a seq below any more; durable.
    QueueStatus raise_next_seq(Seq to);
    [[nodiscard]] Seq next_seq();
    // False where no capture waits.
    [[nodiscard]] bool oldest_seq(Seq& seq);
    [[nodiscard]] std::uint32_t waiting_captures();  // those of the open pack too
    [[nodiscard]] std::uint32_t sealed_packs();
    [[nodiscard]] std::uint64_t size_bytes();
    [[nodiscard]] IoStatus card_status();  // of the last thing that was done with the card

private:
    class FolderNumbers;
    class FolderPacks;
    class FolderRows;
    class Forgotten;

    // Finding what is on the card (pack_queue_start.cpp).
    IoStatus find_packs();
    IoStatus find_files(bool& is_newest_empty);
    IoStatus find_in_folder(std::uint64_t folder, bool& is_empty);
    void drop_doubles();
    void drop_loser();
    void match_index(std::uint64_t folder);
    QueueStatus examine_unknown();
    QueueStatus examine(PackRow& row, bool is_newest);
    QueueStatus keep_apart(PackRow& row);
    void set_budget();

    // Packs as they come and go (pack_queue.cpp).
    QueueStatus begin(Seq seq, std::uint32_t jpeg_bytes);
    QueueStatus grow_open(PackName name, std::uint32_t wanted_bytes, std::uint32_t least_bytes, Seq spared);
    QueueStatus seal_open();
    bool evict(Seq spared);
    QueueStatus discard(PackRow& row);
    void enter_folder(std::uint64_t folder);
    void keep(PackRow& row, const Sha256& sha256);
    void write_row(PackRow& row, const Sha256& sha256);
    void doubt(PackRow& row);
    [[nodiscard]] PackRow* current(const QueuedPack& pack);
    [[nodiscard]] bool is_away() const { return card_.status() == IoStatus::no_card; }
    // It is not that of the pack that was to be read.
    [[nodiscard]] bool is_fault_of_card(Reading reading) const { return is_away() || reading == Reading::silent; }
    bool is_card_readable() override;
    bool can_read_a_pack();

    // A pack becomes another one (pack_queue_rework.cpp).
    struct Rework {
        PackName from;
        PackName to;
        const Renumbering* renumberings = nullptr;  // null: the seqs stay
        std::size_t count = 0;
        Seq first_seq = 0;
    };
    QueueStatus prepare(PackRow& row, Sha256& sha256);
    QueueStatus repair(PackRow& row);
    QueueStatus salvage(PackRow& row, PackSeqs due, bool may_be_unborn);
    void give_up(PackRow& row, const PackSeqs& due, bool may_be_unborn);
    void set_aside(PackRow& row);
    void tell_lost(PackRow& row, const PackSeqs& lost);
    QueueStatus rewrite(PackRow& row, const Renumbering* renumberings, std::size_t count);
    QueueStatus plan(PackName from, Rework& rework);
    bool place(const Rework& rework);
    QueueStatus copy_kept(const Rework& rework);
    QueueStatus copy_entry(const Rework& rework, const PackedEntry& entry, Seq seq);
    bool new_seq(const Rework& rework, Seq seq, Seq& renumbered);
    bool skip_to(Seq seq);
    bool finish_swap();
    bool end_swap();
    bool finish_swap_won_by(PackName name);
    QueueStatus forget_in(PackRow& row, const Forgotten& forgotten, std::uint32_t& count);

    Entropy& entropy_;
    Mutex& mutex_;
    QueueWatcher& watcher_;
    PackLimits limits_;
    Card card_;
    PackRows rows_;
    PackReader reader_;
    PackIndex index_;
    OpenPack open_;
    SeqCounter counter_;
    SwapJournal journal_;
    PackEntries entries_;  // of the pack that is looked at

    bool is_started_ = false;
    bool can_evict_ = true;       // not of a card that is read-only
    bool is_silent_ = false;
    bool has_open_swap_ = false;  // in the journal, for all that is known
    std::uint64_t boot_id_ = 0;
    std::uint64_t budget_bytes_ = 0;
    std::uint32_t largest_entry_bytes_ = 0;
    std::uint32_t version_ = 0;
    Seq card_next_ = 0;  // larger than every seq that the card tells of
    std::uint64_t newest_folder_ = 0;
    std::uint16_t newest_slot_ = 0;      // the first that is free in its index
    std::uint32_t known_version_ = 0;  // of the pack whose sha256 is known without the index
    Sha256 known_sha256_{};
};

}  // namespace frameferry
