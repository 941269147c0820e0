#include <doctest/doctest.h>

#include "fakes/device_run.h"
#include "frameferry/portal_device.h"

using device_run::Run;
using device_run::World;
using frameferry::KeptForNextStart;

namespace {

frameferry::DeviceConfig nowhere() {
    frameferry::DeviceConfig config;
    config.api_url = "https://elsewhere.test/api";
    return config;
}

void step(World& world, Run& run) {
    for (int steps = 0; steps < 50 && !run.device->is_paired(); ++steps) {
        world.clock.now_ms += std::min<std::uint32_t>(run.device->uplink_step(), 60'000);
    }
}

}  // namespace

TEST_CASE("a server and a code that the portal took are used from the next start on, and the code once") {
    World world;
    {
        Run first(world, nowhere());
        KeptForNextStart kept(*first.device, world.values);
        CHECK(kept.keep_api_url("https://api.test/api"));
        CHECK(kept.keep_pairing_code("7zk3m-q9v1a"));
        CHECK(kept.api_url() == "https://elsewhere.test/api");
    }
    Run second(world, nowhere());
    KeptForNextStart kept(*second.device, world.values);
    CHECK(kept.api_url() == "https://api.test/api");
    kept.hand_over_code();
    CHECK(world.values.values.count("portal_code") == 0);
    step(world, second);
    CHECK(kept.is_paired());
}

TEST_CASE("a code that could not be given to the device waits") {
    World world;
    Run run(world);
    KeptForNextStart kept(*run.device, world.values);
    CHECK(kept.keep_pairing_code("7zk3m-q9v1a"));
    world.values.is_full = true;
    kept.hand_over_code();
    CHECK(world.values.values.count("portal_code") == 1);
    world.values.is_full = false;
    kept.hand_over_code();
    CHECK(world.values.values.count("portal_code") == 0);
}

TEST_CASE("a code waits until it is known for which server it is") {
    World world;
    frameferry::DeviceConfig config;
    config.api_url = "none";
    Run first(world, config);
    KeptForNextStart without_server(*first.device, world.values);
    CHECK(without_server.keep_pairing_code("7zk3m-q9v1a"));
    without_server.hand_over_code();
    CHECK(world.values.values.count("portal_code") == 1);

    Run second(world);
    KeptForNextStart(*second.device, world.values).hand_over_code();
    CHECK(world.values.values.count("portal_code") == 0);
}

TEST_CASE("a code that cannot be read is forgotten, and nothing kept is nothing to do") {
    World world;
    Run run(world);
    KeptForNextStart kept(*run.device, world.values);
    const int writes = world.values.writes;
    kept.hand_over_code();
    CHECK(world.values.writes == writes);
    CHECK(kept.keep_pairing_code("7zk3m-q9v1a"));
    world.values.values.at("portal_code").front() ^= 1U;
    kept.hand_over_code();
    CHECK(world.values.values.count("portal_code") == 0);
    step(world, run);
    CHECK_FALSE(run.device->is_paired());
}
