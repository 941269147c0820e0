// What the log and the steps say when the network does not do what it should, and what they must not say.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fakes/device_run.h"
#include "fakes/log_text.h"
#include "frameferry/http_reason.h"

using namespace frameferry;
using device_run::Run;
using device_run::World;

namespace {

std::string reason(HttpStatus status, NetStatus net = NetStatus::again, std::uint16_t code = 0) {
    HttpResult result;
    result.status = status;
    result.net = net;
    result.answer.code = code;
    const HttpReason said = reason_of(result);
    CHECK(said.fits());
    return std::string(said.view());
}

std::string log_of(Run& run) { return log_text(run.device->log()); }

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// What the log says after a sync, or a PUT, that a network has spoiled so.
struct Spoiled {
    explicit Spoiled(const std::string& host) : host_(host) {
        REQUIRE(run.pair());
        run.drain();
        run.take(1);
        run.device->send_now();
    }
    std::string on_connect(NetStatus status) {
        world.network.on_connect = [this, status](const Endpoint& endpoint) {
            return endpoint.host == host_ ? status : NetStatus::again;
        };
        return go_on();
    }
    std::string instead(const fake_cloud::Answer& answer) {
        world.network.instead = [this, answer](const fake_cloud::Request& request) {
            return request.host == host_ ? std::optional(answer) : std::nullopt;
        };
        return go_on();
    }

    World world;
    Run run{world};

private:
    std::string go_on() {
        run.go_on(90'000, false);
        return log_of(run);
    }

    std::string host_;
};

}  // namespace

TEST_CASE("each end of a request has its words") {
    CHECK(reason(HttpStatus::not_connected, NetStatus::no_address) == "no connection: the name does not resolve");
    CHECK(reason(HttpStatus::not_connected, NetStatus::refused) == "no connection: nobody listens, or no way there");
    CHECK(reason(HttpStatus::not_connected, NetStatus::timed_out) == "no connection: out of time");
    CHECK(reason(HttpStatus::not_connected, NetStatus::tls_failed) == "no connection: TLS failed");
    CHECK(reason(HttpStatus::not_connected, NetStatus::no_memory) == "no connection: too little memory for TLS");
    CHECK(reason(HttpStatus::not_sent, NetStatus::reset) == "not sent: it broke");
    CHECK(reason(HttpStatus::no_answer, NetStatus::closed) == "no answer: the other side hung up");
    CHECK(reason(HttpStatus::cut, NetStatus::reset, 200) == "answer cut off, status 200: it broke");
    CHECK(reason(HttpStatus::ok, NetStatus::closed, 302) == "foreign answer, status 302");
    CHECK(reason(HttpStatus::malformed) == "foreign answer, not HTTP");
    CHECK(reason(HttpStatus::too_large, NetStatus::again, 599) == "foreign answer, too large, status 599");
}

TEST_CASE("any end and any reason fit") {
    for (int status = 0; status <= static_cast<int>(HttpStatus::source_failed); ++status) {
        for (int net = static_cast<int>(NetStatus::no_memory); net <= 0; ++net) {
            CHECK_FALSE(reason(static_cast<HttpStatus>(status), static_cast<NetStatus>(net), 599).empty());
        }
    }
}

TEST_CASE("a sync that does not get through is logged with its reason") {
    CHECK(has(Spoiled("api.test").on_connect(NetStatus::refused), "sync: no connection: nobody listens"));
    CHECK(has(Spoiled("api.test").on_connect(NetStatus::no_address), "sync: no connection: the name does not resolve"));
    CHECK(has(Spoiled("api.test").on_connect(NetStatus::tls_failed), "sync: no connection: TLS failed"));
    CHECK(has(Spoiled("api.test").instead({200, "<html>Sign in</html>", {}}), "sync: foreign answer, status 200"));
    CHECK(has(Spoiled("api.test").instead(fake_cloud::error(503, "slow_down")), "sync: slow_down"));
}

TEST_CASE("a pack that does not get through is logged with its reason") {
    CHECK(has(Spoiled("s3.test").on_connect(NetStatus::timed_out), "upload failed: no connection: out of time"));
    CHECK(has(Spoiled("s3.test").instead(fake_cloud::s3_error(503, "SlowDown")), "upload failed: SlowDown"));
    CHECK(has(Spoiled("s3.test").instead({302, "<html></html>", {}}), "upload failed: foreign answer, status 302"));
}

TEST_CASE("a code that does not get through is logged with the reason, and without the code") {
    World world;
    Run run(world);
    world.network.on_connect = [](const Endpoint&) { return NetStatus::no_address; };
    REQUIRE(run.device->pairing_code("7zk3m-q9v1a"));
    run.device->uplink_step();
    CHECK(has(log_of(run), "pairing: no connection: the name does not resolve"));
    for (const char* secret : {"7zk3m", "7ZK3M"}) CHECK_FALSE(has(log_of(run), secret));
}

TEST_CASE("whatever fails, neither token nor signature nor an answer's text is logged") {
    for (const std::string host : {"api.test", "s3.test"}) {
        for (const int status : {200, 302, 403, 500}) {
            CAPTURE(host);
            CAPTURE(status);
            const std::string log = Spoiled(host).instead({status, "<html>devtok_first hunter2</html>", {}});
            for (const char* secret : {"devtok", "hunter2", "X-Amz", "Signature"}) CHECK_FALSE(has(log, secret));
        }
    }
}
