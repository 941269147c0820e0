// What goes wrong for ever is asked for less and less, and holds up nothing else.
#include <doctest/doctest.h>

#include <ctime>
#include <string>

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

std::string http_date(std::int64_t utc_ms) {
    const auto seconds = static_cast<std::time_t>(utc_ms / 1000);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 40> text{};
    std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    return text.data();
}

struct Backlog {
    Backlog() {
        REQUIRE(run.pair());
        run.take(8);
    }
    [[nodiscard]] int requests(const std::string& method) const {
        int count = 0;
        for (const Request& request : world.network.requests) count += request.method == method ? 1 : 0;
        return count;
    }
    World world;
    Run run{world, config()};
};

}  // namespace

TEST_CASE("an S3 that finds every time skewed is asked less and less") {
    Backlog backlog;
    std::int64_t says_ms = fake_cloud::Cloud::utc_at_zero_ms;
    SUBCASE("with a clock that nobody can set") { backlog.world.clock.is_kept_right = true; }
    SUBCASE("each time by another time") {}
    const bool is_moving = !backlog.world.clock.is_kept_right;
    backlog.world.network.instead = [&](const Request& request) -> std::optional<Answer> {
        if (request.method != "PUT") return {};
        says_ms += is_moving ? 60'000 : 0;
        Answer answer = fake_cloud::s3_error(403, "RequestTimeTooSkewed");
        answer.headers.emplace_back("Date", http_date(says_ms + 86'400'000));
        backlog.world.clock.now_ms += 10;
        return answer;
    };
    for (int steps = 0; steps < 2'000; ++steps) {
        backlog.world.clock.now_ms += std::min<std::uint32_t>(backlog.run.device->uplink_step(), 60'000);
    }
    const std::uint64_t until_ms = backlog.world.clock.now_ms + 600'000;
    const int before = backlog.requests("PUT");
    while (backlog.world.clock.now_ms < until_ms && backlog.requests("PUT") < before + 1'000) {
        backlog.world.clock.now_ms += std::min<std::uint32_t>(backlog.run.device->uplink_step(), 60'000);
    }
    CHECK(backlog.requests("PUT") - before < 60);
    backlog.world.network.instead = nullptr;
    REQUIRE(backlog.run.drain());
    CHECK(backlog.world.cloud.photos.size() == 8);
}

TEST_CASE("a pack that always arrives damaged does not hold up the others, and stays") {
    Backlog backlog;
    backlog.world.network.instead = [](const Request& request) -> std::optional<Answer> {
        const bool is_first = request.target.find("/packs/0000000000000000-") != std::string::npos;
        if (request.method != "PUT" || !is_first) return {};
        return fake_cloud::s3_error(400, "BadDigest");
    };
    CHECK_FALSE(backlog.run.drain());
    CHECK(backlog.world.cloud.photos.size() == 6);
    CHECK(backlog.run.device->queue().waiting_captures() == 2);
    backlog.world.network.instead = nullptr;
    REQUIRE(backlog.run.drain());
    CHECK(backlog.world.cloud.photos.size() == 8);
}

TEST_CASE("a server that knows no time itself is not asked without end by who is in a hurry") {
    World world;
    world.network.instead = [&](const Request& request) -> std::optional<Answer> {
        if (request.target != "/api/devices/activate" && request.target != "/api/devices/sync") return {};
        Answer answer = world.cloud.answer(request);
        for (std::size_t at = 0; (at = answer.body.find("\"2025-", at)) != std::string::npos; ++at) {
            answer.body.replace(at, 6, "\"1970-");
        }
        return answer;
    };
    Run run(world, config());
    REQUIRE(run.pair());
    run.go_on(10'000, false);
    CHECK(world.clock.known == ClockQuality::never_set);
    const std::size_t before = world.cloud.syncs.size();
    run.device->send_now();
    for (int steps = 0; steps < 100; ++steps) run.device->uplink_step();
    CHECK(world.cloud.syncs.size() - before < 5);
}

TEST_CASE("what S3 takes and never has is sent less and less, also where the cloud gives it a new place each time") {
    Backlog backlog;
    backlog.world.cloud.keeps_nothing = true;
    SUBCASE("it says that nothing is there") {}
    SUBCASE("it gives a new place") { backlog.world.cloud.offers_again = true; }
    const std::uint64_t until_ms = backlog.world.clock.now_ms + 3'600'000;
    for (int steps = 0; steps < 5'000 && backlog.world.clock.now_ms < until_ms; ++steps) {
        backlog.world.clock.now_ms += std::min<std::uint32_t>(backlog.run.device->uplink_step(), 60'000);
    }
    CHECK(backlog.world.clock.now_ms >= until_ms);
    CHECK(backlog.world.cloud.puts < 4 * 30);
    backlog.world.cloud.keeps_nothing = false;
    REQUIRE(backlog.run.drain());
    CHECK(backlog.world.cloud.photos.size() == 8);
}
