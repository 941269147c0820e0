// What a phone asks of the portal: one HTTP/1.1 request a connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "frameferry/bytes.h"

namespace frameferry {

// Takes a request as it comes. Of the head it keeps what the portal asks for, so that a browser may say what it likes
// besides; the body goes into the room that is given. One thread.
class PortalRequest {
public:
    static constexpr std::size_t most_head_bytes = 16'384;

    enum class Progress : std::uint8_t {
        more,   // goes on
        whole,
        bad,    // see `refusal`; the rest need not be read
    };

    explicit PortalRequest(Room body) : body_(body) {}

    Progress take(Bytes bytes);

    // Once it is whole.
    [[nodiscard]] bool is_get() const { return method_ == "GET" || is_head(); }
    [[nodiscard]] bool is_head() const { return method_ == "HEAD"; }
    [[nodiscard]] bool is_post() const { return method_ == "POST"; }
    [[nodiscard]] std::string_view path() const { return path_; }      // without the query
    [[nodiscard]] std::string_view host() const { return host_; }      // without the port; empty where none was said
    [[nodiscard]] std::string_view origin() const { return origin_; }  // of the page that posts; empty likewise
    [[nodiscard]] bool is_form() const { return is_form_; }
    [[nodiscard]] Room body() const { return body_.first(body_size_); }
    // The status to answer a bad one with: 400, 411, 413, 414, 431 or 501.
    [[nodiscard]] int refusal() const { return refusal_; }

private:
    enum class Part : std::uint8_t { request_line, headers, body, done };

    void take_character(char character);
    void end_line();
    void take_request_line(std::string_view line);
    void take_header(std::string_view line);
    void end_head();
    void take_length(std::string_view value);
    void refuse(int status);
    [[nodiscard]] Progress progress() const;

    Room body_;
    Part part_ = Part::request_line;
    Text<512> line_;
    std::size_t head_bytes_ = 0;
    Text<7> method_;
    Text<127> path_;
    Text<63> host_;
    Text<127> origin_;
    bool is_form_ = false;
    bool has_length_ = false;
    std::size_t length_ = 0;
    std::size_t body_size_ = 0;
    int refusal_ = 0;
};

}  // namespace frameferry
