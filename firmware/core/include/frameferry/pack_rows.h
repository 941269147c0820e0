// The packs on the card, in memory that is given once, in the order of their names, which is that of their seqs.
#pragma once

#include <cstdint>

#include "frameferry/card.h"
#include "frameferry/pack_file.h"
#include "frameferry/pack_index.h"

namespace frameferry {

// One pack on the card, in the queue's memory. Its file is named by `name_seq`, which is not above its first seq.
struct PackRow {
    static constexpr std::uint8_t set_aside = 1;    // it is kept, and not sent
    static constexpr std::uint8_t second_name = 2;  // of its file
    static constexpr std::uint8_t in_index = 4;     // its slot tells its sha256
    static constexpr std::uint8_t told = 8;         // of what is lost in it
    static constexpr std::uint8_t given_up = 16;    // and told so; its file may still be there

    Seq name_seq = 0;
    std::uint32_t size_bytes = 0;
    std::uint32_t version = 0;
    std::uint16_t first_offset = 0;  // of the first seq from `name_seq`
    std::uint16_t last_offset = 0;
    std::uint16_t slot = PackIndex::no_slot;
    std::uint8_t captures = 0;
    std::uint8_t flags = 0;

    [[nodiscard]] bool is(std::uint8_t flag) const { return (flags & flag) != 0; }
    void set(std::uint8_t flag) { flags = static_cast<std::uint8_t>(flags | flag); }
    void clear(std::uint8_t flag) { flags = static_cast<std::uint8_t>(flags & ~flag); }
    [[nodiscard]] PackName name() const { return {name_seq, is(second_name)}; }
    [[nodiscard]] SeqRange seqs() const { return {name_seq + first_offset, name_seq + last_offset}; }
    [[nodiscard]] bool is_sent() const;
    void tell(const PackEntries& entries);
    void tell(const PackSeqs& seqs);
};
static_assert(sizeof(PackRow) == 24);

class PackRows {
public:
    static constexpr std::size_t spare = 4;

    PackRows(PackRow* rows, std::size_t capacity) : rows_(rows), capacity_(capacity) {}

    void clear() { count_ = 0; }
    [[nodiscard]] std::size_t count() const { return count_; }
    // Some rows stay free for what a power cut brings back: a pack that was removed, one that was just begun.
    [[nodiscard]] bool is_full() const { return count_ + spare >= capacity_; }
    [[nodiscard]] PackRow* begin() { return rows_; }
    [[nodiscard]] PackRow* end() { return rows_ + count_; }

    // Of many rows in any order; `sort` comes after. Where there is no room, the newest stay.
    void gather(const PackRow& row);
    void sort();

    // In its place. There is room.
    PackRow& insert(const PackRow& row);
    void erase(PackRow& row);
    // The first whose name is not below; `end` where there is none.
    [[nodiscard]] PackRow* from(Seq name_seq);
    // Null where there is none.
    [[nodiscard]] PackRow* find(Seq name_seq);
    // The first one that is set aside, else the first one, but not the one that is spared; null where there is none.
    [[nodiscard]] PackRow* first_to_go(Seq spared);
    // The seqs from its name on that no other pack has, as far as that is known; the first is behind the last where
    // there are none.
    [[nodiscard]] SeqRange left_to(const PackRow& row);
    [[nodiscard]] bool has_folder(std::uint64_t folder);
    [[nodiscard]] std::uint64_t size_bytes();

private:
    PackRow* rows_;
    std::size_t capacity_;
    std::size_t count_ = 0;
};

}  // namespace frameferry
