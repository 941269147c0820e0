// One pack's file: read, scanned after a power cut, sealed where it lies.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>

#include "frameferry/card.h"
#include "frameferry/pack_format.h"

namespace frameferry {

// A pack's captures, in their order.
class PackEntries {
public:
    void clear() { count_ = 0; }
    void push(const PackedEntry& entry) { entries_[count_++] = entry; }
    template <class Predicate>
    void keep_if(Predicate is_kept) {
        std::size_t kept = 0;
        for (std::size_t at = 0; at < count_; ++at) {
            if (is_kept(entries_[at])) entries_[kept++] = entries_[at];
        }
        count_ = kept;
    }
    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] bool empty() const { return count_ == 0; }
    [[nodiscard]] bool is_full() const { return count_ == max_pack_captures; }
    [[nodiscard]] const PackedEntry& operator[](std::size_t at) const { return entries_[at]; }
    [[nodiscard]] const PackedEntry& last() const { return entries_[count_ - 1]; }
    [[nodiscard]] std::uint32_t end() const { return empty() ? 0 : last().end(); }

private:
    std::array<PackedEntry, max_pack_captures> entries_{};
    std::size_t count_ = 0;
};

// Seqs from that of a pack's name on.
class PackSeqs {
public:
    static constexpr std::size_t span = 1024;

    // False where it lies too far off.
    bool add(std::uint64_t offset) {
        if (offset < span) offsets_.set(static_cast<std::size_t>(offset));
        return offset < span;
    }
    void add(const PackSeqs& others) { offsets_ |= others.offsets_; }
    void remove(const PackSeqs& others) { offsets_ &= ~others.offsets_; }
    [[nodiscard]] bool has(std::size_t offset) const { return offset < span && offsets_.test(offset); }
    [[nodiscard]] std::size_t count() const { return offsets_.count(); }
    [[nodiscard]] std::uint16_t first() const;  // of a set that is not empty
    [[nodiscard]] std::uint16_t last() const;

private:
    std::bitset<span> offsets_;
};

enum class Reading : std::uint8_t {
    whole,
    damaged,     // it is not what it should be
    unreadable,  // the card does not give back a part of it
    gone,        // there is no file, or no card
    silent,      // the card gives nothing back at all now: that says nothing of the pack
};

// Says whether the card gives anything back, where it does not give back a part of this pack.
class CardWitness {
public:
    virtual ~CardWitness() = default;
    virtual bool is_card_readable() = 0;
};

struct Scan {
    static constexpr std::uint32_t none = UINT32_MAX;

    PackSeqs lost;                       // seqs that a hole before a whole capture must have had
    std::uint32_t unreadable_at = none;  // the first sector that the card does not give back
};

// Reads packs through a room of 8 KiB or more, of which nobody else keeps anything meanwhile.
class PackReader {
public:
    PackReader(Card& card, Room io, CardWitness& witness) : card_(card), io_(io), witness_(witness) {}

    // By the directory alone.
    Reading named_seqs(PackName name, std::uint32_t size_bytes, PackSeqs& seqs);
    // By directory and headers; the JPEGs are not read.
    Reading entries(PackName name, std::uint32_t size_bytes, PackEntries& entries);
    // The header of one of them.
    Reading header(PackName name, std::uint32_t at, EntryHeader& header);
    // That of the file; `damaged` also where a JPEG has another CRC than its header says. Fills `entries`.
    Reading sha256(PackName name, std::uint32_t size_bytes, PackEntries& entries, Sha256& sha256);
    // The whole captures of a file of which nobody knows how much was written: docs/protocol.md, "The open pack". None
    // but those of these seqs. Reading::whole also where there is none.
    Reading scan(PackName name, std::uint32_t size_bytes, SeqRange seqs, PackEntries& entries, Scan& scan);
    // The file ends with the directory of these entries, durably. Gives the size that it has then.
    IoStatus seal(PackName name, const PackEntries& entries, std::uint32_t& size_bytes);
    // Fills the room, or not whole. What fails is tried once more on the file opened anew; `unreadable` only what fails
    // again after something else could be read.
    Reading read(PackName name, std::uint32_t at, Room room);

private:
    struct Expected {
        PackName name;
        const EntryHeader* first;  // of the pack; null while none is known
        SeqRange seqs;
        std::uint32_t limit;
    };

    Reading read_once(PackName name, std::uint32_t at, Room room);
    Reading directory(PackName name, std::uint32_t size_bytes, PackEnd& end);
    Reading window(PackName name, std::uint32_t size_bytes, std::uint32_t at, Scan& scan);
    Reading look(PackName name, std::uint32_t size_bytes, std::uint32_t at, Scan& scan, Bytes& sector);
    [[nodiscard]] bool belongs(const EntryHeader& header, const Expected& expected) const;
    Reading check_jpeg(PackName name, const PackedEntry& entry, Scan& scan);

    Card& card_;
    Room io_;
    CardWitness& witness_;
    std::uint32_t window_at_ = 0;
    std::uint32_t window_bytes_ = 0;
};

// Writes the directory of these entries behind them, trims the file there, and syncs it.
IoStatus end_pack(Card& card, Storage::File file, const PackEntries& entries, Bytes directory);
// That of 100 fits a room of 8 KiB.
Bytes encode_directory(const PackEntries& entries, Room room);

}  // namespace frameferry
