// Commands and settings of a whole device, across resets at every write that is kept; test_device_pause has the pauses.
#include <doctest/doctest.h>

#include "fakes/device_run.h"

using namespace frameferry;
using device_run::Run;
using device_run::World;
using memory_ports::PowerCut;

namespace {

const char* const command_id = "01KDD2G0EG000G40R40M30E209";

DeviceConfig config() {
    DeviceConfig made;
    made.limits.captures = 4;
    made.limits.pack_bytes = 64 << 10;
    return made;
}

struct Paired {
    Paired() { REQUIRE(run.pair()); }
    void command(const std::string& kind, const std::string& arguments = "") {
        world.cloud.commands.push_back({command_id, kind, arguments});
        run.go_on(180'000);
    }
    std::string status() { return world.cloud.acks[command_id]; }
    std::string detail() { return world.cloud.details[command_id]; }
    World world;
    Run run{world, config()};
};

}  // namespace

TEST_CASE("a photo that is wanted now is taken and goes up at once") {
    Paired paired;
    paired.world.cloud.settings = R"({"interval_s":86400})";
    paired.world.cloud.settings_version = 2;
    paired.run.go_on(120'000);
    const std::size_t before = paired.world.cloud.photos.size();
    paired.world.cloud.commands.push_back({command_id, "capture_now", ""});
    paired.run.go_on(62'000);
    CHECK(paired.status() == "done");
    CHECK(paired.world.cloud.photos.size() == before + 1);
    CHECK(paired.run.device->is_drained());
}

TEST_CASE("settings come with a sync, reach the camera, and survive a reboot") {
    Paired paired;
    paired.world.cloud.settings = R"({"interval_s":10,"jpeg_quality":30,"resolution":"SVGA"})";
    paired.world.cloud.settings_version = 5;
    paired.run.go_on(120'000);
    CHECK(paired.world.camera.last_quality == 30);
    CHECK(paired.world.camera.last_resolution == Resolution::svga);
    Run second(paired.world, config());
    CHECK(second.device->settings().interval_s == 10);
}

TEST_CASE("a reboot happens once, at whatever kept write the power goes") {
    for (int write = 0; write <= 8; ++write) {
        for (const bool is_before : {true, false}) {
            CAPTURE(write);
            World world;
            {
                Run run(world, config());
                REQUIRE(run.pair());
                REQUIRE(run.drain());
                world.cloud.commands.push_back({command_id, "reboot", ""});
                world.values.writes = 0;
                (is_before ? world.values.cut_before_write : world.values.cut_after_write) = write;
                try {
                    run.go_on(120'000, false);
                } catch (const PowerCut&) {
                }
            }
            world.values.cut_before_write = world.values.cut_after_write = 0;
            const int before = world.actions.reboots;
            for (int boots = 0; boots < 4; ++boots) {
                Run run(world, config());
                run.go_on(180'000, false);
                if (!run.device->has_ended()) break;
            }
            // The cut itself was one where the command was begun.
            CHECK(world.actions.reboots <= 1);
            CHECK(before <= 1);
            REQUIRE(world.cloud.acks.count(command_id) == 1);
            CHECK(world.cloud.acks.at(command_id) == "done");
        }
    }
}

TEST_CASE("a photo that is wanted once is taken at most once, at whatever kept write the power goes") {
    for (int write = 1; write <= 6; ++write) {
        for (const bool is_before : {true, false}) {
            CAPTURE(write);
            World world;
            {
                Run run(world, config());
                REQUIRE(run.pair());
                REQUIRE(run.drain());
                world.cloud.commands.push_back({command_id, "capture_now", ""});
                world.values.writes = 0;
                (is_before ? world.values.cut_before_write : world.values.cut_after_write) = write;
                try {
                    run.go_on(120'000, false);
                } catch (const PowerCut&) {
                }
            }
            world.values.cut_before_write = world.values.cut_after_write = 0;
            Run run(world, config());
            run.go_on(180'000, false);
            REQUIRE(run.drain());
            CHECK(world.camera.taken <= 1);
            CHECK(world.cloud.photos.size() <= 1);
            CHECK(world.cloud.acks.count(command_id) == 1);
        }
    }
}

TEST_CASE("a token is changed without a moment in which none is good, whatever write the power goes at") {
    for (int write = 0; write <= 6; ++write) {
        for (const bool is_before : {true, false}) {
            CAPTURE(write);
            World world;
            {
                Run run(world, config());
                REQUIRE(run.pair());
                REQUIRE(run.drain());
                world.cloud.commands.push_back({command_id, "rotate_token", ""});
                world.values.writes = 0;
                (is_before ? world.values.cut_before_write : world.values.cut_after_write) = write;
                try {
                    run.go_on(120'000, false);
                } catch (const PowerCut&) {
                }
            }
            world.values.cut_before_write = world.values.cut_after_write = 0;
            Run run(world, config());
            run.take(1);
            run.go_on(300'000, false);
            REQUIRE(run.drain());
            CHECK(world.cloud.photos.size() == 1);
            CHECK(world.cloud.acks.count(command_id) == 1);
            if (write == 0) CHECK(world.cloud.valid_token == "devtok_first_next");
        }
    }
}

TEST_CASE("a token can be changed more than once") {
    Paired paired;
    paired.command("rotate_token");
    paired.world.cloud.commands.push_back({"01KDD2G0EG000G40R40M30E210", "rotate_token", ""});
    paired.run.go_on(180'000);
    CHECK(paired.world.cloud.valid_token == "devtok_first_next_next");
    Run second(paired.world, config());
    REQUIRE(second.drain());
    CHECK(second.device->led_state() == LedState::ready);
}

TEST_CASE("a device goes on counting where the server says, also after a reboot before its first photo") {
    World world;
    world.cloud.next_seq = 500;
    {
        Run run(world, config());
        REQUIRE(run.pair());
    }
    Run run(world, config());
    run.take(1);
    REQUIRE(run.drain());
    CHECK(world.cloud.photos.begin()->first >= 500);
}

TEST_CASE("to be paired again opens the portal, where there is one") {
    Paired paired;
    paired.command("repair");
    CHECK(paired.status() == "done");
    CHECK(paired.world.actions.portals == 1);
    Paired other;
    other.world.actions.has_portal = false;
    other.command("repair");
    CHECK(other.status() == "failed");
}

TEST_CASE("a kind of command that this firmware does not know has failed") {
    Paired paired;
    paired.command("dance");
    CHECK(paired.status() == "failed");
    CHECK(paired.detail() == "not supported by this device");
}

TEST_CASE("what is to be forgotten leaves the card") {
    Paired paired;
    const auto now_ms = static_cast<std::int64_t>(paired.world.clock.now_ms);
    paired.world.clock.set_utc_ms(fake_cloud::Cloud::utc_at_zero_ms + now_ms, ClockQuality::ntp);
    paired.world.network.on_connect = [](const Endpoint& endpoint) {
        return endpoint.host == "s3.test" ? NetStatus::no_address : NetStatus::again;
    };
    paired.world.is_eviction_allowed = true;
    paired.run.go_on(300'000);
    CHECK(paired.run.device->queue().waiting_captures() >= 8);
    paired.world.cloud.commands.push_back(
        {command_id, "forget", R"({"from":"2025-12-01T00:00:00Z","to":"2025-12-31T00:00:00Z"})"});
    paired.run.go_on(90'000, false);
    CHECK(paired.status() == "done");
    CHECK(paired.detail().find("photos were deleted from the card") != std::string::npos);
    CHECK(paired.run.device->queue().waiting_captures() == 0);
}
