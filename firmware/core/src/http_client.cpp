#include "frameferry/http_client.h"

#include <algorithm>

#include "http_request_sink.h"

namespace frameferry {

namespace {

// How long an answer is looked for that came before the connection died.
constexpr std::uint32_t last_words_ms = 1'000;

}  // namespace

HttpClient::HttpClient(Transport& transport, Clock& clock, const HttpMemory& memory, const HttpTimeouts& timeouts)
    : transport_(transport), clock_(clock), memory_(memory), timeouts_(timeouts) {}

HttpResult HttpClient::send(const HttpRequest& request, AnswerSink& sink) {
    HttpResult result;
    if (!is_writable(request)) {
        result.status = HttpStatus::bad_request;
        return result;
    }
    result = attempt(request, sink);
    const bool is_lost = result.status == HttpStatus::not_sent || result.status == HttpStatus::no_answer;
    // A connection that died while it was idle.
    return result.was_reused && is_lost ? attempt(request, sink) : result;
}

void HttpClient::close() {
    if (is_open_) transport_.close();
    is_open_ = false;
}

HttpResult HttpClient::attempt(const HttpRequest& request, AnswerSink& sink) {
    HttpResult result;
    result.was_reused = is_usable_for(request.endpoint);
    if (!result.was_reused) {
        result.net = connect(request.endpoint);
        result.status = HttpStatus::not_connected;
        if (!is_open_) return result;
    }
    HttpResponse response(sink, request.max_answer_bytes);
    exchange(request, response, result);
    return result;
}

void HttpClient::exchange(const HttpRequest& request, HttpResponse& response, HttpResult& result) {
    has_stray_bytes_ = false;
    RequestSink out(*this, response);
    const Sent sent = out.send(request);
    result.is_request_sent = sent == Sent::whole;
    result.net = out.net();
    if (sent == Sent::source_failed) {
        result.status = HttpStatus::source_failed;
        return close();
    }
    if (sent != Sent::died) {
        result.net = receive(response, timeouts_.response_ms);
    } else if (result.net != NetStatus::timed_out) {
        receive(response, last_words_ms);
    }
    conclude(response, result);
}

void HttpClient::conclude(const HttpResponse& response, HttpResult& result) {
    result.answer = response.answer();
    switch (response.status()) {
        case ResponseStatus::whole: result.status = HttpStatus::ok; break;
        case ResponseStatus::malformed: result.status = HttpStatus::malformed; break;
        case ResponseStatus::too_large: result.status = HttpStatus::too_large; break;
        default:
            result.status = response.has_begun()      ? HttpStatus::cut
                            : result.is_request_sent ? HttpStatus::no_answer
                                                     : HttpStatus::not_sent;
    }
    used_at_ms_ = clock_.monotonic_ms();
    const bool is_in_order = result.status == HttpStatus::ok && result.is_request_sent && !has_stray_bytes_;
    if (!is_in_order || !response.keeps_connection()) close();
}

// An idle server may have closed the connection, or said that it will (408): both are there to be read already.
bool HttpClient::is_usable_for(const Endpoint& endpoint) {
    if (!is_open_) return false;
    const std::uint64_t now_ms = clock_.monotonic_ms();
    const bool is_same = host_ == endpoint.host && port_ == endpoint.port && uses_tls_ == endpoint.uses_tls;
    if (is_same && now_ms - used_at_ms_ < timeouts_.idle_ms) {
        const NetResult found = transport_.read(memory_.receive, now_ms);
        if (!found.is_dead() && found.bytes == 0) return true;
    }
    close();
    return false;
}

NetStatus HttpClient::connect(const Endpoint& endpoint) {
    host_.clear();
    host_.append(endpoint.host);
    port_ = endpoint.port;
    uses_tls_ = endpoint.uses_tls;
    const std::uint32_t patience_ms = timeouts_.connect_ms + (endpoint.uses_tls ? timeouts_.handshake_ms : 0);
    const NetResult result = transport_.connect({host_.view(), port_, uses_tls_}, clock_.monotonic_ms() + patience_ms);
    is_open_ = !result.is_dead();
    if (is_open_) {
        ++connections_;
    } else {
        transport_.close();
    }
    return result.status;
}

NetResult HttpClient::read_some(HttpResponse& response, std::uint64_t deadline_ms) {
    const NetResult result = transport_.read(memory_.receive, deadline_ms);
    const Bytes bytes(memory_.receive.data, std::min(result.bytes, memory_.receive.size));
    if (response.take(bytes) < bytes.size) has_stray_bytes_ = true;
    if (result.status == NetStatus::closed) response.closed();
    return result;
}

NetStatus HttpClient::receive(HttpResponse& response, std::uint32_t patience_ms) {
    std::uint64_t deadline_ms = clock_.monotonic_ms() + patience_ms;
    bool had_begun = response.has_begun();
    while (response.status() == ResponseStatus::unfinished) {
        const NetResult result = read_some(response, deadline_ms);
        if (result.is_dead()) return result.status;
        const std::uint64_t now_ms = clock_.monotonic_ms();
        if (!had_begun && response.has_begun()) deadline_ms = now_ms + patience_ms;
        had_begun = response.has_begun();
        const bool is_late = now_ms >= deadline_ms && response.status() == ResponseStatus::unfinished;
        if (is_late) return NetStatus::timed_out;
    }
    return NetStatus::again;
}

}  // namespace frameferry
