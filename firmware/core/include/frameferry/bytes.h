// Views of bytes and texts of a fixed capacity: the core owns no heap.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace frameferry {

// Bytes that somebody else owns, to be read.
struct Bytes {
    const std::uint8_t* data = nullptr;
    std::size_t size = 0;

    constexpr Bytes() = default;
    constexpr Bytes(const std::uint8_t* begin, std::size_t length) : data(begin), size(length) {}
    template <std::size_t N>
    constexpr Bytes(const std::array<std::uint8_t, N>& bytes) : data(bytes.data()), size(N) {}
    explicit Bytes(std::string_view text)
        : data(reinterpret_cast<const std::uint8_t*>(text.data())), size(text.size()) {}

    [[nodiscard]] constexpr bool empty() const { return size == 0; }
    [[nodiscard]] constexpr Bytes first(std::size_t count) const { return {data, count < size ? count : size}; }
    [[nodiscard]] constexpr Bytes from(std::size_t at) const { return at < size ? Bytes{data + at, size - at} : Bytes{}; }
    [[nodiscard]] std::string_view text() const { return {reinterpret_cast<const char*>(data), size}; }
};

// Room that somebody else owns, to be written into.
struct Room {
    std::uint8_t* data = nullptr;
    std::size_t size = 0;

    constexpr Room() = default;
    constexpr Room(std::uint8_t* begin, std::size_t length) : data(begin), size(length) {}
    template <std::size_t N>
    constexpr Room(std::array<std::uint8_t, N>& bytes) : data(bytes.data()), size(N) {}

    [[nodiscard]] constexpr Room first(std::size_t count) const { return {data, count < size ? count : size}; }
    [[nodiscard]] constexpr Room from(std::size_t at) const { return at < size ? Room{data + at, size - at} : Room{}; }
    [[nodiscard]] constexpr operator Bytes() const { return {data, size}; }
};

// At most N characters. What does not fit is not taken, and `fits` is false from then on until `clear`.
template <std::size_t N>
class Text {
public:
    constexpr Text() = default;
    Text(std::string_view text) { append(text); }

    void clear() { size_ = 0, fits_ = true; }

    Text& append(std::string_view text) {
        if (text.size() > N - size_) {
            fits_ = false;
            return *this;
        }
        if (text.empty()) return *this;  // of nothing, which has no address
        std::memcpy(characters_.data() + size_, text.data(), text.size());
        size_ += text.size();
        characters_[size_] = '\0';
        return *this;
    }

    Text& append(char character) { return append(std::string_view(&character, 1)); }

    // In decimal, with zeros in front up to `digits`.
    Text& append_number(std::uint64_t number, unsigned digits = 1) {
        std::array<char, 20> reversed{};
        unsigned length = 0;
        do {
            reversed[length++] = static_cast<char>('0' + number % 10);
            number /= 10;
        } while (number != 0);
        for (unsigned zeros = length; zeros < digits; ++zeros) append('0');
        while (length != 0) append(reversed[--length]);
        return *this;
    }

    // Each byte as two lower-case hex digits.
    Text& append_hex(Bytes bytes) {
        constexpr std::string_view digits = "0123456789abcdef";
        for (std::size_t at = 0; at < bytes.size; ++at) {
            append(digits[bytes.data[at] >> 4U]).append(digits[bytes.data[at] & 15U]);
        }
        return *this;
    }

    [[nodiscard]] bool fits() const { return fits_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] const char* c_str() const { return characters_.data(); }
    [[nodiscard]] std::string_view view() const { return {characters_.data(), size_}; }
    operator std::string_view() const { return view(); }

private:
    std::array<char, N + 1> characters_{};
    std::size_t size_ = 0;
    bool fits_ = true;
};

template <std::size_t N>
bool operator==(const Text<N>& one, std::string_view other) {
    return one.view() == other;
}

template <std::size_t N>
bool operator!=(const Text<N>& one, std::string_view other) {
    return one.view() != other;
}

using Sha256 = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;
using PublicKey = std::array<std::uint8_t, 32>;
using Uuid = std::array<std::uint8_t, 16>;

}  // namespace frameferry
