// The bytes of a pack: docs/protocol.md, "Packs". Nothing here touches a card.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "frameferry/bytes.h"
#include "frameferry/captures.h"

namespace frameferry {

constexpr std::uint32_t sector_bytes = 512;
constexpr std::size_t max_pack_captures = 100;
constexpr std::uint32_t max_jpeg_bytes = 32U << 20U;
constexpr std::uint32_t max_pack_bytes = 64U << 20U;
constexpr Seq max_pack_span = 1000;  // a pack's last seq is less than this behind its first

constexpr std::size_t header_bytes = 154;  // without the padding
constexpr std::size_t central_bytes = 66;
constexpr std::size_t end_bytes = 22;
using HeaderBytes = std::array<std::uint8_t, header_bytes>;
using CentralBytes = std::array<std::uint8_t, central_bytes>;
using EndBytes = std::array<std::uint8_t, end_bytes>;

// That of ZIP. `crc` is that of the bytes before.
[[nodiscard]] std::uint32_t crc32_of(Bytes bytes, std::uint32_t crc = 0);

// What a capture takes in a pack, with its header: whole sectors.
[[nodiscard]] constexpr std::uint32_t entry_size_bytes(std::uint32_t jpeg_bytes) {
    return (static_cast<std::uint32_t>(header_bytes) + jpeg_bytes + sector_bytes - 1) / sector_bytes * sector_bytes;
}

// What sealing adds behind the last entry.
[[nodiscard]] constexpr std::uint32_t directory_size_bytes(std::size_t captures) {
    return static_cast<std::uint32_t>(captures * central_bytes + end_bytes);
}

// What all entries of a pack have in common. `epoch` is random and new for each pack: it tells them from old bytes on
// the card.
struct PackIdentity {
    Uuid device_id{};
    std::uint32_t epoch = 0;
};

// A capture's place in its pack, and what the directory says of it.
struct PackedEntry {
    Seq seq = 0;
    std::uint32_t header_offset = 0;
    std::uint32_t size_bytes = 0;  // of the JPEG
    std::uint32_t crc32 = 0;
    std::uint16_t dos_time = 0;
    std::uint16_t dos_date = 0;

    [[nodiscard]] std::uint32_t end() const { return header_offset + entry_size_bytes(size_bytes); }
    [[nodiscard]] std::uint32_t offset() const { return end() - size_bytes; }
};

// All that stands in an entry before its padding.
struct EntryHeader {
    PackedEntry entry;
    PackIdentity identity;
    CaptureMeta meta;
    Sha256 sha256{};
    bool is_erased = false;
};

// The header of a JPEG of 1 to `max_jpeg_bytes` at a multiple of 512.
[[nodiscard]] EntryHeader describe(const PackIdentity& identity, Seq seq, const CaptureMeta& meta, Bytes jpeg,
                                   std::uint32_t at);
void encode_header(const EntryHeader& header, HeaderBytes& bytes);
// False for all bytes that `encode_header` cannot have made, but for flags that nobody knows.
[[nodiscard]] bool parse_header(Bytes bytes, std::uint32_t at, EntryHeader& header);

void encode_central(const PackedEntry& entry, CentralBytes& bytes);
// Where the entry begins, as its directory says.
[[nodiscard]] std::uint32_t central_offset(Bytes central);
// False where the name is no capture's.
[[nodiscard]] bool central_seq(Bytes central, Seq& seq);

struct PackEnd {
    std::size_t captures = 0;
    std::uint32_t start = 0;  // of the directory
};

void encode_end(const PackEnd& end, EndBytes& bytes);
// False where this cannot end a pack of that size.
[[nodiscard]] bool parse_end(const EndBytes& bytes, std::uint32_t pack_bytes, PackEnd& end);

}  // namespace frameferry
