#include "frameferry/kept_values.h"

#include <sodium.h>

#include "frameferry/lock.h"

namespace frameferry {
namespace {

constexpr std::size_t crc_bytes = 4;

// CRC-32 of ZIP, bit by bit: the records are small, and a table costs 1 KB.
std::uint32_t crc_of(Bytes bytes) {
    std::uint32_t crc = 0xFFFFFFFFU;
    for (std::size_t at = 0; at < bytes.size; ++at) {
        crc ^= bytes.data[at];
        for (unsigned bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? crc >> 1U ^ 0xEDB88320U : crc >> 1U;
    }
    return ~crc;
}

}  // namespace

KeyValue::Found LockedValues::get(std::string_view key, Room room, std::size_t& size) {
    const Lock lock(mutex_);
    return values_.get(key, room, size);
}

bool LockedValues::put(std::string_view key, Bytes value) {
    const Lock lock(mutex_);
    return values_.put(key, value);
}

bool LockedValues::erase(std::string_view key) {
    const Lock lock(mutex_);
    return values_.erase(key);
}

void ScopedValues::set_origin(std::string_view origin) {
    scope_.clear();
    Sha256 hash{};
    crypto_hash_sha256(hash.data(), reinterpret_cast<const std::uint8_t*>(origin.data()), origin.size());
    scope_.append_hex(Bytes(hash).first(3));
}

ScopedValues::Key ScopedValues::scoped(std::string_view key) const { return Key(scope_.view()).append(key); }

KeyValue::Found ScopedValues::get(std::string_view key, Room room, std::size_t& size) {
    return values_.get(scoped(key), room, size);
}

bool ScopedValues::put(std::string_view key, Bytes value) { return values_.put(scoped(key), value); }

bool ScopedValues::erase(std::string_view key) { return values_.erase(scoped(key)); }

RecordWriter& RecordWriter::number(std::uint64_t value, std::size_t bytes) {
    std::array<std::uint8_t, 8> encoded{};
    for (std::size_t at = 0; at < encoded.size(); ++at) encoded[at] = static_cast<std::uint8_t>(value >> 8 * at);
    return this->bytes(Bytes(encoded).first(bytes));
}

RecordWriter& RecordWriter::bytes(Bytes bytes) {
    fits_ = fits_ && bytes.size <= room_.size - size_;
    if (fits_ && !bytes.empty()) {
        std::memcpy(room_.data + size_, bytes.data, bytes.size);
        size_ += bytes.size;
    }
    return *this;
}

RecordWriter& RecordWriter::text(std::string_view text) {
    fits_ = fits_ && text.size() <= 255;
    return number(text.size(), 1).bytes(Bytes(text));
}

bool RecordWriter::put(KeyValue& values, std::string_view key) {
    number(crc_of({room_.data, size_}), crc_bytes);
    return fits_ && values.put(key, {room_.data, size_});
}

KeyValue::Found RecordReader::get(KeyValue& values, std::string_view key, std::uint8_t format) {
    at_ = 0;
    is_whole_ = false;
    const KeyValue::Found found = values.get(key, room_, size_);
    if (found != KeyValue::Found::value) return found;
    if (size_ <= crc_bytes || size_ > room_.size) return KeyValue::Found::broken;
    size_ -= crc_bytes;
    at_ = size_;
    is_whole_ = true;
    const Bytes record{room_.data, size_};
    size_ += crc_bytes;
    const bool is_right = number(crc_bytes) == crc_of(record);
    size_ -= crc_bytes;
    at_ = 0;
    is_whole_ = is_right && number(1) == format;
    return is_whole_ ? KeyValue::Found::value : KeyValue::Found::broken;
}

std::uint64_t RecordReader::number(std::size_t bytes) {
    std::array<std::uint8_t, 8> encoded{};
    if (!this->bytes(Room(encoded).first(bytes))) return 0;
    std::uint64_t value = 0;
    for (std::size_t at = bytes; at != 0; --at) value = value << 8U | encoded[at - 1];
    return value;
}

bool RecordReader::bytes(Room into) {
    is_whole_ = is_whole_ && into.size <= size_ - at_;
    if (!is_whole_) return false;
    std::memcpy(into.data, room_.data + at_, into.size);
    at_ += into.size;
    return true;
}

std::string_view RecordReader::text() {
    const auto length = static_cast<std::size_t>(number(1));
    is_whole_ = is_whole_ && length <= size_ - at_;
    if (!is_whole_) return {};
    const std::string_view text(reinterpret_cast<const char*>(room_.data + at_), length);
    at_ += length;
    return text;
}

}  // namespace frameferry
