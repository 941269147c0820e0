// Motion, a camera or a card that fails, and the LAN, with a whole device.
#include <doctest/doctest.h>

#include "fakes/device_run.h"

using namespace frameferry;
using device_run::Run;
using device_run::World;

namespace {

DeviceConfig config() {
    DeviceConfig made;
    made.limits.captures = 4;
    made.limits.pack_bytes = 64 << 10;
    return made;
}

std::size_t events_of(const World& world, const std::string& kind) {
    std::size_t count = 0;
    for (const auto& [name, event] : world.cloud.events) count += name.rfind(kind + " ", 0) == 0 ? 1 : 0;
    return count;
}

struct Paired {
    Paired() { REQUIRE(run.pair()); }
    World world;
    Run run{world, config()};
};

}  // namespace

TEST_CASE("motion takes a photo at once, and tells of one event in five seconds") {
    Paired paired;
    paired.world.cloud.settings = R"({"interval_s":86400,"motion":true})";
    paired.world.cloud.settings_version = 2;
    paired.run.go_on(120'000);
    const int taken = paired.world.camera.taken;
    for (int times = 0; times < 4; ++times) {
        paired.run.device->motion_seen(820);
        paired.run.device->capture_step();
    }
    CHECK(paired.world.camera.taken == taken + 1);
    REQUIRE(paired.run.drain(30'000));
    CHECK(events_of(paired.world, "motion") == 1);
}

TEST_CASE("motion that nobody wants, or during a pause, is nothing") {
    Paired paired;
    paired.world.cloud.settings = R"({"interval_s":86400,"motion":false})";
    paired.world.cloud.settings_version = 2;
    paired.run.go_on(120'000);
    const int taken = paired.world.camera.taken;
    paired.run.device->motion_seen(820);
    paired.run.go_on(60'000);
    CHECK(paired.world.camera.taken == taken);
    CHECK(events_of(paired.world, "motion") == 0);
}

TEST_CASE("a camera that gives nothing is a fault that is told once, and ends with the next photo") {
    Paired paired;
    paired.world.camera.is_dead = true;
    paired.run.go_on(300'000);
    CHECK(paired.run.device->led_state() == LedState::fault);
    CHECK(events_of(paired.world, "error") == 1);
    paired.world.camera.is_dead = false;
    paired.run.go_on(60'000);
    CHECK(paired.run.device->led_state() != LedState::fault);
    paired.world.camera.is_torn = true;
    paired.run.go_on(120'000);
    CHECK(events_of(paired.world, "error") == 2);
    CHECK(paired.world.removed_unproved.empty());
}

TEST_CASE("a card that is away is a fault; the device goes on talking, and captures when it is back") {
    World world;
    {
        Run run(world, config());
        REQUIRE(run.pair());
        run.take(4);
    }
    world.storage.is_away = true;
    Run run(world, config());
    CHECK(run.started == StartStatus::card);
    run.go_on(120'000);
    CHECK(run.device->led_state() == LedState::fault);
    CHECK(world.cloud.syncs.size() > 1);
    world.storage.is_away = false;
    run.go_on(300'000);
    REQUIRE(run.drain());
    CHECK(world.cloud.photos.size() >= 10);
    CHECK(world.cloud.doubled.empty());
    CHECK(events_of(world, "error") == 1);
}

TEST_CASE("a card that is pulled out while the device runs loses only what was not taken") {
    Paired paired;
    paired.run.go_on(120'000);
    paired.world.storage.is_away = true;
    paired.run.go_on(120'000);
    CHECK(paired.run.device->led_state() == LedState::fault);
    paired.world.storage.forget_handles();
    paired.world.storage.is_away = false;
    paired.run.go_on(300'000);
    REQUIRE(paired.run.drain());
    CHECK(paired.world.cloud.doubled.empty());
    CHECK(paired.world.removed_unproved.empty());
    CHECK(paired.world.cloud.photos.size() >= 10);
}

TEST_CASE("plain HTTP is for a build that was made so, and for hosts of a private network") {
    const auto status_of = [](const char* url, bool allow_plain_http) {
        World world;
        DeviceConfig made = config();
        made.api_url = url;
        made.allow_plain_http = allow_plain_http;
        return Run(world, made).started;
    };
    CHECK(status_of("http://192.168.1.2:8000/api", false) == StartStatus::no_api);
    CHECK(status_of("http://192.168.1.2:8000/api", true) == StartStatus::not_paired);
    CHECK(status_of("http://barn.local/api", true) == StartStatus::not_paired);
    CHECK(status_of("http://api.example/api", true) == StartStatus::no_api);
    CHECK(status_of("https://api.example/api", true) == StartStatus::not_paired);
    CHECK(status_of("ftp://192.168.1.2/api", true) == StartStatus::no_api);
    CHECK(status_of("nonsense", true) == StartStatus::no_api);
}

TEST_CASE("on a LAN the device has tokens of its own, and its receipts are verified too") {
    World world;
    world.cloud.upload_host = "192.168.1.2";
    world.cloud.upload_scheme = "http";
    DeviceConfig lan = config();
    lan.api_url = "http://barn.local:8000/api";
    lan.allow_plain_http = true;
    {
        Run run(world, lan);
        REQUIRE(run.pair());
        run.take(4);
        world.cloud.signs_badly = true;
        CHECK_FALSE(run.drain());
        world.cloud.signs_badly = false;
        REQUIRE(run.drain());
        CHECK(world.cloud.photos.size() == 4);
    }
    for (const fake_cloud::Request& request : world.network.requests) {
        const bool is_of_lan = request.host == "barn.local" || request.host == "192.168.1.2";
        CHECK(is_of_lan);
    }
    Run run(world, config());
    CHECK(run.started == StartStatus::not_paired);
}

TEST_CASE("a LAN's server that names places on the internet without TLS gets nothing") {
    World world;
    world.cloud.upload_host = "s3.example";
    world.cloud.upload_scheme = "http";
    DeviceConfig lan = config();
    lan.api_url = "http://barn.local:8000/api";
    lan.allow_plain_http = true;
    Run run(world, lan);
    REQUIRE(run.pair());
    run.take(4);
    CHECK_FALSE(run.drain());
    CHECK(world.cloud.puts == 0);
    CHECK(world.cloud.syncs.size() < 300);
}

TEST_CASE("an API's address that is set is in force from the next start on") {
    World world;
    {
        Run run(world, config());
        CHECK_FALSE(run.device->set_api_url("http://192.168.1.2/api"));
        CHECK_FALSE(run.device->set_api_url("nonsense"));
        CHECK(run.device->set_api_url("https://other.test/api/"));
        CHECK(run.device->api_url() == "https://api.test/api");
    }
    Run run(world, config());
    CHECK(run.device->api_url() == "https://other.test/api");
    CHECK(run.device->set_api_url(""));
    Run third(world, config());
    CHECK(third.device->api_url() == "https://api.test/api");
}
