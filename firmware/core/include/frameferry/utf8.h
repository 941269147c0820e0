// UTF-8 (RFC 3629), byte by byte.
#pragma once

#include <cstdint>

namespace frameferry {

class Utf8 {
public:
    enum class Step : std::uint8_t {
        whole,  // a character ended
        more,
        bad,    // no character goes on like this; the next one begins anew
    };

    Step take(std::uint8_t byte) { return left_ == 0 ? first(byte) : next(byte); }
    [[nodiscard]] bool is_between() const { return left_ == 0; }

private:
    Step first(std::uint8_t byte) {
        if (byte < 0x80) return Step::whole;
        low_ = 0x80, high_ = 0xBF;
        if (byte >= 0xC2 && byte <= 0xDF) return begin(1);
        if (byte >= 0xE0 && byte <= 0xEF) {
            if (byte == 0xE0) low_ = 0xA0;   // else it could be shorter
            if (byte == 0xED) high_ = 0x9F;  // else it is a surrogate
            return begin(2);
        }
        if (byte < 0xF0 || byte > 0xF4) return Step::bad;
        if (byte == 0xF0) low_ = 0x90;
        if (byte == 0xF4) high_ = 0x8F;  // U+10FFFF is the last
        return begin(3);
    }

    Step begin(std::uint8_t left) {
        left_ = left;
        return Step::more;
    }

    Step next(std::uint8_t byte) {
        if (byte < low_ || byte > high_) {
            left_ = 0;
            return Step::bad;
        }
        low_ = 0x80, high_ = 0xBF;
        return --left_ == 0 ? Step::whole : Step::more;
    }

    std::uint8_t left_ = 0;
    std::uint8_t low_ = 0x80;  // bounds of the next byte
    std::uint8_t high_ = 0xBF;
};

}  // namespace frameferry
