// Numbers in little-endian, one after the other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "frameferry/bytes.h"

namespace frameferry {

// The room is large enough: who writes a form of a fixed size knows it.
class LittleEndianWriter {
public:
    explicit LittleEndianWriter(Room room) : room_(room) {}

    LittleEndianWriter& u8(std::uint8_t value) { return number(value, 1); }
    LittleEndianWriter& u16(std::uint16_t value) { return number(value, 2); }
    LittleEndianWriter& u32(std::uint32_t value) { return number(value, 4); }
    LittleEndianWriter& u64(std::uint64_t value) { return number(value, 8); }

    LittleEndianWriter& bytes(Bytes bytes) {
        std::memcpy(room_.data + at_, bytes.data, bytes.size);
        at_ += bytes.size;
        return *this;
    }

    LittleEndianWriter& skip(std::size_t count) {
        at_ += count;
        return *this;
    }

private:
    LittleEndianWriter& number(std::uint64_t value, std::size_t size) {
        for (std::size_t byte = 0; byte < size; ++byte) room_.data[at_++] = static_cast<std::uint8_t>(value >> 8 * byte);
        return *this;
    }

    Room room_;
    std::size_t at_ = 0;
};

// There are as many bytes as are asked for.
class LittleEndianReader {
public:
    explicit LittleEndianReader(Bytes bytes) : bytes_(bytes) {}

    std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
    std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
    std::uint64_t u64() { return number(8); }

    void bytes(Room into) {
        std::memcpy(into.data, bytes_.data + at_, into.size);
        at_ += into.size;
    }

    void skip(std::size_t count) { at_ += count; }

private:
    std::uint64_t number(std::size_t size) {
        std::uint64_t value = 0;
        for (std::size_t byte = size; byte != 0; --byte) value = value << 8U | bytes_.data[at_ + byte - 1];
        at_ += size;
        return value;
    }

    Bytes bytes_;
    std::size_t at_ = 0;
};

}  // namespace frameferry
