// A client on a network that follows a plan, with one request.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "fakes/fake_transport.h"
#include "fakes/text_sink.h"
#include "frameferry/http_client.h"

namespace http_fixture {

using namespace frameferry;

struct Sink final : AnswerSink {
    void begin(const HttpAnswer& answer) override {
        ++begun;
        code = answer.code;
    }
    bool write(Bytes bytes) override {
        body += bytes.text();
        return true;
    }

    int begun = 0;
    unsigned code = 0;
    std::string body;
};

// A client, its network, and one request.
struct Fixture {
    FakeClock clock;
    FakeTransport network{clock};
    std::array<std::uint8_t, 128> send_room{};
    std::array<std::uint8_t, 64> receive_room{};
    HttpClient client{network, clock, {send_room, receive_room}};
    TextBody body{std::string(1'000, 'x')};
    HttpRequest request;
    Sink sink;

    Fixture() {
        request.method = "PUT";
        request.endpoint = {"host", 80, false};
        request.target = {"/path", "?", "query"};
        request.body = &body;
        request.body_bytes = body.text.size();
    }

    HttpResult send() {
        sink = Sink();
        return client.send(request, sink);
    }
};

inline const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
inline const std::string refusal = "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 4\r\n\r\n<No>";

inline FakeConnection answering(std::vector<std::string> answers) {
    FakeConnection connection;
    connection.answers = std::move(answers);
    return connection;
}

}  // namespace http_fixture
