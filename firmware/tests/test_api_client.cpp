#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "fakes/fake_transport.h"
#include "frameferry/api_client.h"

using namespace frameferry;

namespace {

std::string http(const std::string& status, const std::string& body, const std::string& headers = "") {
    return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
}

// A client on a network of one connection.
struct Fixture {
    FakeClock clock;
    FakeTransport network{clock};
    std::array<std::uint8_t, 512> send_room{};
    std::array<std::uint8_t, 256> receive_room{};
    std::array<std::uint8_t, 4096> scratch{};
    HttpClient http_client{network, clock, {send_room, receive_room}};
    Url base;
    std::unique_ptr<ApiClient> api;
    std::vector<NamedPack> packs{1};
    std::vector<ObjectAnswer> objects{1};
    std::unique_ptr<SyncAnswer> answer = std::make_unique<SyncAnswer>(objects.data(), objects.size());
    SyncRequest request;

    Fixture() {
        REQUIRE(parse_url("https://api.example.org/api", base));
        api = std::make_unique<ApiClient>(http_client, base, scratch);
        request.objects = {packs.data(), packs.size()};
    }

    ApiResult sync(const FakeConnection& connection) {
        network.plan = {connection};
        http_client.close();
        return api->sync("devtok_a_b", request, *answer);
    }

    ApiResult sync(const std::string& text) {
        FakeConnection connection;
        connection.answers = {text};
        connection.after_answers = NetStatus::closed;
        return sync(connection);
    }
};

const std::string good_body =
    R"({"server_time":"2025-12-26T10:16:00.000Z","settings_version":1,"objects":[{"receipt":{"state":"held","key_id":"r1","signature":"x"}}]})";

std::string error_body(const std::string& code) {
    return R"({"error":{"code":")" + code + R"(","message":"...","request_id":"x"},"next_seq":124})";
}

}  // namespace

TEST_CASE("a sync is posted with the device's token, and its answer is read") {
    Fixture it;
    const ApiResult result = it.sync(http("200 OK", good_body, "Date: Fri, 26 Dec 2025 10:15:30 GMT\r\n"));
    CHECK(result.outcome == ApiOutcome::ok);
    CHECK(result.http.answer.date_ms == 1'766'744'130'000);
    CHECK(it.answer->object_count == 1);
    const std::string& written = it.network.written.at(0);
    CHECK(written.find(
              "POST /api/devices/sync HTTP/1.1\r\nHost: api.example.org\r\nContent-Type: application/json\r\n") == 0);
    CHECK(written.find("\r\nX-Device-Token: devtok_a_b\r\n") != std::string::npos);
    CHECK(written.find("\r\n\r\n{\"objects\":[{\"first_seq\":0,") != std::string::npos);
}

TEST_CASE("a sync whose answer is cut at any byte says nothing of any object") {
    const std::string text = http("200 OK", good_body);
    for (std::size_t limit = 0; limit < text.size(); ++limit) {
        for (const NetStatus end : {NetStatus::closed, NetStatus::reset, NetStatus::again}) {
            Fixture it;
            FakeConnection connection;
            connection.answers = {text};
            connection.read_limit = limit;
            connection.read_end = end;
            connection.early_at = 0;
            REQUIRE(it.sync(connection).outcome == ApiOutcome::no_answer);
            REQUIRE(it.answer->object_count == 0);
        }
    }
}

TEST_CASE("a body without a length that ends too soon says nothing of any object") {
    for (std::size_t size = 0; size < good_body.size(); ++size) {
        Fixture it;
        REQUIRE(it.sync("HTTP/1.1 200 OK\r\n\r\n" + good_body.substr(0, size)).outcome == ApiOutcome::foreign);
        REQUIRE(it.answer->object_count == 0);
    }
}

TEST_CASE("who is not the API is foreign, whatever the status") {
    for (const std::string& text :
         {http("200 OK", "<html>Welcome to the hotspot</html>"), http("200 OK", "{}"), http("200 OK", ""),
          http("200 OK", good_body + "x"), http("302 Found", "", "Location: http://portal/\r\n"),
          http("302 Found", error_body("moved")), http("502 Bad Gateway", "<html>"),
          http("403 Forbidden", R"({"message":"Forbidden"})"), http("404 Not Found", R"({"error":"none"})"),
          http("400 Bad", R"({"error":{"code":5}})"), http("400 Bad", R"([{"error":{"code":"x"}}])"),
          http("204 No Content", ""), std::string("SSH-2.0-OpenSSH\r\n"),
          "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + good_body,
          http("400 Bad", R"({"error":{"code":")" + std::string(50, 'c') + R"("}})")}) {
        CAPTURE(text);
        Fixture it;
        CHECK(it.sync(text).outcome == ApiOutcome::foreign);
        CHECK(it.answer->object_count == 0);
    }
}

TEST_CASE("who says yes before the question is over is foreign") {
    Fixture it;
    FakeConnection connection;
    connection.answers = {http("200 OK", good_body)};
    connection.piece = connection.early_at = 50;
    CHECK(it.sync(connection).outcome == ApiOutcome::foreign);
    CHECK(it.answer->object_count == 0);
}

TEST_CASE("errors of the API are sorted by what a device does about them") {
    const auto outcome = [](const std::string& status, const std::string& code) {
        Fixture it;
        const ApiResult result = it.sync(http(status, error_body(code)));
        CHECK(result.code == code);
        return result.outcome;
    };
    CHECK(outcome("400 Bad Request", "invalid_body") == ApiOutcome::refused);
    CHECK(outcome("401 Unauthorized", "invalid_credential") == ApiOutcome::credential_refused);
    CHECK(outcome("401 Unauthorized", "missing_credential") == ApiOutcome::credential_refused);
    CHECK(outcome("403 Forbidden", "device_revoked") == ApiOutcome::credential_refused);
    CHECK(outcome("403 Forbidden", "foreign_object_key") == ApiOutcome::refused);
    CHECK(outcome("400 Bad Request", "device_revoked") == ApiOutcome::refused);
    CHECK(outcome("409 Conflict", "conflict") == ApiOutcome::refused);
    CHECK(outcome("408 Request Timeout", "x") == ApiOutcome::busy);
    CHECK(outcome("429 Too Many Requests", "rate_limited") == ApiOutcome::busy);
    CHECK(outcome("500 Internal Server Error", "internal") == ApiOutcome::busy);
    CHECK(outcome("503 Service Unavailable", "unavailable") == ApiOutcome::busy);
    CHECK(outcome("504 Gateway Timeout", "timeout") == ApiOutcome::busy);
}

TEST_CASE("next_seq and Retry-After come with an error") {
    Fixture it;
    const ApiResult result = it.sync(http("429 Too Many Requests", error_body("rate_limited"), "Retry-After: 17\r\n"));
    CHECK(result.http.answer.says_retry_after);
    CHECK(result.http.answer.retry_after_s == 17);
    REQUIRE(result.next_seq);
    CHECK(*result.next_seq == 124);
}

TEST_CASE("no network is no answer, and says why") {
    Fixture it;
    FakeConnection connection;
    connection.connect = NetStatus::no_address;
    const ApiResult result = it.sync(connection);
    CHECK(result.outcome == ApiOutcome::no_answer);
    CHECK(result.http.status == HttpStatus::not_connected);
    CHECK(result.http.net == NetStatus::no_address);
}

TEST_CASE("an activation goes without a token, a rotation with the present one") {
    Fixture it;
    FakeConnection connection;
    connection.answers = {http("400 Bad Request", error_body("pairing_code_invalid")),
                          http("200 OK", R"({"device_token":"devtok_new"})")};
    it.network.plan = {connection};
    Activation activation;
    const ApiResult result = it.api->activate({"CODE", "0123456789abcdef", {}}, activation);
    CHECK(result.outcome == ApiOutcome::refused);
    CHECK(result.code == "pairing_code_invalid");
    DeviceToken token;
    CHECK(it.api->rotate_token("devtok_old", token).outcome == ApiOutcome::ok);
    CHECK(token == "devtok_new");
    const std::string& written = it.network.written.at(0);
    const std::size_t second = written.find("POST /api/devices/token");
    CHECK(written.substr(0, second).find("X-Device-Token") == std::string::npos);
    CHECK(written.find("X-Device-Token: devtok_old\r\n", second) != std::string::npos);
    CHECK(written.substr(written.size() - 2) == "{}");
}

TEST_CASE("a token that would end a header is not sent") {
    Fixture it;
    it.network.plan = {FakeConnection()};
    CHECK(it.api->sync("devtok\r\nX: y", it.request, *it.answer).http.status == HttpStatus::bad_request);
    CHECK(it.network.hosts.empty());
}
