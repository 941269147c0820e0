// JSON (RFC 8259) as it comes, in pieces of any size, without a copy of it: a handler is told what there is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "frameferry/bytes.h"
#include "frameferry/streams.h"

namespace frameferry {

enum class JsonType : std::uint8_t { null, boolean, number, text };

// A key or value, valid during the call.
struct JsonValue {
    JsonType type = JsonType::null;
    // A text without its quotes, in UTF-8 and with escapes resolved; the digits of a number; else empty.
    std::string_view text;
    bool is_true = false;
    // False where the scratch held only its beginning.
    bool is_whole = true;

    [[nodiscard]] bool is_null() const { return type == JsonType::null; }
    // Whole numbers only: 1.0 and 1e3 are none. False where it is none or does not fit.
    [[nodiscard]] bool get(std::uint64_t& number) const;
    [[nodiscard]] bool get(std::int64_t& number) const;
    [[nodiscard]] bool get(bool& truth) const;
    // False where it is no text, or none that is whole.
    [[nodiscard]] bool get(std::string_view& characters) const;
    // Also false where it does not fit.
    template <std::size_t N>
    [[nodiscard]] bool get(Text<N>& characters) const {
        if (type != JsonType::text || !is_whole) return false;
        characters.clear();
        return characters.append(text).fits();
    }
};

// Told in the order of the text. `key` is empty in a list and for the whole. A key that the scratch cannot hold beside
// a byte of its value is told as empty, with nothing of its value: nobody knows a key so long.
class JsonHandler {
public:
    enum class Next : std::uint8_t {
        go_on,
        skip,    // of `begin`: nothing is told of what is in it, nor its end. Else as go_on
        refuse,  // it has not the form that it must have: the reading ends
    };

    virtual ~JsonHandler() = default;
    virtual Next begin(std::string_view key, bool is_list) = 0;
    virtual Next end(bool is_list) = 0;
    virtual Next value(std::string_view key, const JsonValue& value) = 0;
};

enum class JsonStatus : std::uint8_t {
    unfinished,  // more must come: at the end this says that it was cut
    whole,
    malformed,
    too_deep,    // more than JsonReader::max_depth
    refused,     // by the handler
};

// Invalid UTF-8 is malformed; half of a surrogate pair is read as U+FFFD.
class JsonReader final : public ByteSink {
public:
    static constexpr std::size_t max_depth = 32;

    // The scratch holds one key and its value at a time; what is longer is told in part.
    JsonReader(Room scratch, JsonHandler& handler);

    // Takes everything, whatever it is: what an error made of the rest is not looked at.
    bool write(Bytes bytes) override;
    // What is known by now. A number at the very outside ends with the text: ask once, at its end.
    JsonStatus finish();
    [[nodiscard]] JsonStatus status() const { return status_; }

private:
    enum class Expect : std::uint8_t {
        value,
        value_or_end,  // the first of a list
        key,
        key_or_end,    // the first of an object
        colon,
        comma_or_end,
        nothing,       // but blanks
        in_text,
        in_escape,
        in_hex,
        in_number,
        in_word,
    };
    enum class NumberPart : std::uint8_t { sign, zero, whole, point, fraction, exponent, exponent_sign, exponent_digits };

    void take(std::uint8_t byte);
    void take_value_start(std::uint8_t byte);
    void take_key_start(std::uint8_t byte);
    void take_after_value(std::uint8_t byte);
    void take_text(std::uint8_t byte);
    void take_utf8(std::uint8_t byte);
    void take_escape(std::uint8_t byte);
    void take_hex(std::uint8_t byte);
    void take_word(std::uint8_t byte);
    bool take_number(std::uint8_t byte);
    [[nodiscard]] bool number_is_whole() const;

    void open(bool is_list);
    void close(bool is_list);
    void begin_text();
    void begin_number(std::uint8_t byte);
    void begin_word(std::string_view word);
    void end_text();
    void end_key();
    void end_surrogate();
    void tell(JsonType type, bool is_true);
    void told(JsonHandler::Next next);
    void after_value();
    void keep(std::uint8_t byte);
    void keep_code_point(std::uint32_t code_point);
    void drop_key();
    void fail(JsonStatus status) { status_ = status; }

    [[nodiscard]] bool is_in_list() const { return depth_ != 0 && ((lists_ >> (depth_ - 1)) & 1U) != 0; }
    [[nodiscard]] std::string_view key() const;

    Room scratch_;
    JsonHandler& handler_;
    std::size_t key_size_ = 0;   // at the beginning of the scratch
    std::size_t used_ = 0;       // key and what there is of the value
    std::uint32_t lists_ = 0;    // one bit a level: whether it is a list
    std::uint32_t code_point_ = 0;
    std::uint32_t high_surrogate_ = 0;
    std::string_view word_;
    std::uint8_t depth_ = 0;
    std::uint8_t skipped_from_ = 0;  // depth within which nothing is told; 0: everything is
    std::uint8_t digits_left_ = 0;   // of \uXXXX
    std::uint8_t utf8_left_ = 0;
    std::uint8_t utf8_low_ = 0x80;   // bounds of the next byte of a character
    std::uint8_t utf8_high_ = 0xBF;
    std::uint8_t word_at_ = 0;
    bool is_key_ = false;
    bool key_is_whole_ = true;
    bool token_is_whole_ = true;
    NumberPart number_part_ = NumberPart::sign;
    Expect expect_ = Expect::value;
    JsonStatus status_ = JsonStatus::unfinished;
};

}  // namespace frameferry
