// Letters and digits of US-ASCII, without a locale.
#pragma once

#include <cstdint>
#include <string_view>

namespace frameferry::ascii {

inline char lower(char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}

inline bool same_word(std::string_view one, std::string_view other) {
    if (one.size() != other.size()) return false;
    for (std::size_t at = 0; at < one.size(); ++at) {
        if (lower(one[at]) != lower(other[at])) return false;
    }
    return true;
}

inline std::string_view trimmed(std::string_view text) {
    const auto is_blank = [](char character) { return character == ' ' || character == '\t'; };
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

// Decimal digits only, at least one. False where it does not fit.
inline bool parse_number(std::string_view digits, std::uint64_t& number) {
    if (digits.empty()) return false;
    std::uint64_t parsed = 0;
    for (const char character : digits) {
        if (character < '0' || character > '9') return false;
        const auto digit = static_cast<std::uint64_t>(character - '0');
        if (parsed > (UINT64_MAX - digit) / 10) return false;
        parsed = parsed * 10 + digit;
    }
    number = parsed;
    return true;
}

// Of one hex digit; -1 where it is none.
inline int hex_digit(char character) {
    if (character >= '0' && character <= '9') return character - '0';
    const char small = lower(character);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

}  // namespace frameferry::ascii
