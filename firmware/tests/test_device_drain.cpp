// The whole device before a cloud in this process: the queue drains, each photo is there once, and none leaves the card
// before a receipt that verifies.
#include <doctest/doctest.h>

#include "fakes/device_run.h"

using namespace frameferry;
using device_run::Run;
using device_run::World;
using fake_cloud::Answer;
using fake_cloud::Request;

namespace {

void check_promise(const World& world, std::size_t photos) {
    CHECK(world.cloud.photos.size() == photos);
    CHECK(world.cloud.doubled.empty());
    CHECK(world.removed_unproved.empty());
    CHECK_FALSE(world.network.had_two_at_once);
}

// One pack is four photos.
DeviceConfig config() {
    DeviceConfig made;
    made.limits.captures = 4;
    made.limits.pack_bytes = 64 << 10;
    return made;
}

}  // namespace

TEST_CASE("a device pairs, captures in its rhythm, and the cloud has every photo once") {
    World world;
    Run run(world, config());
    CHECK(run.started == StartStatus::not_paired);
    CHECK(run.device->led_state() == LedState::not_paired);
    REQUIRE(run.pair());
    run.go_on(600'000);
    CHECK(world.camera.taken >= 20);
    REQUIRE(run.drain());
    check_promise(world, static_cast<std::size_t>(world.camera.taken));
    CHECK(run.device->led_state() == LedState::ready);
}

TEST_CASE("a backlog drains in one session over few connections, oldest first") {
    World world;
    Run run(world, config());
    REQUIRE(run.pair());
    run.take(40);
    const int connections = world.network.connections;
    const std::size_t syncs = world.cloud.syncs.size();
    REQUIRE(run.drain());
    check_promise(world, 40);
    CHECK(world.cloud.puts == 10);
    // Places, then ten packs on one connection, then their receipts.
    CHECK(world.network.connections - connections <= 4);
    CHECK(world.cloud.syncs.size() - syncs <= 4);
}

TEST_CASE("more packs than there is room for on the way drain all the same") {
    World world;
    Run run(world, config());
    REQUIRE(run.pair());
    run.take(200);
    REQUIRE(run.drain());
    check_promise(world, 200);
}

TEST_CASE("newest first puts the newest pack first") {
    World world;
    world.cloud.settings = R"({"interval_s":30,"upload_policy":"newest_first"})";
    Run run(world, config());
    REQUIRE(run.pair());
    run.take(24);
    REQUIRE(run.drain());
    check_promise(world, 24);
    std::vector<std::string> puts;
    for (const Request& request : world.network.requests) {
        if (request.method == "PUT") puts.push_back(request.target);
    }
    CHECK(std::is_sorted(puts.rbegin(), puts.rend()));
}

TEST_CASE("a device that is reset between any two steps of a session drains in the end") {
    for (int steps = 0; steps < 12; ++steps) {
        CAPTURE(steps);
        World world;
        {
            Run run(world, config());
            REQUIRE(run.pair());
            run.take(10);
            for (int step = 0; step < steps; ++step) world.clock.now_ms += run.device->uplink_step();
        }
        Run run(world, config());
        CHECK(run.started == StartStatus::ok);
        REQUIRE(run.drain());
        check_promise(world, 10);
    }
}
