#include "frameferry/json_reader.h"

#include "ascii.h"

namespace frameferry {

namespace {

constexpr std::uint32_t replacement = 0xFFFD;

bool is_blank(char character) {
    return character == ' ' || character == '\t' || character == '\n' || character == '\r';
}

bool is_digit(char character) { return character >= '0' && character <= '9'; }

bool is_high_surrogate(std::uint32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool is_low_surrogate(std::uint32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

// What stands for an escaped character; 0 where there is no such escape.
char unescaped(char character) {
    switch (character) {
        case '"':
        case '\\':
        case '/': return character;
        case 'b': return '\b';
        case 'f': return '\f';
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        default: return '\0';
    }
}

}  // namespace

bool JsonValue::get(std::uint64_t& number) const {
    return type == JsonType::number && is_whole && ascii::parse_number(text, number);
}

bool JsonValue::get(std::int64_t& number) const {
    if (type != JsonType::number || !is_whole) return false;
    const bool is_negative = !text.empty() && text.front() == '-';
    std::uint64_t size = 0;
    if (!ascii::parse_number(text.substr(is_negative ? 1 : 0), size) || size > INT64_MAX) return false;
    number = is_negative ? -static_cast<std::int64_t>(size) : static_cast<std::int64_t>(size);
    return true;
}

bool JsonValue::get(bool& truth) const {
    if (type != JsonType::boolean) return false;
    truth = is_true;
    return true;
}

bool JsonValue::get(std::string_view& characters) const {
    if (type != JsonType::text || !is_whole) return false;
    characters = text;
    return true;
}

JsonReader::JsonReader(Room scratch, JsonHandler& handler) : scratch_(scratch), handler_(handler) {}

bool JsonReader::write(Bytes bytes) {
    for (const char character : bytes.text()) {
        if (status_ != JsonStatus::unfinished && status_ != JsonStatus::whole) break;
        take(character);
    }
    return true;
}

JsonStatus JsonReader::finish() {
    if (status_ == JsonStatus::unfinished && expect_ == Expect::in_number && depth_ == 0) end_number();
    return status_;
}

void JsonReader::take(char character) {
    switch (expect_) {
        case Expect::in_text: return take_text(character);
        case Expect::in_escape: return take_escape(character);
        case Expect::in_hex: return take_hex(character);
        case Expect::in_word: return take_word(character);
        case Expect::in_number:
            if (take_number(character)) return;
            end_number();
            if (status_ == JsonStatus::unfinished || status_ == JsonStatus::whole) take(character);
            return;
        default:
            if (!is_blank(character)) take_structure(character);
    }
}

void JsonReader::take_structure(char character) {
    switch (expect_) {
        case Expect::value_or_end:
            if (character == ']') return close(true);
            return take_value_start(character);
        case Expect::value: return take_value_start(character);
        case Expect::key_or_end:
            if (character == '}') return close(false);
            return take_key_start(character);
        case Expect::key: return take_key_start(character);
        case Expect::colon:
            if (character != ':') return fail(JsonStatus::malformed);
            expect_ = Expect::value;
            return;
        case Expect::comma_or_end: return take_after_value(character);
        default: return fail(JsonStatus::malformed);
    }
}

void JsonReader::take_value_start(char character) {
    switch (character) {
        case '{': return open(false);
        case '[': return open(true);
        case '"': return begin_text(false);
        case 't': return begin_word("true");
        case 'f': return begin_word("false");
        case 'n': return begin_word("null");
        default:
            if (character != '-' && !is_digit(character)) return fail(JsonStatus::malformed);
            return begin_number(character);
    }
}

void JsonReader::take_key_start(char character) {
    if (character != '"') return fail(JsonStatus::malformed);
    key_size_ = 0;
    key_is_whole_ = true;
    begin_text(true);
}

void JsonReader::take_after_value(char character) {
    if (character == ',') {
        expect_ = is_in_list() ? Expect::value : Expect::key;
    } else if (character == ']' && is_in_list()) {
        close(true);
    } else if (character == '}' && !is_in_list()) {
        close(false);
    } else {
        fail(JsonStatus::malformed);
    }
}

void JsonReader::take_text(char character) {
    const auto byte = static_cast<std::uint8_t>(character);
    if (utf8_.is_between()) {
        if (character == '\\') {
            expect_ = Expect::in_escape;
            return;
        }
        end_surrogate();
        if (character == '"') return end_text();
        if (byte < 0x20) return fail(JsonStatus::malformed);
    }
    if (utf8_.take(byte) == Utf8::Step::bad) return fail(JsonStatus::malformed);
    keep(character);
}

void JsonReader::take_escape(char character) {
    if (character == 'u') {
        expect_ = Expect::in_hex;
        digits_left_ = 4;
        code_point_ = 0;
        return;
    }
    const char plain = unescaped(character);
    if (plain == '\0') return fail(JsonStatus::malformed);
    end_surrogate();
    keep(plain);
    expect_ = Expect::in_text;
}

void JsonReader::take_hex(char character) {
    const int digit = ascii::hex_digit(character);
    if (digit < 0) return fail(JsonStatus::malformed);
    code_point_ = code_point_ << 4U | static_cast<std::uint32_t>(digit);
    if (--digits_left_ != 0) return;
    keep_utf16(code_point_);
    expect_ = Expect::in_text;
}

void JsonReader::take_word(char character) {
    if (character != word_[word_at_]) return fail(JsonStatus::malformed);
    if (++word_at_ != word_.size()) return;
    tell(word_ == "null" ? JsonType::null : JsonType::boolean, word_ == "true");
    after_value();
}

// False where the character is no part of the number.
bool JsonReader::take_number(char character) {
    NumberPart next = number_part_;
    const bool digit = is_digit(character);
    switch (number_part_) {
        case NumberPart::sign:
            if (!digit) return false;
            next = character == '0' ? NumberPart::zero : NumberPart::whole;
            break;
        case NumberPart::zero:
        case NumberPart::whole:
            if (digit && number_part_ == NumberPart::whole) break;
            if (character == '.') {
                next = NumberPart::point;
                break;
            }
            [[fallthrough]];
        case NumberPart::fraction:
            if (digit && number_part_ == NumberPart::fraction) break;
            if (character != 'e' && character != 'E') return false;
            next = NumberPart::exponent;
            break;
        case NumberPart::point:
            if (!digit) return false;
            next = NumberPart::fraction;
            break;
        case NumberPart::exponent:
            if (!digit && character != '+' && character != '-') return false;
            next = digit ? NumberPart::exponent_digits : NumberPart::exponent_sign;
            break;
        case NumberPart::exponent_sign:
        case NumberPart::exponent_digits:
            if (!digit) return false;
            next = NumberPart::exponent_digits;
            break;
    }
    number_part_ = next;
    keep(character);
    return true;
}

bool JsonReader::number_is_whole() const {
    return number_part_ == NumberPart::zero || number_part_ == NumberPart::whole ||
           number_part_ == NumberPart::fraction || number_part_ == NumberPart::exponent_digits;
}

void JsonReader::open(bool is_list) {
    if (depth_ == max_depth) return fail(JsonStatus::too_deep);
    const bool told = is_told();
    const auto next = told ? handler_.begin(key(), is_list) : JsonHandler::Next::skip;
    if (next == JsonHandler::Next::refuse) return fail(JsonStatus::refused);
    const std::uint32_t level = std::uint32_t{1} << depth_;
    lists_ = is_list ? lists_ | level : lists_ & ~level;
    ++depth_;
    if (next == JsonHandler::Next::skip && skipped_from_ == 0) skipped_from_ = depth_;
    key_size_ = 0;
    key_is_whole_ = true;
    expect_ = is_list ? Expect::value_or_end : Expect::key_or_end;
}

void JsonReader::close(bool is_list) {
    if (skipped_from_ == depth_) {
        skipped_from_ = 0;
    } else if (skipped_from_ == 0 && handler_.end(is_list) == JsonHandler::Next::refuse) {
        return fail(JsonStatus::refused);
    }
    --depth_;
    after_value();
}

void JsonReader::begin_token(Expect expect) {
    expect_ = expect;
    used_ = key_size_;
    token_is_whole_ = true;
}

void JsonReader::begin_text(bool is_key) {
    begin_token(Expect::in_text);
    is_key_ = is_key;
    high_surrogate_ = 0;
}

void JsonReader::begin_number(char character) {
    begin_token(Expect::in_number);
    number_part_ = character == '-' ? NumberPart::sign : character == '0' ? NumberPart::zero : NumberPart::whole;
    keep(character);
}

void JsonReader::begin_word(std::string_view word) {
    begin_token(Expect::in_word);
    word_ = word;
    word_at_ = 1;
}

void JsonReader::end_text() {
    if (is_key_) {
        key_size_ = token_is_whole_ ? used_ : 0;
        key_is_whole_ = token_is_whole_;
        expect_ = Expect::colon;
        return;
    }
    tell(JsonType::text);
    after_value();
}

void JsonReader::end_number() {
    if (!number_is_whole()) return fail(JsonStatus::malformed);
    tell(JsonType::number);
    after_value();
}

void JsonReader::end_surrogate() {
    if (high_surrogate_ == 0) return;
    high_surrogate_ = 0;
    keep_code_point(replacement);
}

void JsonReader::tell(JsonType type, bool is_true) {
    if (!is_told()) return;
    const JsonValue value{type, {characters() + key_size_, used_ - key_size_}, is_true, token_is_whole_};
    if (handler_.value(key(), value) == JsonHandler::Next::refuse) fail(JsonStatus::refused);
}

void JsonReader::after_value() {
    if (status_ != JsonStatus::unfinished) return;
    key_size_ = 0;
    key_is_whole_ = true;
    if (depth_ == 0) status_ = JsonStatus::whole;
    expect_ = depth_ == 0 ? Expect::nothing : Expect::comma_or_end;
}

void JsonReader::keep(char character) {
    if (!token_is_whole_ || used_ == scratch_.size) {
        token_is_whole_ = false;
        return;
    }
    scratch_.data[used_++] = static_cast<std::uint8_t>(character);
}

void JsonReader::keep_utf16(std::uint32_t unit) {
    if (is_low_surrogate(unit) && high_surrogate_ != 0) {
        keep_code_point(0x10000 + ((high_surrogate_ - 0xD800) << 10U) + (unit - 0xDC00));
        high_surrogate_ = 0;
        return;
    }
    end_surrogate();
    if (is_high_surrogate(unit)) {
        high_surrogate_ = unit;
    } else {
        keep_code_point(is_low_surrogate(unit) ? replacement : unit);
    }
}

void JsonReader::keep_code_point(std::uint32_t code_point) {
    const auto tail = [&](unsigned shift) { keep(static_cast<char>(0x80U | (code_point >> shift & 0x3FU))); };
    if (code_point < 0x80) return keep(static_cast<char>(code_point));
    if (code_point < 0x800) {
        keep(static_cast<char>(0xC0U | code_point >> 6U));
    } else if (code_point < 0x10000) {
        keep(static_cast<char>(0xE0U | code_point >> 12U));
        tail(6);
    } else {
        keep(static_cast<char>(0xF0U | code_point >> 18U));
        tail(12);
        tail(6);
    }
    tail(0);
}

}  // namespace frameferry
