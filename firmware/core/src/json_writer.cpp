#include "frameferry/json_writer.h"

#include <array>

#include "frameferry/bytes.h"
#include "frameferry/utf8.h"

namespace frameferry {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// Of the character that the text begins with; 0 where it begins with none.
std::size_t character_size(std::string_view text) {
    Utf8 utf8;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto step = utf8.take(static_cast<std::uint8_t>(text[at]));
        if (step == Utf8::Step::whole) return at + 1;
        if (step == Utf8::Step::bad) return 0;
    }
    return 0;
}

bool needs_escape(char character) {
    return static_cast<std::uint8_t>(character) < 0x20 || character == '"' || character == '\\';
}

Text<6> escaped(char character) {
    if (character == '"' || character == '\\') return Text<6>("\\").append(character);
    const std::array<std::uint8_t, 1> byte{static_cast<std::uint8_t>(character)};
    return Text<6>("\\u00").append_hex(byte);
}

}  // namespace

void JsonWriter::put(std::string_view characters) { ok_ = ok_ && sink_.write(Bytes(characters)); }

void JsonWriter::before_value() {
    if (needs_comma_) put(",");
    needs_comma_ = true;
}

JsonWriter& JsonWriter::begin_object() {
    before_value();
    put("{");
    needs_comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::end_object() {
    put("}");
    needs_comma_ = true;
    return *this;
}

JsonWriter& JsonWriter::begin_list() {
    before_value();
    put("[");
    needs_comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::end_list() {
    put("]");
    needs_comma_ = true;
    return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    text(name);
    put(":");
    needs_comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::text(std::string_view characters, std::size_t max_characters) {
    before_value();
    put("\"");
    std::size_t begin = 0;  // of what can be written as it is
    std::size_t at = 0;
    for (std::size_t count = 0; at < characters.size() && count < max_characters; ++count) {
        const std::size_t size = character_size(characters.substr(at));
        if (size != 0 && !needs_escape(characters[at])) {
            at += size;
            continue;
        }
        put(characters.substr(begin, at - begin));
        put(size == 0 ? replacement : escaped(characters[at]).view());
        begin = ++at;
    }
    put(characters.substr(begin, at - begin));
    put("\"");
    return *this;
}

JsonWriter& JsonWriter::number(std::uint64_t value) {
    before_value();
    put(Text<20>().append_number(value));
    return *this;
}

JsonWriter& JsonWriter::signed_number(std::int64_t value) { return decimal(value, 0); }

JsonWriter& JsonWriter::decimal(std::int64_t value, unsigned decimals) {
    before_value();
    const auto size = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    std::uint64_t divisor = 1;
    for (unsigned digit = 0; digit < decimals; ++digit) divisor *= 10;
    Text<48> digits(value < 0 ? "-" : "");
    digits.append_number(size / divisor);
    if (decimals != 0) digits.append('.').append_number(size % divisor, decimals);
    put(digits);
    return *this;
}

JsonWriter& JsonWriter::boolean(bool is_true) {
    before_value();
    put(is_true ? "true" : "false");
    return *this;
}

}  // namespace frameferry
