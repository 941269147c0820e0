// What S3 and the API may answer (docs/protocol.md), and what becomes of the photos.
#include <doctest/doctest.h>

#include <algorithm>

#include "fakes/device_run.h"

using namespace frameferry;
using device_run::Run;
using device_run::World;
using fake_cloud::Answer;
using fake_cloud::Request;

namespace {

DeviceConfig config() {
    DeviceConfig made;
    made.limits.captures = 2;
    made.limits.pack_bytes = 16 << 10;
    return made;
}

void check_promise(const World& world, std::size_t photos) {
    CHECK(world.cloud.photos.size() == photos);
    CHECK(world.cloud.doubled.empty());
    CHECK(world.removed_unproved.empty());
}

// A paired device with eight photos in four packs.
struct Backlog {
    Backlog() : run(world, config()) {
        REQUIRE(run.pair());
        run.take(8);
    }
    // The first so many PUTs get this answer.
    void puts_get(int times, const Answer& answer) {
        world.network.instead = [this, times, answer](const Request& request) -> std::optional<Answer> {
            if (request.method != "PUT" || ++answered > times) return {};
            return answer;
        };
    }
    void syncs_get(int times, const Answer& answer) {
        world.network.instead = [this, times, answer](const Request& request) -> std::optional<Answer> {
            if (request.target.find("/sync") == std::string::npos || ++answered > times) return {};
            return answer;
        };
    }
    World world;
    Run run;
    int answered = 0;
};

}  // namespace

TEST_CASE("a 403 gets new URLs for the whole batch, at once the first time") {
    Backlog backlog;
    backlog.puts_get(1, fake_cloud::s3_error(403, "AccessDenied"));
    const std::uint64_t began_ms = backlog.world.clock.now_ms;
    REQUIRE(backlog.run.drain());
    check_promise(backlog.world, 8);
    CHECK(backlog.world.clock.now_ms - began_ms < 61'000);
    CHECK(backlog.answered == 5);
}

TEST_CASE("one 403 is enough to know that the whole batch is dead") {
    Backlog backlog;
    std::string dead_batch;
    backlog.world.network.instead = [&](const Request& request) -> std::optional<Answer> {
        if (request.method != "PUT") return {};
        const std::string batch = request.target.substr(request.target.find("batch="), 8);
        if (dead_batch.empty()) dead_batch = batch;
        if (batch != dead_batch) return {};
        ++backlog.answered;
        return fake_cloud::s3_error(403, "ExpiredToken");
    };
    REQUIRE(backlog.run.drain());
    check_promise(backlog.world, 8);
    CHECK(backlog.answered == 1);
}

TEST_CASE("a pack whose answer was lost behind its last byte is asked for, and not sent again") {
    Backlog backlog;
    backlog.world.network.instead = [&](const Request& request) -> std::optional<Answer> {
        if (request.method == "PUT" && ++backlog.answered == 1) {
            backlog.world.network.cut_at_byte = backlog.world.network.moved_bytes;
        }
        return {};
    };
    REQUIRE(backlog.run.drain());
    check_promise(backlog.world, 8);
    CHECK(backlog.world.cloud.puts == 4);
}

TEST_CASE("a place under another key than the pack's is not used") {
    Backlog backlog;
    backlog.world.network.instead = [&](const Request& request) -> std::optional<Answer> {
        if (request.target.find("/sync") == std::string::npos || backlog.world.clock.now_ms > 600'000) return {};
        Answer answer = backlog.world.cloud.answer(request);
        for (std::size_t at = 0; (at = answer.body.find("\"packs/", at)) != std::string::npos; ++at) {
            answer.body.replace(at, 7, "\"other/");
        }
        return answer;
    };
    CHECK_FALSE(backlog.run.drain(500'000));
    CHECK(backlog.world.cloud.puts == 0);
    REQUIRE(backlog.run.drain());
    check_promise(backlog.world, 8);
}

TEST_CASE("an S3 that is none is not asked more than once in a while") {
    Backlog backlog;
    backlog.puts_get(1'000'000, Answer{404, "<html>no such page</html>", {}});
    CHECK_FALSE(backlog.run.drain(3'600'000));
    CHECK(backlog.answered < 60);
}

TEST_CASE("a cloud that conflicts with everything for ever does not use up the seqs") {
    Backlog backlog;
    backlog.world.is_eviction_allowed = true;
    backlog.world.cloud.holds_all_otherwise = true;
    CHECK_FALSE(backlog.run.drain(86'400'000));
    CHECK(backlog.run.device->queue().waiting_captures() == 8);
    CHECK(backlog.run.device->queue().next_seq() < 1'000'000 + 1'000);
    backlog.world.cloud.holds_all_otherwise = false;
    REQUIRE(backlog.run.drain());
    check_promise(backlog.world, 8);
}

TEST_CASE("URLs that die before they are used are asked for again") {
    Backlog backlog;
    backlog.world.cloud.place_lifetime_s = 11;
    std::uint64_t slow_ms = 900;
    backlog.world.network.instead = [&](const Request& request) -> std::optional<Answer> {
        if (request.method == "PUT") backlog.world.clock.now_ms += slow_ms;
        return {};
    };
    REQUIRE(backlog.run.drain());
    check_promise(backlog.world, 8);
}

TEST_CASE("URLs that have expired when they come are not asked for again and again") {
    Backlog backlog;
    backlog.world.cloud.place_lifetime_s = 5;
    CHECK_FALSE(backlog.run.drain(3'600'000));
    CHECK(backlog.world.cloud.syncs.size() < 150);
    backlog.world.cloud.place_lifetime_s = 3600;
    REQUIRE(backlog.run.drain());
    check_promise(backlog.world, 8);
}

TEST_CASE("one pack whose URL alone is refused for ever does not hold up the others, and stays") {
    Backlog backlog;
    backlog.world.network.instead = [](const Request& request) -> std::optional<Answer> {
        const bool is_first = request.target.find("packs/0000000000000000-") != std::string::npos;
        if (request.method != "PUT" || !is_first) return {};
        return fake_cloud::s3_error(403, "SignatureDoesNotMatch");
    };
    CHECK_FALSE(backlog.run.drain());
    check_promise(backlog.world, 6);
    CHECK(backlog.run.device->queue().waiting_captures() == 2);
}

TEST_CASE("a 412 is an object that is there, and gets its receipt") {
    Backlog backlog;
    backlog.puts_get(1, {});
    backlog.world.network.instead = [&](const Request& request) -> std::optional<Answer> {
        if (request.method != "PUT" || ++backlog.answered > 1) return {};
        backlog.world.cloud.answer(request);
        return backlog.world.cloud.answer(request);
    };
    REQUIRE(backlog.run.drain(120'000));
    check_promise(backlog.world, 8);
    CHECK(backlog.world.network.requests.back().target.find("/sync") != std::string::npos);
}

TEST_CASE("a 412 that is a lie is found out by the sync, and the pack goes up") {
    Backlog backlog;
    backlog.puts_get(4, fake_cloud::s3_error(412, "PreconditionFailed"));
    REQUIRE(backlog.run.drain());
    check_promise(backlog.world, 8);
}

TEST_CASE("busy and damaged uploads are sent again") {
    const std::vector<Answer> answers{
        fake_cloud::s3_error(400, "BadDigest"),      fake_cloud::s3_error(400, "RequestTimeout"),
        fake_cloud::s3_error(409, "OperationAborted"), fake_cloud::s3_error(500, "InternalError"),
        fake_cloud::s3_error(503, "SlowDown"),       fake_cloud::s3_error(400, "XAmzContentChecksumMismatch"),
        fake_cloud::s3_error(400, "ExpiredToken"),   fake_cloud::s3_error(403, "RequestTimeTooSkewed"),
        Answer{502, "<html>bad gateway</html>", {}}, Answer{404, "not here", {}},
        Answer{302, "", {{"Location", "http://login.example/"}}}};
    for (const Answer& answer : answers) {
        CAPTURE(answer.status);
        CAPTURE(answer.body);
        Backlog backlog;
        backlog.puts_get(5, answer);
        REQUIRE(backlog.run.drain());
        check_promise(backlog.world, 8);
    }
}

TEST_CASE("S3's Retry-After is honoured") {
    Backlog backlog;
    Answer slow_down = fake_cloud::s3_error(503, "SlowDown");
    slow_down.headers.emplace_back("Retry-After", "120");
    backlog.puts_get(1, slow_down);
    const std::uint64_t began_ms = backlog.world.clock.now_ms;
    REQUIRE(backlog.run.drain());
    CHECK(backlog.world.clock.now_ms - began_ms >= 120'000);
    check_promise(backlog.world, 8);
}

TEST_CASE("a pack that S3 refuses three times over an hour is kept aside and reported, and the others go up") {
    Backlog backlog;
    backlog.world.network.instead = [&](const Request& request) -> std::optional<Answer> {
        const bool is_first = request.target.find("packs/0000000000000000-") != std::string::npos;
        if (request.method != "PUT" || !is_first) return {};
        ++backlog.answered;
        return fake_cloud::s3_error(400, "EntityTooLarge");
    };
    const std::uint64_t began_ms = backlog.world.clock.now_ms;
    REQUIRE(backlog.run.drain());
    check_promise(backlog.world, 6);
    CHECK(backlog.answered == 3);
    CHECK(backlog.world.clock.now_ms - began_ms >= 3'600'000);
    CHECK(backlog.world.clock.now_ms - began_ms < 2 * 3'600'000);
    std::string kept;
    for (const auto& [path, bytes] : backlog.world.storage.files) {
        if (path.find(".zip") != std::string::npos) kept += path;
    }
    CHECK(kept.find("/0000000000000000-") != std::string::npos);
    bool was_told = false;
    for (const auto& [name, event] : backlog.world.cloud.events) {
        const bool is_of_a_pack = name.rfind("error", 0) == 0 && event.has("first_seq");
        was_told = was_told || (is_of_a_pack && event.at("first_seq").text == "0");
    }
    CHECK(was_told);
}

TEST_CASE("S3 that keeps nothing deletes nothing") {
    Backlog backlog;
    backlog.world.cloud.keeps_nothing = true;
    CHECK_FALSE(backlog.run.drain(86'400'000));
    CHECK(backlog.run.device->queue().waiting_captures() == 8);
    CHECK(backlog.world.cloud.puts < 400);
    backlog.world.cloud.keeps_nothing = false;
    REQUIRE(backlog.run.drain());
    check_promise(backlog.world, 8);
}

TEST_CASE("a receipt that does not verify deletes nothing, and is reported once a pack") {
    Backlog backlog;
    backlog.world.cloud.signs_badly = true;
    CHECK_FALSE(backlog.run.drain(86'400'000));
    CHECK(backlog.run.device->queue().waiting_captures() == 8);
    std::size_t reports = 0;
    for (const auto& [name, event] : backlog.world.cloud.events) reports += name.rfind("error", 0) == 0 ? 1 : 0;
    CHECK(reports == 4);
    backlog.world.cloud.signs_badly = false;
    REQUIRE(backlog.run.drain());
    check_promise(backlog.world, 8);
}

TEST_CASE("new receipt keys are taken before the receipts that they sign") {
    Backlog backlog;
    backlog.world.cloud.has_new_keys = true;
    REQUIRE(backlog.run.drain());
    check_promise(backlog.world, 8);
    Run second(backlog.world, config());
    second.take(2);
    REQUIRE(second.drain());
    check_promise(backlog.world, 10);
}

TEST_CASE("captures whose seq is held with other bytes go up alone under new ones, and the rest is not sent again") {
    Backlog backlog;
    backlog.world.cloud.held_otherwise = {1, 4, 5};
    const std::string second = backlog.world.camera.last();
    backlog.world.is_eviction_allowed = true;
    REQUIRE(backlog.run.drain());
    check_promise(backlog.world, 8);
    CHECK(backlog.world.cloud.photos.count(1) == 0);
    CHECK(backlog.world.cloud.photos.count(4) == 0);
    CHECK(backlog.world.cloud.photos.rbegin()->first >= 1'000'000);
    // The device counts on behind them.
    CHECK(backlog.run.device->queue().next_seq() > backlog.world.cloud.photos.rbegin()->first);
    std::set<std::string> pictures;
    for (const auto& [seq, jpeg] : backlog.world.cloud.photos) pictures.insert(jpeg);
    CHECK(pictures.size() == 8);
    // And says which numbers no photo has.
    backlog.run.go_on(120'000, false);
    const auto skipped = std::find_if(backlog.world.cloud.events.begin(), backlog.world.cloud.events.end(),
                                      [](const auto& event) { return event.first.rfind("skipped", 0) == 0; });
    REQUIRE(skipped != backlog.world.cloud.events.end());
    CHECK(skipped->second.at("first_seq").number() == 8);
}

TEST_CASE("a busy API is waited for as long as it says") {
    for (const int status : {429, 503, 500, 502, 504}) {
        CAPTURE(status);
        Backlog backlog;
        Answer busy = fake_cloud::error(status, "unavailable");
        busy.headers.emplace_back("Retry-After", "90");
        backlog.syncs_get(3, busy);
        const std::uint64_t began_ms = backlog.world.clock.now_ms;
        REQUIRE(backlog.run.drain());
        CHECK(backlog.world.clock.now_ms - began_ms >= 90'000);
        check_promise(backlog.world, 8);
    }
}

TEST_CASE("one pack that the API refuses does not hold up the others") {
    Backlog backlog;
    backlog.world.cloud.refused_words = {R"("first_seq":2,)"};
    backlog.world.is_eviction_allowed = true;
    REQUIRE(backlog.run.drain());
    check_promise(backlog.world, 6);
}

TEST_CASE("one event that the API refuses does not hold up anything") {
    Backlog backlog;
    backlog.world.cloud.refused_words = {R"("kind":"boot")"};
    REQUIRE(backlog.run.drain());
    check_promise(backlog.world, 8);
}

TEST_CASE("health that the API refuses is not said again, and all else is") {
    Backlog backlog;
    backlog.world.cloud.refused_words = {R"("battery_percent":)"};
    REQUIRE(backlog.run.drain());
    check_promise(backlog.world, 8);
    CHECK_FALSE(backlog.world.cloud.syncs.back().has("health"));
}

TEST_CASE("an API that refuses everything is asked once a minute at most") {
    Backlog backlog;
    backlog.syncs_get(1'000'000, fake_cloud::error(400, "invalid_body"));
    CHECK_FALSE(backlog.run.drain(3'600'000));
    CHECK(backlog.answered < 130);
    backlog.world.network.instead = nullptr;
    REQUIRE(backlog.run.drain());
    check_promise(backlog.world, 8);
}

TEST_CASE("a device that is shut out keeps its photos, goes on capturing, and drains after a new pairing") {
    Backlog backlog;
    backlog.world.cloud.is_revoked = true;
    backlog.run.go_on(1'000'000);
    CHECK(backlog.run.device->led_state() == LedState::refused);
    CHECK(backlog.world.cloud.photos.empty());
    CHECK(backlog.run.device->queue().waiting_captures() > 30);
    CHECK(backlog.run.device->pairing_code("7ZK3M-Q9V1A"));  // it has been used
    backlog.run.go_on(60'000);
    CHECK(backlog.run.device->led_state() == LedState::refused);
    backlog.world.cloud.pairing_code = "0T5WXR2D8K";
    REQUIRE(backlog.run.device->pairing_code("0t5wx-r2d8k"));
    REQUIRE(backlog.run.drain());
    check_promise(backlog.world, static_cast<std::size_t>(backlog.world.camera.taken));
}

TEST_CASE("a pairing code that is of no use is given up, and another one may be typed") {
    World world;
    Run run(world, config());
    REQUIRE(run.device->pairing_code("AAAA-BBBB"));
    run.go_on(10'000);
    CHECK_FALSE(run.device->is_paired());
    const std::size_t asked = world.network.requests.size();
    run.go_on(600'000);
    CHECK(world.network.requests.size() == asked);
    CHECK(run.pair());
}
