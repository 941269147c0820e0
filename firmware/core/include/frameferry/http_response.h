// An HTTP/1.1 answer as it comes, in pieces of any size (RFC 9112). It allocates nothing and keeps only the headers
// that it knows; all others may have any length up to the head's limit.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "frameferry/bytes.h"
#include "frameferry/streams.h"

namespace frameferry {

struct HttpAnswer {
    std::uint16_t code = 0;          // 200 to 599
    bool says_retry_after = false;   // in seconds, or as a date beside a Date (RFC 9110 section 10.2.3)
    std::uint32_t retry_after_s = 0;
    std::int64_t date_ms = 0;        // of the header Date; 0 where there is none
};

class AnswerSink : public ByteSink {
public:
    // The head of the answer that counts has come. At most once a request, before any byte of the body.
    virtual void begin(const HttpAnswer& answer) = 0;
};

enum class ResponseStatus : std::uint8_t {
    unfinished,
    whole,
    malformed,
    too_large,
};

class HttpResponse {
public:
    static constexpr std::uint32_t max_head_bytes = 16U << 10U;  // of all heads before the body, and of trailers
    static constexpr unsigned max_interim_answers = 8;           // 1xx

    HttpResponse(AnswerSink& sink, std::uint64_t max_body_bytes) : sink_(sink), max_body_bytes_(max_body_bytes) {}

    // How many of the bytes belong to this answer: fewer than all where it ended before them.
    std::size_t take(Bytes bytes);
    // The connection was closed in order: the end of a body that says no other.
    void closed();

    [[nodiscard]] ResponseStatus status() const { return status_; }
    [[nodiscard]] const HttpAnswer& answer() const { return answer_; }
    // Some byte has come, be it of a 1xx.
    [[nodiscard]] bool has_begun() const { return has_begun_; }
    // A final status has come, or nothing that could become one will.
    [[nodiscard]] bool has_answer() const { return answer_.code != 0 || status_ != ResponseStatus::unfinished; }
    // Nothing has come since the beginning or since the last 1xx.
    [[nodiscard]] bool is_between_heads() const { return part_ == Part::status_line && line_size_ == 0; }
    // After its end the connection can be used again.
    [[nodiscard]] bool keeps_connection() const { return keeps_connection_; }

private:
    enum class Part : std::uint8_t {
        status_line,
        header,
        counted_body,
        body_until_close,
        chunk_size,
        chunk,
        chunk_end,
        trailer,
    };

    void take_line_character(char character);
    void end_line();
    void end_status_line(std::string_view line);
    void end_header(std::string_view line);
    void keep_retry_after(std::string_view value);
    void keep_length(std::string_view value);
    void keep_codings(std::string_view value);
    void keep_connection(std::string_view value);
    void end_head();
    void begin_body();
    void end_chunk_size(std::string_view line);
    void expect_body(std::uint64_t size_bytes, Part part);
    std::size_t take_body(Bytes bytes);
    void end_body();
    void end() { status_ = ResponseStatus::whole; }
    void fail(ResponseStatus status) { status_ = status; }

    AnswerSink& sink_;
    std::uint64_t max_body_bytes_;
    std::uint64_t body_bytes_ = 0;
    std::uint64_t left_bytes_ = 0;  // of the body, or of the chunk
    HttpAnswer answer_;
    std::int64_t retry_at_ms_ = 0;
    std::array<char, 128> line_{};  // the beginning of the line that comes
    std::uint32_t head_bytes_ = 0;
    std::uint8_t line_size_ = 0;
    bool line_is_cut_ = false;  // it was longer
    std::uint8_t interim_answers_ = 0;
    Part part_ = Part::status_line;
    ResponseStatus status_ = ResponseStatus::unfinished;
    bool has_begun_ = false;
    bool has_length_ = false;
    bool is_chunked_ = false;
    bool is_interim_ = false;
    bool sink_takes_ = true;
    bool keeps_connection_ = true;
};

}  // namespace frameferry
