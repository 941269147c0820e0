#include "fakes/pack_check.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace {

using Pack = std::vector<std::uint8_t>;

// For each value of a byte: a bit at a time, the CRC took half of the time of the tests of power cuts.
constexpr std::array<std::uint32_t, 256> crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ (0xEDB88320U & (0U - (crc & 1U)));
        table[byte] = crc;
    }
    return table;
}

std::uint64_t number(const Pack& pack, std::size_t at, std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t byte = bytes; byte-- > 0;) value = value * 256 + pack.at(at + byte);
    return value;
}

bool has(const Pack& pack, std::size_t at, const std::string& text) {
    return at + text.size() <= pack.size() && std::memcmp(pack.data() + at, text.data(), text.size()) == 0;
}

std::string check_entry(const Pack& pack, std::size_t directory_at, std::size_t limit, CheckedCapture& capture) {
    const std::size_t at = number(pack, directory_at + 42, 4);
    if (at % 512 != 0 || at + 154 > limit || !has(pack, at, "PK\x03\x04")) return "an entry has no header";
    if (!std::equal(pack.begin() + static_cast<std::ptrdiff_t>(at) + 4, pack.begin() + static_cast<std::ptrdiff_t>(at) + 26,
                    pack.begin() + static_cast<std::ptrdiff_t>(directory_at) + 6)) {
        return "header and directory differ";
    }
    const std::size_t size = number(pack, at + 18, 4);
    const std::size_t begin = at + 50 + number(pack, at + 28, 2);
    if (size == 0 || begin + size > limit || (begin + size) % 512 != 0) return "an entry lies outside";
    if (number(pack, at + 150, 4) != zip_crc_of(pack.data() + at, 150)) return "a header's CRC is wrong";
    if (!has(pack, at + 54, "FFR1")) return "an entry has no record";
    capture.epoch = static_cast<std::uint32_t>(number(pack, at + 58, 4));
    capture.seq = number(pack, at + 62, 8);
    capture.boot_id = number(pack, at + 78, 8);
    capture.captured_at_ms = static_cast<std::int64_t>(number(pack, at + 86, 8));
    const auto first = pack.begin() + static_cast<std::ptrdiff_t>(begin);
    capture.jpeg.assign(first, first + static_cast<std::ptrdiff_t>(size));
    capture.end = begin + size;
    const auto device = pack.begin() + static_cast<std::ptrdiff_t>(at) + 134;
    capture.device_id.assign(device, device + 16);
    char name[21];
    std::snprintf(name, sizeof name, "%016llu.jpg", static_cast<unsigned long long>(capture.seq));
    if (!has(pack, at + 30, name) || !has(pack, directory_at + 46, name)) return "a name is not that of the seq";
    if (number(pack, at + 14, 4) != zip_crc_of(capture.jpeg.data(), size)) return "a JPEG's CRC is wrong";
    const Pack sha256 = sha256_of(capture.jpeg);
    return std::memcmp(sha256.data(), pack.data() + at + 102, 32) == 0 ? "" : "a JPEG's sha256 is wrong";
}

}  // namespace

std::uint32_t zip_crc_of(const std::uint8_t* bytes, std::size_t size) {
    static constexpr std::array<std::uint32_t, 256> table = crc_table();
    std::uint32_t crc = 0xFFFFFFFFU;
    for (std::size_t at = 0; at < size; ++at) crc = (crc >> 8U) ^ table[(crc ^ bytes[at]) & 0xFFU];
    return crc ^ 0xFFFFFFFFU;
}

std::vector<std::uint8_t> sha256_of(const std::vector<std::uint8_t>& bytes) {
    std::vector<std::uint8_t> sha256(32);
    crypto_hash_sha256(sha256.data(), bytes.data(), bytes.size());
    return sha256;
}

std::string check_pack(const Pack& pack, std::vector<CheckedCapture>& captures) {
    captures.clear();
    if (pack.size() < 22 || !has(pack, pack.size() - 22, "PK\x05\x06")) return "it does not end as a ZIP does";
    const std::size_t end = pack.size() - 22;
    const std::size_t count = number(pack, end + 10, 2);
    const std::size_t start = number(pack, end + 16, 4);
    if (count == 0 || count > 100 || start + count * 66 != end) return "its directory does not fit";
    std::size_t behind = 0;
    for (std::size_t index = 0; index < count; ++index) {
        const std::size_t at = start + index * 66;
        if (!has(pack, at, "PK\x01\x02")) return "its directory is broken";
        CheckedCapture capture;
        const std::string problem = check_entry(pack, at, start, capture);
        if (!problem.empty()) return problem;
        if (number(pack, at + 42, 4) < behind) return "entries lie over each other";
        behind = number(pack, at + 42, 4) + 512;
        if (!captures.empty() && captures.back().seq >= capture.seq) return "seqs do not rise";
        if (!captures.empty() && captures.back().epoch != capture.epoch) return "entries are of different packs";
        if (!captures.empty() && captures.back().boot_id != capture.boot_id) return "entries are of different boots";
        captures.push_back(std::move(capture));
    }
    return captures.back().seq - captures.front().seq < 1000 ? "" : "it spans too much";
}
