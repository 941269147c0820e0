// A folder's index: what is known of its packs, so that a boot need not read them. A cache: without it they are read.
#pragma once

#include <cstdint>

#include "frameferry/card.h"

namespace frameferry {

struct IndexRow {
    PackName name;
    std::uint16_t first_offset = 0;
    std::uint16_t last_offset = 0;
    std::uint16_t captures = 0;
    bool is_set_aside = false;
    std::uint32_t size_bytes = 0;  // counts only where the file has this size
    Sha256 sha256{};               // zeros where it is set aside
};

class PackIndex {
public:
    static constexpr std::uint16_t slots = 1024;
    static constexpr std::uint16_t no_slot = slots;
    static constexpr std::uint32_t row_bytes = 64;

    PackIndex(Card& card, Room io) : card_(card), io_(io) {}

    class Visitor {
    public:
        // A row that is whole, in the order of the slots. False ends the reading.
        virtual bool row(const IndexRow& row, std::uint16_t slot) = 0;

    protected:
        ~Visitor() = default;
    };

    // From the first slot on, as long as there are rows.
    void read_all(std::uint64_t folder, Visitor& visitor);
    // False where there is no such row.
    bool read(std::uint64_t folder, std::uint16_t slot, IndexRow& row);
    // Durable once it returns ok. Makes the index where there is none.
    IoStatus write(std::uint64_t folder, std::uint16_t slot, const IndexRow& row);

private:
    [[nodiscard]] bool parse(Bytes bytes, std::uint64_t folder, IndexRow& row) const;

    Card& card_;
    Room io_;
};

}  // namespace frameferry
