#include <doctest/doctest.h>

#include <string>

#include "fakes/fake_transport.h"
#include "fakes/text_sink.h"
#include "frameferry/http_client.h"

using namespace frameferry;

namespace {

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

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const std::string refusal = "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 4\r\n\r\n<No>";

FakeConnection answering(std::vector<std::string> answers) {
    FakeConnection connection;
    connection.answers = std::move(answers);
    return connection;
}

}  // namespace

TEST_CASE("a request has its line, headers, length and body") {
    Fixture it;
    const HttpHeader header{"If-None-Match", "*"};
    it.request.headers = {&header, 1};
    it.network.plan = {answering({ok})};
    const HttpResult result = it.send();
    CHECK(result.status == HttpStatus::ok);
    CHECK(result.answer.code == 200);
    CHECK(result.is_request_sent);
    CHECK(it.sink.body == "hi");
    CHECK(it.network.written.at(0) ==
          "PUT /path?query HTTP/1.1\r\nHost: host\r\nIf-None-Match: *\r\nContent-Length: 1000\r\nAccept-Encoding: identity\r\n\r\n" +
              it.body.text);
}

TEST_CASE("the host is named with its port where that is not the usual one") {
    const auto host_line = [](const Endpoint& endpoint) {
        Fixture it;
        it.network.plan = {answering({ok})};
        it.request.endpoint = endpoint;
        it.send();
        const std::string& written = it.network.written.at(0);
        const std::size_t at = written.find("Host: ");
        return written.substr(at, written.find("\r\n", at) - at);
    };
    CHECK(host_line({"host", 443, true}) == "Host: host");
    CHECK(host_line({"host", 80, false}) == "Host: host");
    CHECK(host_line({"host", 443, false}) == "Host: host:443");
    CHECK(host_line({"127.0.0.1", 9000, false}) == "Host: 127.0.0.1:9000");
    CHECK(host_line({"::1", 9000, false}) == "Host: [::1]:9000");
}

TEST_CASE("what would end a line or a word is not sent") {
    const auto status_with = [](auto change) {
        Fixture it;
        it.network.plan = {answering({ok})};
        change(it.request);
        const HttpResult result = it.send();
        CHECK(it.network.hosts.empty());
        return result.status;
    };
    CHECK(status_with([](HttpRequest& request) { request.target[1] = "?a b"; }) == HttpStatus::bad_request);
    CHECK(status_with([](HttpRequest& request) { request.target[1] = "?a\r\nX: y"; }) == HttpStatus::bad_request);
    CHECK(status_with([](HttpRequest& request) { request.target[1] = "\u00e9"; }) == HttpStatus::bad_request);
    CHECK(status_with([](HttpRequest& request) { request.target = {"path"}; }) == HttpStatus::bad_request);
    CHECK(status_with([](HttpRequest& request) { request.target = {}; }) == HttpStatus::bad_request);
    CHECK(status_with([](HttpRequest& request) { request.endpoint.host = ""; }) == HttpStatus::bad_request);
    CHECK(status_with([](HttpRequest& request) { request.endpoint.host = "a\nb"; }) == HttpStatus::bad_request);
    static const std::string long_host(128, 'h');
    CHECK(status_with([](HttpRequest& request) { request.endpoint.host = long_host; }) == HttpStatus::bad_request);
    static const HttpHeader bad{"X-Token", "a\r\nX: y"};
    CHECK(status_with([](HttpRequest& request) { request.headers = {&bad, 1}; }) == HttpStatus::bad_request);
}

TEST_CASE("a connection is kept, and used again") {
    Fixture it;
    it.network.plan = {answering({ok, ok})};
    CHECK_FALSE(it.send().was_reused);
    const HttpResult result = it.send();
    CHECK(result.status == HttpStatus::ok);
    CHECK(result.was_reused);
    CHECK(it.client.connections() == 1);
}

TEST_CASE("another host gets a connection of its own, and so does one whose server has said close") {
    Fixture it;
    it.network.plan = {answering({ok}), answering({refusal}), answering({ok})};
    it.send();
    it.request.endpoint = {"other", 443, true};
    CHECK(it.send().answer.code == 403);
    CHECK_FALSE(it.network.is_open);
    CHECK(it.send().status == HttpStatus::ok);
    CHECK(it.network.hosts == std::vector<std::string>{"host:80", "other:443s", "other:443s"});
}

TEST_CASE("a connection that was long unused is not used again") {
    Fixture it;
    it.network.plan = {answering({ok, ok}), answering({ok})};
    it.send();
    it.clock.now_ms += 50'000;
    CHECK_FALSE(it.send().was_reused);
    CHECK(it.client.connections() == 2);
}

TEST_CASE("a connection that the server has closed meanwhile, or written to, is not used again") {
    for (const bool is_closed : {true, false}) {
        Fixture it;
        FakeConnection first = answering({ok});
        if (is_closed) {
            first.after_answers = NetStatus::closed;
        } else {
            first.answers[0] += "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n";
            first.piece = ok.size();
        }
        it.network.plan = {first, answering({ok})};
        CHECK(it.send().status == HttpStatus::ok);
        CHECK(it.network.is_open);
        const std::size_t request_bytes = it.network.written.at(0).size();
        const HttpResult result = it.send();
        CHECK(result.status == HttpStatus::ok);
        CHECK(result.answer.code == 200);
        CHECK_FALSE(result.was_reused);
        CHECK(it.network.written.at(0).size() == request_bytes);
    }
}

TEST_CASE("a request that a reused connection loses is sent once more, from its beginning, at whatever byte it died") {
    Fixture once;
    once.network.plan = {answering({ok})};
    once.send();
    const std::size_t request_bytes = once.network.written.at(0).size();
    for (std::size_t lost_at = 0; lost_at <= request_bytes; lost_at += 7) {
        for (const NetStatus end : {NetStatus::reset, NetStatus::closed, NetStatus::again}) {
            CAPTURE(lost_at);
            Fixture it;
            FakeConnection stale = answering({ok});
            stale.write_limit = request_bytes + lost_at;
            stale.write_end = end;
            it.network.plan = {stale, answering({ok})};
            CHECK(it.send().status == HttpStatus::ok);
            const HttpResult result = it.send();
            CHECK(result.status == HttpStatus::ok);
            CHECK_FALSE(result.was_reused);
            CHECK(it.network.written.at(1) == once.network.written.at(0));
            CHECK(it.client.connections() == 2);
        }
    }
}

TEST_CASE("a request that a reused connection takes whole and never answers is sent once more") {
    for (const NetStatus end : {NetStatus::reset, NetStatus::closed, NetStatus::again}) {
        Fixture it;
        FakeConnection stale = answering({ok, ""});
        stale.after_answers = end;
        it.network.plan = {stale, answering({ok})};
        CHECK(it.send().status == HttpStatus::ok);
        CHECK(it.send().status == HttpStatus::ok);
        CHECK(it.client.connections() == 2);
    }
}

TEST_CASE("only one more try is made, and none where the connection was new") {
    Fixture it;
    FakeConnection stale = answering({ok});
    FakeConnection dead = answering({});
    dead.write_limit = 0;
    stale.write_limit = 1'100;
    it.network.plan = {stale, dead, answering({ok})};
    it.send();
    CHECK(it.send().status == HttpStatus::not_sent);
    CHECK(it.network.plan.size() == 1);
    CHECK(it.body.times_asked <= 3);

    Fixture fresh;
    fresh.network.plan = {dead, answering({ok})};
    CHECK(fresh.send().status == HttpStatus::not_sent);
    CHECK(fresh.network.plan.size() == 1);
}

TEST_CASE("once a byte of the answer came, nothing is sent again") {
    Fixture it;
    FakeConnection first = answering({ok, ok});
    first.read_limit = ok.size() + 1;
    it.network.plan = {first, answering({ok})};
    it.send();
    CHECK(it.send().status == HttpStatus::cut);
    CHECK(it.network.plan.size() == 1);
}

TEST_CASE("a connection that cannot be made is named") {
    for (const NetStatus status : {NetStatus::no_address, NetStatus::refused, NetStatus::timed_out, NetStatus::tls_failed,
                                   NetStatus::no_memory}) {
        Fixture it;
        FakeConnection connection;
        connection.connect = status;
        it.network.plan = {connection};
        const HttpResult result = it.send();
        CHECK(result.status == HttpStatus::not_connected);
        CHECK(result.net == status);
        CHECK(it.sink.begun == 0);
    }
}

TEST_CASE("a handshake gets more time than a connection") {
    Fixture it;
    it.network.plan = {answering({ok}), answering({ok})};
    it.send();
    it.request.endpoint.uses_tls = true;
    it.send();
    CHECK(it.network.patience_ms == std::vector<std::uint64_t>{10'000, 25'000});
}

TEST_CASE("a new connection that is cut at any byte of the request is a failure with a name") {
    Fixture once;
    once.network.plan = {answering({ok})};
    once.send();
    for (std::size_t limit = 0; limit < once.network.written.at(0).size(); ++limit) {
        Fixture it;
        FakeConnection connection = answering({ok});
        connection.write_limit = limit;
        it.network.plan = {connection};
        const HttpResult result = it.send();
        REQUIRE(result.status == HttpStatus::not_sent);
        REQUIRE(result.net == NetStatus::reset);
        REQUIRE_FALSE(result.is_request_sent);
        REQUIRE_FALSE(it.network.is_open);
    }
}

TEST_CASE("an answer that is cut at any byte is a failure with a name") {
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    for (const std::string& answer : {ok, chunked, "HTTP/1.1 100 Continue\r\n\r\n" + ok}) {
        for (std::size_t limit = 0; limit < answer.size(); ++limit) {
            for (const NetStatus end : {NetStatus::reset, NetStatus::closed, NetStatus::again}) {
                CAPTURE(limit);
                Fixture it;
                FakeConnection connection = answering({answer});
                connection.read_limit = limit;
                connection.read_end = end;
                // It is not known to be dead before something is read.
                connection.early_at = 0;
                it.network.plan = {connection};
                const HttpResult result = it.send();
                REQUIRE(result.status != HttpStatus::ok);
                REQUIRE((limit == 0 || result.status == HttpStatus::cut));
                REQUIRE_FALSE(it.network.is_open);
            }
        }
    }
}

TEST_CASE("requests and answers may go byte by byte") {
    Fixture it;
    FakeConnection connection = answering({ok, ok});
    connection.piece = 1;
    it.network.plan = {connection};
    CHECK(it.send().status == HttpStatus::ok);
    CHECK(it.send().was_reused);
    CHECK(it.sink.body == "hi");
}

TEST_CASE("no bytes do not mean that the time is over") {
    Fixture it;
    FakeConnection connection = answering({ok, ok});
    connection.hesitates = true;
    connection.piece = 3;
    it.network.plan = {connection};
    CHECK(it.send().status == HttpStatus::ok);
    CHECK(it.send().status == HttpStatus::ok);
    CHECK(it.client.connections() == 1);
    CHECK(it.clock.now_ms < 2'000);
}

TEST_CASE("a server that answers before the body's end is heard, and the rest is not sent") {
    for (std::size_t early_at = 0; early_at < 1'000; early_at += 13) {
        CAPTURE(early_at);
        Fixture it;
        FakeConnection connection = answering({refusal});
        connection.early_at = early_at;
        connection.after_answers = NetStatus::closed;
        it.body.piece = 50;
        it.network.plan = {connection};
        const HttpResult result = it.send();
        REQUIRE(result.status == HttpStatus::ok);
        REQUIRE(result.answer.code == 403);
        REQUIRE(it.sink.body == "<No>");
        REQUIRE_FALSE(it.network.is_open);
        if (early_at < 900) REQUIRE_FALSE(result.is_request_sent);
    }
}

TEST_CASE("a server that answers before the body's end byte by byte is heard") {
    Fixture it;
    FakeConnection connection = answering({refusal});
    connection.early_at = 200;
    connection.piece = 1;
    it.network.plan = {connection};
    const HttpResult result = it.send();
    CHECK(result.status == HttpStatus::ok);
    CHECK(result.answer.code == 403);
    CHECK_FALSE(result.is_request_sent);
}

TEST_CASE("a connection on which a body was left off is not used again, even if the server would") {
    Fixture it;
    FakeConnection connection = answering({ok, ok});
    connection.early_at = 100;
    it.body.piece = 50;
    it.network.plan = {connection};
    const HttpResult result = it.send();
    CHECK(result.status == HttpStatus::ok);
    CHECK_FALSE(result.is_request_sent);
    CHECK_FALSE(it.network.is_open);
}

TEST_CASE("an answer that lies there when the connection dies under the body is heard") {
    Fixture it;
    FakeConnection connection = answering({refusal});
    connection.early_at = 128;
    connection.write_limit = 128;
    it.network.plan = {connection};
    CHECK(it.send().answer.code == 403);
}

TEST_CASE("with an interim answer the body goes on") {
    Fixture it;
    FakeConnection connection = answering({"HTTP/1.1 100 Continue\r\n\r\n", ok});
    connection.early_at = 100;
    it.network.plan = {connection};
    const HttpResult result = it.send();
    CHECK(result.status == HttpStatus::ok);
    CHECK(result.is_request_sent);
    CHECK(it.sink.body == "hi");
}

TEST_CASE("an early answer that stops within its status line ends the request in time") {
    Fixture it;
    FakeConnection connection = answering({"HTT"});
    connection.early_at = 100;
    it.network.plan = {connection};
    const std::uint64_t began_ms = it.clock.now_ms;
    CHECK(it.send().status == HttpStatus::cut);
    CHECK(it.clock.now_ms - began_ms <= 60'000);
}

TEST_CASE("a write that stalls is given up after 20 s") {
    Fixture it;
    FakeConnection connection = answering({ok});
    connection.write_limit = 500;
    connection.write_end = NetStatus::again;
    it.network.plan = {connection};
    const std::uint64_t began_ms = it.clock.now_ms;
    const HttpResult result = it.send();
    CHECK(result.status == HttpStatus::not_sent);
    CHECK(result.net == NetStatus::timed_out);
    CHECK(it.clock.now_ms - began_ms == 20'000);
}

TEST_CASE("an answer that does not come is given up after 30 s") {
    Fixture it;
    it.network.plan = {answering({""})};
    const std::uint64_t began_ms = it.clock.now_ms;
    const HttpResult result = it.send();
    CHECK(result.status == HttpStatus::no_answer);
    CHECK(result.net == NetStatus::timed_out);
    CHECK(it.clock.now_ms - began_ms == 30'000);
}

TEST_CASE("an answer that trickles is given up 30 s after its first byte") {
    Fixture it;
    FakeConnection connection = answering({"HTTP/1.1 200 OK\r\n\r\n" + std::string(10'000, 'a')});
    connection.piece = 1;
    connection.ms_per_read = 1'000;
    it.request.body_bytes = 0;
    it.request.body = nullptr;
    it.network.plan = {connection};
    const std::uint64_t began_ms = it.clock.now_ms;
    CHECK(it.send().status == HttpStatus::cut);
    CHECK(it.clock.now_ms - began_ms < 130'000);
}

TEST_CASE("a body that fails, or has another length than it should, ends the connection") {
    for (const auto& spoil : {+[](Fixture& it) { it.body.piece = 10, it.body.fails_at = 500; }, +[](Fixture& it) { it.request.body_bytes = 999; },
                              +[](Fixture& it) { it.request.body_bytes = 1'001; }, +[](Fixture& it) { it.body.fails_at = 0; }}) {
        Fixture it;
        spoil(it);
        it.network.plan = {answering({ok}), answering({ok})};
        const HttpResult result = it.send();
        CHECK(result.status == HttpStatus::source_failed);
        CHECK_FALSE(it.network.is_open);
        CHECK(it.sink.begun == 0);
    }
}

TEST_CASE("no more of a body than it should have is ever sent") {
    Fixture it;
    it.request.body_bytes = 999;
    it.body.piece = 100;
    it.network.plan = {answering({ok})};
    it.send();
    CHECK(it.network.written.at(0).size() < 1'100);
    CHECK(it.network.written.at(0).find(std::string(999, 'x')) == std::string::npos);
}

TEST_CASE("a foreign answer is read to its end, and its status is told") {
    Fixture it;
    it.network.plan = {answering({"HTTP/1.0 302 Found\r\nLocation: http://portal/\r\n\r\n<html>"})};
    it.network.plan[0].after_answers = NetStatus::closed;
    const HttpResult result = it.send();
    CHECK(result.status == HttpStatus::ok);
    CHECK(result.answer.code == 302);
    CHECK(it.sink.body == "<html>");
}

TEST_CASE("what is not HTTP, and what is too much, is named") {
    Fixture it;
    it.network.plan = {answering({"220 smtp.example.org\r\n"}), answering({"HTTP/1.1 200 OK\r\nContent-Length: 262145\r\n\r\n"})};
    CHECK(it.send().status == HttpStatus::malformed);
    const HttpResult result = it.send();
    CHECK(result.status == HttpStatus::too_large);
    CHECK(result.answer.code == 200);
    CHECK_FALSE(it.network.is_open);
}

TEST_CASE("more than one answer ends the connection") {
    Fixture it;
    it.network.plan = {answering({ok + "x"}), answering({ok})};
    CHECK(it.send().status == HttpStatus::ok);
    CHECK_FALSE(it.network.is_open);
    CHECK_FALSE(it.send().was_reused);
}

TEST_CASE("a request without a body says so") {
    Fixture it;
    it.network.plan = {answering({ok})};
    it.request.body = nullptr;
    it.request.body_bytes = 0;
    CHECK(it.send().status == HttpStatus::ok);
    CHECK(it.network.written.at(0).find("Content-Length: 0\r\n") != std::string::npos);
}
