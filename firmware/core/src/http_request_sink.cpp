#include "http_request_sink.h"

#include <algorithm>

namespace frameferry {

namespace {

bool is_word(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char character) { return character > ' ' && character <= '~'; });
}

bool is_value(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char character) { return character >= ' ' && character <= '~'; });
}

std::uint16_t usual_port(const Endpoint& endpoint) { return endpoint.uses_tls ? 443 : 80; }

}  // namespace

bool is_writable(const HttpRequest& request) {
    const Endpoint& endpoint = request.endpoint;
    if (endpoint.host.empty() || endpoint.host.size() > 127 || !is_word(endpoint.host)) return false;
    if (request.method.empty() || !is_word(request.method)) return false;
    if (!std::all_of(request.target.begin(), request.target.end(), is_word)) return false;
    const auto first = std::find_if(request.target.begin(), request.target.end(),
                                    [](std::string_view piece) { return !piece.empty(); });
    if (first == request.target.end() || first->front() != '/') return false;
    return std::all_of(request.headers.begin(), request.headers.end(), [](const HttpHeader& header) {
        return !header.name.empty() && is_word(header.name) && is_value(header.value);
    });
}

HttpClient::Sent HttpClient::RequestSink::send(const HttpRequest& request) {
    write_head(request);
    taken_bytes_ = 0;
    limit_bytes_ = request.body_bytes;
    const bool is_made = request.body == nullptr || request.body->write_to(*this);
    if (!is_over_ && (!is_made || is_too_much_ || taken_bytes_ != request.body_bytes)) return Sent::source_failed;
    if (!is_over_) flush();
    if (net_ != NetStatus::again) return Sent::died;
    return is_over_ ? Sent::answered : Sent::whole;
}

void HttpClient::RequestSink::write_head(const HttpRequest& request) {
    put(request.method), put(" ");
    for (const std::string_view piece : request.target) put(piece);
    put(" HTTP/1.1\r\n");
    write_host(request.endpoint);
    for (const HttpHeader& header : request.headers) write_header(header.name, header.value);
    if (request.body != nullptr || request.method != "GET") {
        write_header("Content-Length", Text<20>().append_number(request.body_bytes));
    }
    // Nothing here could unpack an answer.
    write_header("Accept-Encoding", "identity");
    put("\r\n");
}

void HttpClient::RequestSink::write_host(const Endpoint& endpoint) {
    const bool is_ipv6 = endpoint.host.find(':') != std::string_view::npos;
    put("Host: "), put(is_ipv6 ? "[" : ""), put(endpoint.host), put(is_ipv6 ? "]" : "");
    if (endpoint.port != usual_port(endpoint)) put(Text<6>(":").append_number(endpoint.port));
    put("\r\n");
}

void HttpClient::RequestSink::write_header(std::string_view name, std::string_view value) {
    put(name), put(": "), put(value), put("\r\n");
}

bool HttpClient::RequestSink::write(Bytes bytes) {
    if (is_over_ || is_too_much_) return false;
    is_too_much_ = bytes.size > limit_bytes_ - taken_bytes_;
    if (is_too_much_) return false;
    taken_bytes_ += bytes.size;
    const Room buffer = client_.memory_.send;
    while (!bytes.empty()) {
        if (used_ == 0 && bytes.size >= buffer.size) return write_through(bytes);
        const Bytes piece = bytes.first(buffer.size - used_);
        std::copy_n(piece.data, piece.size, buffer.data + used_);
        used_ += piece.size;
        bytes = bytes.from(piece.size);
        if (used_ == buffer.size && !flush()) return false;
    }
    return true;
}

bool HttpClient::RequestSink::flush() {
    const Bytes bytes(client_.memory_.send.data, used_);
    used_ = 0;
    return write_through(bytes);
}

bool HttpClient::RequestSink::write_through(Bytes bytes) {
    Clock& clock = client_.clock_;
    std::uint64_t deadline_ms = clock.monotonic_ms() + client_.timeouts_.stalled_write_ms;
    while (!bytes.empty()) {
        if (!look_for_answer()) return false;
        const NetResult result = client_.transport_.write(bytes, deadline_ms);
        if (result.is_dead()) return die(result.status);
        const std::uint64_t now_ms = clock.monotonic_ms();
        if (result.bytes == 0 && now_ms >= deadline_ms) return die(NetStatus::timed_out);
        if (result.bytes != 0) deadline_ms = now_ms + client_.timeouts_.stalled_write_ms;
        bytes = bytes.from(result.bytes);
    }
    return true;
}

bool HttpClient::RequestSink::look_for_answer() {
    Clock& clock = client_.clock_;
    const std::uint64_t deadline_ms = clock.monotonic_ms() + client_.timeouts_.response_ms;
    NetResult result = client_.read_some(response_, clock.monotonic_ms());
    // A part of a status line says nothing yet: with a 1xx the body goes on.
    while (!result.is_dead() && !response_.has_answer() && !response_.is_between_heads()) {
        result = client_.read_some(response_, deadline_ms);
        if (!result.is_dead() && clock.monotonic_ms() >= deadline_ms) return die(NetStatus::timed_out);
    }
    if (result.is_dead() && !response_.has_answer()) return die(result.status);
    is_over_ = response_.has_answer();
    return !is_over_;
}

bool HttpClient::RequestSink::die(NetStatus status) {
    net_ = status;
    is_over_ = true;
    return false;
}

}  // namespace frameferry
