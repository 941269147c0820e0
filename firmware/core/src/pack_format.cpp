#include "frameferry/pack_format.h"

#include <sodium.h>

#include <cstring>

#include "frameferry/instant.h"
#include "frameferry/little_endian.h"

namespace frameferry {
namespace {

constexpr std::uint32_t local_magic = 0x04034B50;
constexpr std::uint32_t central_magic = 0x02014B50;
constexpr std::uint32_t end_magic = 0x06054B50;
constexpr std::uint32_t record_magic = 0x31524646;  // FFR1
constexpr std::uint16_t zip_version = 10;
constexpr std::uint16_t field_id = 0x4646;
constexpr std::size_t name_bytes = 20;
constexpr std::size_t extra_at = 50;
constexpr std::size_t record_at = 54;
constexpr std::size_t crc_at = 150;
constexpr std::size_t central_name_at = 46;
constexpr std::uint8_t clock_synced = 1;
constexpr std::uint8_t flag_erased = 1;

constexpr std::array<std::uint32_t, 256> make_crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? crc >> 1U ^ 0xEDB88320U : crc >> 1U;
        table[byte] = crc;
    }
    return table;
}

constexpr std::array<std::uint32_t, 256> crc_table = make_crc_table();

// In UTC; 1980-01-01 where the time is not known or MS-DOS does not have it.
void set_dos_time(std::int64_t captured_at_ms, PackedEntry& entry) {
    const CalendarTime at = calendar_time(captured_at_ms);
    const bool is_known = captured_at_ms != 0 && at.year >= 1980 && at.year <= 2107;
    const CalendarTime shown = is_known ? at : CalendarTime{1980, 1, 1, 0, 0, 0, 0};
    entry.dos_time = static_cast<std::uint16_t>(shown.hour << 11U | shown.minute << 5U | shown.second / 2U);
    entry.dos_date = static_cast<std::uint16_t>((shown.year - 1980U) << 9U | shown.month << 5U | shown.day);
}

Text<name_bytes> name_of(Seq seq) {
    Text<name_bytes> name;
    name.append_number(seq, 16).append(".jpg");
    return name;
}

// The fields that both headers of an entry have: from the version needed to the two sizes.
void put_common(LittleEndianWriter& to, const PackedEntry& entry) {
    to.u16(zip_version).u16(0).u16(0).u16(entry.dos_time).u16(entry.dos_date);
    to.u32(entry.crc32).u32(entry.size_bytes).u32(entry.size_bytes).u16(name_bytes);
}

void put_start(LittleEndianWriter& to, const PackedEntry& entry) {
    const auto extra_bytes = static_cast<std::uint16_t>(entry.offset() - entry.header_offset - extra_at);
    to.u32(local_magic);
    put_common(to, entry);
    to.u16(extra_bytes).bytes(Bytes(name_of(entry.seq).view()));
    to.u16(field_id).u16(static_cast<std::uint16_t>(extra_bytes - 4U));
}

void read_record(Bytes bytes, EntryHeader& header) {
    LittleEndianReader record(bytes.from(record_at + 4));
    header.identity.epoch = record.u32();
    header.entry.seq = record.u64();
    header.meta.uptime_ms = record.u64();
    header.meta.boot_id = record.u64();
    header.meta.captured_at_ms = static_cast<std::int64_t>(record.u64());
    header.meta.clock_synced = record.u8() == clock_synced;
    header.is_erased = (record.u8() & flag_erased) != 0;
    record.skip(6);
    record.bytes(Room(header.sha256));
    record.bytes(Room(header.identity.device_id));
}

}  // namespace

std::uint32_t crc32_of(Bytes bytes, std::uint32_t crc) {
    crc = ~crc;
    for (std::size_t at = 0; at < bytes.size; ++at) crc = crc >> 8U ^ crc_table[(crc ^ bytes.data[at]) & 0xFFU];
    return ~crc;
}

EntryHeader describe(const PackIdentity& identity, Seq seq, const CaptureMeta& meta, Bytes jpeg, std::uint32_t at) {
    EntryHeader header;
    header.entry.seq = seq;
    header.entry.header_offset = at;
    header.entry.size_bytes = static_cast<std::uint32_t>(jpeg.size);
    header.entry.crc32 = crc32_of(jpeg);
    set_dos_time(meta.captured_at_ms, header.entry);
    header.identity = identity;
    header.meta = meta;
    crypto_hash_sha256(header.sha256.data(), jpeg.data, jpeg.size);
    return header;
}

void encode_header(const EntryHeader& header, HeaderBytes& bytes) {
    bytes.fill(0);
    LittleEndianWriter to{Room(bytes)};
    put_start(to, header.entry);
    to.u32(record_magic).u32(header.identity.epoch).u64(header.entry.seq);
    to.u64(header.meta.uptime_ms).u64(header.meta.boot_id);
    to.u64(static_cast<std::uint64_t>(header.meta.captured_at_ms));
    to.u8(header.meta.clock_synced ? clock_synced : 0).u8(header.is_erased ? flag_erased : 0).u16(0).u32(0);
    to.bytes(header.sha256).bytes(header.identity.device_id);
    to.u32(crc32_of(Bytes(bytes).first(crc_at)));
}

bool parse_header(Bytes bytes, std::uint32_t at, EntryHeader& header) {
    if (bytes.size < header_bytes) return false;
    if (LittleEndianReader(bytes.from(crc_at)).u32() != crc32_of(bytes.first(crc_at))) return false;
    if (LittleEndianReader(bytes.from(record_at)).u32() != record_magic) return false;
    header.entry.header_offset = at;
    header.entry.crc32 = LittleEndianReader(bytes.from(14)).u32();
    header.entry.size_bytes = LittleEndianReader(bytes.from(18)).u32();
    if (header.entry.size_bytes == 0 || header.entry.size_bytes > max_jpeg_bytes) return false;
    if (at > max_pack_bytes - entry_size_bytes(header.entry.size_bytes)) return false;
    read_record(bytes, header);
    if (header.entry.seq > max_seq) return false;
    set_dos_time(header.meta.captured_at_ms, header.entry);
    HeaderBytes start{};
    LittleEndianWriter to{Room(start)};
    put_start(to, header.entry);
    return std::memcmp(start.data(), bytes.data, record_at) == 0;
}

void encode_central(const PackedEntry& entry, CentralBytes& bytes) {
    bytes.fill(0);
    LittleEndianWriter to{Room(bytes)};
    to.u32(central_magic).u16(zip_version);
    put_common(to, entry);
    to.skip(12).u32(entry.header_offset).bytes(Bytes(name_of(entry.seq).view()));
}

std::uint32_t central_offset(Bytes central) { return LittleEndianReader(central.from(42)).u32(); }

bool central_seq(Bytes central, Seq& seq) {
    seq = 0;
    for (std::size_t at = central_name_at; at < central_name_at + 16; ++at) {
        const std::uint8_t digit = central.data[at];
        if (digit < '0' || digit > '9') return false;
        seq = seq * 10 + (digit - std::uint64_t{'0'});
    }
    return seq <= max_seq && std::memcmp(central.data + central_name_at + 16, ".jpg", 4) == 0;
}

void encode_end(const PackEnd& end, EndBytes& bytes) {
    const auto captures = static_cast<std::uint16_t>(end.captures);
    LittleEndianWriter to{Room(bytes)};
    to.u32(end_magic).u32(0).u16(captures).u16(captures);
    to.u32(static_cast<std::uint32_t>(end.captures * central_bytes)).u32(end.start).u16(0);
}

bool parse_end(const EndBytes& bytes, std::uint32_t pack_bytes, PackEnd& end) {
    end.captures = LittleEndianReader(Bytes(bytes).from(8)).u16();
    end.start = LittleEndianReader(Bytes(bytes).from(16)).u32();
    if (end.captures == 0 || end.captures > max_pack_captures || end.start > max_pack_bytes) return false;
    EndBytes expected{};
    encode_end(end, expected);
    return expected == bytes && end.start + directory_size_bytes(end.captures) == pack_bytes;
}

}  // namespace frameferry
