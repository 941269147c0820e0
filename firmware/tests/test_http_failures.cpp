#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fakes/http_fixture.h"

using namespace http_fixture;

TEST_CASE("a connection that cannot be made is named") {
    for (const NetStatus status : {NetStatus::no_address, NetStatus::refused, NetStatus::timed_out,
                                   NetStatus::tls_failed, NetStatus::no_memory}) {
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
    for (const auto& spoil :
         {+[](Fixture& it) { it.body.piece = 10, it.body.fails_at = 500; },
          +[](Fixture& it) { it.request.body_bytes = 999; }, +[](Fixture& it) { it.request.body_bytes = 1'001; },
          +[](Fixture& it) { it.body.fails_at = 0; }}) {
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
    it.network.plan = {answering({"220 smtp.example.org\r\n"}),
                       answering({"HTTP/1.1 200 OK\r\nContent-Length: 262145\r\n\r\n"})};
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
