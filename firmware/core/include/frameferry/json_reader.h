// JSON (RFC 8259) as it comes, in pieces of any size, without a copy of it: a handler is told what there is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "frameferry/bytes.h"
#include "frameferry/streams.h"
#include "frameferry/utf8.h"

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

// Told in the order of the text. `key` is empty in a list and for the whole. A key that the scratch cannot hold is not
// told, and neither is what it names: nobody knows a key so long.
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

// What must have a form of its own.
class JsonDocument : public JsonHandler {
public:
    // It had, up to its end. Ask once the reader said `whole`: before that nothing of it is to be believed.
    [[nodiscard]] virtual bool is_whole() const = 0;
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
    // What came last of a number.
    enum class NumberPart : std::uint8_t {
        sign,
        zero,
        whole,
        point,
        fraction,
        exponent,
        exponent_sign,
        exponent_digits,
    };

    void take(char character);
    void take_structure(char character);
    void take_value_start(char character);
    void take_key_start(char character);
    void take_after_value(char character);
    void take_text(char character);
    void take_escape(char character);
    void take_hex(char character);
    void take_word(char character);
    [[nodiscard]] bool take_number(char character);
    [[nodiscard]] bool number_is_whole() const;

    void open(bool is_list);
    void close(bool is_list);
    void begin_token(Expect expect);
    void begin_text(bool is_key);
    void begin_number(char character);
    void begin_word(std::string_view word);
    void end_text();
    void end_number();
    void end_surrogate();
    void tell(JsonType type, bool is_true = false);
    void after_value();
    void keep(char character);
    void keep_code_point(std::uint32_t code_point);
    void keep_utf16(std::uint32_t unit);
    void fail(JsonStatus status) { status_ = status; }

    [[nodiscard]] bool is_in_list() const { return ((lists_ >> (depth_ - 1U)) & 1U) != 0; }
    [[nodiscard]] bool is_told() const { return skipped_from_ == 0 && key_is_whole_; }
    [[nodiscard]] const char* characters() const { return reinterpret_cast<const char*>(scratch_.data); }
    [[nodiscard]] std::string_view key() const { return {characters(), key_size_}; }

    Room scratch_;
    JsonHandler& handler_;
    std::size_t key_size_ = 0;   // at the beginning of the scratch
    std::size_t used_ = 0;       // key and what there is of the value
    std::uint32_t lists_ = 0;    // one bit a level: whether it is a list
    std::uint32_t code_point_ = 0;
    std::uint32_t high_surrogate_ = 0;
    std::string_view word_;      // true, false or null
    std::uint8_t depth_ = 0;
    std::uint8_t skipped_from_ = 0;  // depth within which nothing is told; 0: everything is
    std::uint8_t digits_left_ = 0;   // of \uXXXX
    std::uint8_t word_at_ = 0;
    bool is_key_ = false;            // the text that comes
    bool key_is_whole_ = true;
    bool token_is_whole_ = true;
    Utf8 utf8_;
    NumberPart number_part_ = NumberPart::sign;
    Expect expect_ = Expect::value;
    JsonStatus status_ = JsonStatus::unfinished;
};

}  // namespace frameferry
