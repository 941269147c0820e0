// HTTP/1.1 (RFC 9112) over a Transport: one kept-alive connection, deadlines, bounded answers, errors of few kinds.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "frameferry/bytes.h"
#include "frameferry/http_response.h"
#include "frameferry/list.h"
#include "frameferry/ports.h"
#include "frameferry/streams.h"

namespace frameferry {

struct HttpHeader {
    std::string_view name;
    std::string_view value;
};

// Host, Content-Length and Accept-Encoding are written by the client.
struct HttpRequest {
    std::string_view method;
    Endpoint endpoint;
    // Path and query, in pieces that are written one behind the other.
    std::array<std::string_view, 6> target{};
    List<HttpHeader> headers;
    BodySource* body = nullptr;  // none: a body of 0 bytes
    std::uint64_t body_bytes = 0;
    // An answer with more in its body is no answer of anything that we talk to.
    std::uint64_t max_answer_bytes = 256U << 10U;
};

enum class HttpStatus : std::uint8_t {
    ok,             // a whole answer, whatever its status says
    bad_request,    // the request cannot be written: a character that would end a line, or no host
    not_connected,  // see `net`
    not_sent,       // died or stalled (timed_out) while the request was written, and nothing was answered
    no_answer,      // died, closed or timed out before the first byte of an answer
    cut,            // the same after it
    malformed,      // not HTTP
    too_large,      // head or body
    source_failed,  // the body's source failed, or gave another length than it was said to have
};

struct HttpResult {
    HttpStatus status = HttpStatus::no_answer;
    NetStatus net = NetStatus::again;  // what the connection said at last, where that is why
    bool was_reused = false;           // the connection
    bool is_request_sent = false;      // whole; false with ok where the server answered before its end and hung up
    // Filled as far as it came: with cut and too_large the code may be known (0 where it is not).
    HttpAnswer answer;
};

// Buffers, given once. The larger `send` is, the fewer TLS records; 4 KiB and 1 KiB are good. At least 64 bytes each.
struct HttpMemory {
    Room send;
    Room receive;
};

struct HttpTimeouts {
    std::uint32_t connect_ms = 10'000;
    std::uint32_t handshake_ms = 15'000;      // more, where there is TLS
    std::uint32_t stalled_write_ms = 20'000;  // without a byte that was taken
    std::uint32_t response_ms = 30'000;       // until the first byte, and from there to the last one
    std::uint32_t idle_ms = 50'000;  // an unused connection is given up before the boxes on the way forget it
};

// Not thread-safe. A request that a reused connection loses before any byte of the answer is sent once more on a new
// one: every request must be one that may be carried out twice, and its source is asked again from the beginning.
class HttpClient {
public:
    HttpClient(Transport& transport, Clock& clock, const HttpMemory& memory,
               const HttpTimeouts& timeouts = HttpTimeouts());

    // Keeps the connection if the server does; another endpoint than before closes the one that stands.
    HttpResult send(const HttpRequest& request, AnswerSink& sink);
    // The next request begins with a new connection.
    void close();
    // Since the start: for the heartbeat and the bench.
    [[nodiscard]] std::uint32_t connections() const { return connections_; }

private:
    class RequestSink;

    enum class Sent : std::uint8_t { whole, answered, died, source_failed };

    HttpResult attempt(const HttpRequest& request, AnswerSink& sink);
    void exchange(const HttpRequest& request, HttpResponse& response, HttpResult& result);
    [[nodiscard]] bool is_usable_for(const Endpoint& endpoint);
    NetStatus connect(const Endpoint& endpoint);
    // Reads until the answer has ended, at most so long for its first byte, and again for all others.
    NetStatus receive(HttpResponse& response, std::uint32_t patience_ms);
    NetResult read_some(HttpResponse& response, std::uint64_t deadline_ms);
    void conclude(const HttpResponse& response, HttpResult& result);

    Transport& transport_;
    Clock& clock_;
    HttpMemory memory_;
    HttpTimeouts timeouts_;
    Text<127> host_;  // of the connection that stands
    std::uint16_t port_ = 0;
    bool uses_tls_ = false;
    bool is_open_ = false;
    bool has_stray_bytes_ = false;  // more came than the answer
    std::uint64_t used_at_ms_ = 0;
    std::uint32_t connections_ = 0;
};

// A URL in its parts, which are views of it. Only http and https, with a host and without a user.
struct Url {
    Endpoint endpoint;
    std::string_view path;  // with the query; empty, or begins with "/"
};
[[nodiscard]] bool parse_url(std::string_view text, Url& url);

}  // namespace frameferry
