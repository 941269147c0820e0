// The way of a request onto the wire.
#pragma once

#include "frameferry/http_client.h"

namespace frameferry {

// No character of it would end a line or a word where none ends.
[[nodiscard]] bool is_writable(const HttpRequest& request);

// Gathers bytes to full buffers and writes them; between two it looks whether the server has answered already, as S3
// does that refuses a body and hangs up.
class HttpClient::RequestSink final : public ByteSink {
public:
    RequestSink(HttpClient& client, HttpResponse& response) : client_(client), response_(response) {}

    Sent send(const HttpRequest& request);
    bool write(Bytes bytes) override;
    // What the connection died of.
    [[nodiscard]] NetStatus net() const { return net_; }

private:
    void write_head(const HttpRequest& request);
    void write_host(const Endpoint& endpoint);
    void write_header(std::string_view name, std::string_view value);
    bool put(std::string_view text) { return write(Bytes(text)); }
    bool flush();
    bool write_through(Bytes bytes);
    // False where no more is to be written.
    bool look_for_answer();
    bool die(NetStatus status);

    HttpClient& client_;
    HttpResponse& response_;
    std::size_t used_ = 0;
    std::uint64_t taken_bytes_ = 0;
    std::uint64_t limit_bytes_ = UINT64_MAX;
    NetStatus net_ = NetStatus::again;
    bool is_over_ = false;      // died or answered
    bool is_too_much_ = false;  // more than the body was said to have
};

}  // namespace frameferry
