#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fakes/http_fixture.h"

using namespace http_fixture;

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
          "PUT /path?query HTTP/1.1\r\nHost: host\r\nIf-None-Match: *\r\nContent-Length: 1000\r\nAccept-Encoding: "
          "identity\r\n\r\n" +
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
