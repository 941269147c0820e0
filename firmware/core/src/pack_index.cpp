#include "frameferry/pack_index.h"

#include <algorithm>

#include "frameferry/little_endian.h"
#include "frameferry/pack_format.h"

namespace frameferry {
namespace {

constexpr std::size_t crc_at = 60;
constexpr std::uint16_t flag_set_aside = 1;
constexpr std::uint16_t flag_second = 2;
constexpr std::uint32_t index_bytes = std::uint32_t{PackIndex::slots} * PackIndex::row_bytes;
using RowBytes = std::array<std::uint8_t, PackIndex::row_bytes>;

RowBytes encode(const IndexRow& row, Bytes device_tag) {
    RowBytes bytes{};
    const unsigned flags = (row.is_set_aside ? flag_set_aside : 0U) | (row.name.is_second ? flag_second : 0U);
    LittleEndianWriter to{Room(bytes)};
    to.bytes(device_tag).u16(static_cast<std::uint16_t>(flags)).u16(row.captures).u64(row.name.seq);
    to.u16(row.first_offset).u16(row.last_offset).u32(row.size_bytes).bytes(row.sha256).u32(0);
    to.u32(crc32_of(Bytes(bytes).first(crc_at)));
    return bytes;
}

}  // namespace

bool PackIndex::parse(Bytes bytes, std::uint64_t folder, IndexRow& row) const {
    if (LittleEndianReader(bytes.from(crc_at)).u32() != crc32_of(bytes.first(crc_at))) return false;
    if (bytes.first(4).text() != card_.device_tag().text()) return false;
    LittleEndianReader from(bytes.from(4));
    const std::uint16_t flags = from.u16();
    row.captures = from.u16();
    row.name = {from.u64(), (flags & flag_second) != 0};
    row.first_offset = from.u16();
    row.last_offset = from.u16();
    row.is_set_aside = (flags & flag_set_aside) != 0;
    row.size_bytes = from.u32();
    from.bytes(Room(row.sha256));
    return row.name.folder() == folder;
}

void PackIndex::read_all(std::uint64_t folder, Visitor& visitor) {
    Storage::File file = Storage::none;
    if (card_.open(Card::index_path(folder), file) != IoStatus::ok) return;
    const std::uint32_t rows_at_once = static_cast<std::uint32_t>(io_.size) / row_bytes;
    bool goes_on = true;
    for (std::uint32_t slot = 0; goes_on && slot < slots; slot += rows_at_once) {
        std::size_t read_bytes = 0;
        // What was read before a failure counts: each row has its CRC.
        card_.pread(file, slot * row_bytes, io_.first(std::size_t{rows_at_once} * row_bytes), read_bytes);
        const std::uint32_t end = std::min<std::uint32_t>(slot + static_cast<std::uint32_t>(read_bytes) / row_bytes, slots);
        goes_on = false;
        for (std::uint32_t at = slot; at < end; ++at) {
            IndexRow row;
            if (!parse(Bytes(io_).from(std::size_t{at - slot} * row_bytes), folder, row)) continue;
            goes_on = visitor.row(row, static_cast<std::uint16_t>(at));
            if (!goes_on) break;
        }
    }
    card_.close(file);
}

bool PackIndex::read(std::uint64_t folder, std::uint16_t slot, IndexRow& row) {
    Storage::File file = Storage::none;
    if (card_.open(Card::index_path(folder), file) != IoStatus::ok) return false;
    RowBytes bytes{};
    std::size_t read_bytes = 0;
    card_.pread(file, slot * row_bytes, Room(bytes), read_bytes);  // what was not read has no CRC
    card_.close(file);
    return parse(bytes, folder, row);
}

IoStatus PackIndex::write(std::uint64_t folder, std::uint16_t slot, const IndexRow& row) {
    if (slot >= slots) return IoStatus::no_space;
    Storage::File file = Storage::none;
    IoStatus status = card_.open_grown(Card::index_path(folder), index_bytes, file);
    if (status == IoStatus::ok) status = card_.pwrite(file, slot * row_bytes, encode(row, card_.device_tag()));
    if (status == IoStatus::ok) status = card_.sync(file);
    card_.close(file);
    return status;
}

}  // namespace frameferry
