#include "frameferry/http_response.h"

#include <algorithm>

#include "ascii.h"
#include "frameferry/instant.h"

namespace frameferry {

namespace {

constexpr std::string_view version = "HTTP/1.";

bool parse_status_line(std::string_view line, std::uint16_t& code, bool& is_old) {
    if (line.size() < 12 || line.substr(0, version.size()) != version || line[8] != ' ') return false;
    if (line.size() > 12 && line[12] != ' ') return false;
    std::uint64_t minor = 0;
    std::uint64_t number = 0;
    if (!ascii::parse_number(line.substr(7, 1), minor) || !ascii::parse_number(line.substr(9, 3), number)) return false;
    code = static_cast<std::uint16_t>(number);
    is_old = minor == 0;
    return number >= 100 && number <= 599 && number != 101;
}

bool parse_chunk_size(std::string_view line, std::uint64_t& size_bytes) {
    const std::string_view digits = ascii::trimmed(line.substr(0, line.find(';')));
    if (digits.empty() || digits.size() > 15) return false;
    size_bytes = 0;
    for (const char character : digits) {
        const int digit = ascii::hex_digit(character);
        if (digit < 0) return false;
        size_bytes = size_bytes << 4U | static_cast<std::uint64_t>(digit);
    }
    return true;
}

}  // namespace

std::size_t HttpResponse::take(Bytes bytes) {
    std::size_t at = 0;
    while (at < bytes.size && status_ == ResponseStatus::unfinished) {
        has_begun_ = true;
        if (part_ == Part::counted_body || part_ == Part::body_until_close || part_ == Part::chunk) {
            at += take_body(bytes.from(at));
        } else {
            take_line_character(static_cast<char>(bytes.data[at++]));
        }
    }
    return at;
}

void HttpResponse::closed() {
    if (status_ == ResponseStatus::unfinished && part_ == Part::body_until_close) end();
}

void HttpResponse::take_line_character(char character) {
    const bool is_of_chunk = part_ == Part::chunk_size || part_ == Part::chunk_end;
    if (!is_of_chunk && ++head_bytes_ > max_head_bytes) return fail(ResponseStatus::too_large);
    if (character == '\n') return end_line();
    if (line_size_ == line_.size()) {
        line_is_cut_ = true;
        if (is_of_chunk) fail(ResponseStatus::malformed);
        return;
    }
    line_[line_size_++] = character;
    // What speaks another protocol need not be read to its first line end.
    const std::string_view begun(line_.data(), line_size_);
    if (part_ == Part::status_line && begun.substr(0, version.size()) != version.substr(0, begun.size())) {
        fail(ResponseStatus::malformed);
    }
}

void HttpResponse::end_line() {
    std::string_view line(line_.data(), line_size_);
    if (!line_is_cut_ && !line.empty() && line.back() == '\r') line.remove_suffix(1);
    switch (part_) {
        case Part::status_line: end_status_line(line); break;
        case Part::header:
            if (line.empty()) {
                end_head();
            } else {
                end_header(line);
            }
            break;
        case Part::chunk_size: end_chunk_size(line); break;
        case Part::chunk_end:
            part_ = Part::chunk_size;
            if (!line.empty()) fail(ResponseStatus::malformed);
            break;
        default:
            if (line.empty()) end();  // of the trailers
    }
    line_size_ = 0;
    line_is_cut_ = false;
}

void HttpResponse::end_status_line(std::string_view line) {
    bool is_old = false;
    std::uint16_t code = 0;
    if (!parse_status_line(line, code, is_old)) return fail(ResponseStatus::malformed);
    is_interim_ = code < 200;
    if (!is_interim_) answer_.code = code;
    keeps_connection_ = !is_old;
    part_ = Part::header;
}

void HttpResponse::end_header(std::string_view line) {
    if (is_interim_) return;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) {
        if (!line_is_cut_ && line.front() != ' ' && line.front() != '\t') fail(ResponseStatus::malformed);
        return;
    }
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = ascii::trimmed(line.substr(colon + 1));
    if (ascii::same_word(name, "content-length")) return keep_length(value);
    if (ascii::same_word(name, "transfer-encoding")) return keep_codings(value);
    if (ascii::same_word(name, "connection")) return keep_connection(value);
    if (line_is_cut_) return;
    if (ascii::same_word(name, "retry-after")) return keep_retry_after(value);
    if (ascii::same_word(name, "date") && !parse_http_date(value, answer_.date_ms)) answer_.date_ms = 0;
}

void HttpResponse::keep_length(std::string_view value) {
    std::uint64_t length = 0;
    if (line_is_cut_ || !ascii::parse_number(value, length)) return fail(ResponseStatus::malformed);
    if (has_length_ && length != left_bytes_) return fail(ResponseStatus::malformed);
    has_length_ = true;
    left_bytes_ = length;
}

void HttpResponse::keep_codings(std::string_view value) {
    if (line_is_cut_ || is_chunked_ || !ascii::same_word(value, "chunked")) return fail(ResponseStatus::malformed);
    is_chunked_ = true;
}

void HttpResponse::keep_connection(std::string_view value) {
    if (line_is_cut_) keeps_connection_ = false;
    while (!value.empty()) {
        const std::size_t comma = value.find(',');
        if (ascii::same_word(ascii::trimmed(value.substr(0, comma)), "close")) keeps_connection_ = false;
        value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
    }
}

void HttpResponse::keep_retry_after(std::string_view value) {
    std::uint64_t seconds = 0;
    if (ascii::parse_number(value, seconds)) {
        answer_.says_retry_after = true;
        answer_.retry_after_s = static_cast<std::uint32_t>(std::min<std::uint64_t>(seconds, UINT32_MAX));
    } else if (!parse_http_date(value, retry_at_ms_)) {
        retry_at_ms_ = 0;
    }
}

void HttpResponse::end_head() {
    if (is_interim_) {
        if (++interim_answers_ > max_interim_answers) fail(ResponseStatus::malformed);
        part_ = Part::status_line;
        return;
    }
    if (retry_at_ms_ != 0 && answer_.date_ms != 0) {
        const std::int64_t left_ms = std::max<std::int64_t>(retry_at_ms_ - answer_.date_ms, 0);
        answer_.says_retry_after = true;
        answer_.retry_after_s = static_cast<std::uint32_t>(std::min<std::int64_t>(left_ms / 1000, UINT32_MAX));
    }
    sink_.begin(answer_);
    begin_body();
}

void HttpResponse::begin_body() {
    if (answer_.code == 204 || answer_.code == 304) return end();
    if (is_chunked_) {
        // Both is an attempt to smuggle, or a fault (RFC 9112 section 6.3).
        if (has_length_) keeps_connection_ = false;
        part_ = Part::chunk_size;
    } else if (has_length_) {
        expect_body(left_bytes_, Part::counted_body);
        if (left_bytes_ == 0) end();
    } else {
        keeps_connection_ = false;
        part_ = Part::body_until_close;
    }
}

void HttpResponse::expect_body(std::uint64_t size_bytes, Part part) {
    if (size_bytes > max_body_bytes_ - body_bytes_) return fail(ResponseStatus::too_large);
    left_bytes_ = size_bytes;
    part_ = part;
}

void HttpResponse::end_chunk_size(std::string_view line) {
    std::uint64_t size_bytes = 0;
    if (!parse_chunk_size(line, size_bytes)) return fail(ResponseStatus::malformed);
    expect_body(size_bytes, size_bytes == 0 ? Part::trailer : Part::chunk);
}

std::size_t HttpResponse::take_body(Bytes bytes) {
    const bool is_counted = part_ != Part::body_until_close;
    const std::uint64_t wanted = is_counted ? left_bytes_ : max_body_bytes_ - body_bytes_;
    const Bytes piece = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(wanted, bytes.size)));
    if (piece.empty()) {
        fail(ResponseStatus::too_large);
        return 0;
    }
    sink_takes_ = sink_takes_ && sink_.write(piece);
    body_bytes_ += piece.size;
    left_bytes_ -= is_counted ? piece.size : 0;
    if (is_counted && left_bytes_ == 0) end_body();
    return piece.size;
}

void HttpResponse::end_body() {
    if (part_ == Part::counted_body) return end();
    part_ = Part::chunk_end;
}

}  // namespace frameferry
