// The owner's pause and the button's, on a whole device: by commands and by settings, in whatever order they come.
#include <doctest/doctest.h>

#include "fakes/device_run.h"
#include "fakes/owner.h"

using namespace frameferry;
using device_run::Owner;
using device_run::Run;
using device_run::World;

namespace {

const char* const command_id = "01KDD2G0EG000G40R40M30E209";
const char* const next_command_id = "01KDD2G0EG000G40R40M30E210";

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
    void command(const std::string& kind, std::int64_t duration_s = 0) {
        owner.give(command_id, kind, duration_s);
        run.go_on(180'000);
    }
    // No network for so long.
    void away(std::uint64_t for_ms) {
        world.network.close();
        world.network.on_connect = [](const Endpoint&) { return NetStatus::no_address; };
        run.go_on(for_ms);
        world.network.on_connect = nullptr;
        run.device->network_came_up();
    }
    // The button that pauses, once.
    void press() {
        if (!run.device->is_paused()) run.device->button_pressed();
    }
    std::string status() { return world.cloud.acks[command_id]; }
    std::string detail() { return world.cloud.details[command_id]; }
    World world;
    Run run{world, config()};
    Owner owner{world};
};

}  // namespace

TEST_CASE("the owner's pause and its end are carried out and told") {
    Paired paired;
    paired.command("pause");
    CHECK(paired.status() == "done");
    CHECK(paired.run.device->led_state() == LedState::paused);
    const int taken = paired.world.camera.taken;
    paired.run.go_on(300'000);
    CHECK(paired.world.camera.taken == taken);
    paired.owner.give(next_command_id, "resume");
    paired.run.go_on(180'000);
    CHECK(paired.world.camera.taken > taken);
    paired.run.drain();
    CHECK(events_of(paired.world, "paused") == 1);
    CHECK(events_of(paired.world, "resumed") == 1);
}

TEST_CASE("a pause of an hour ends by itself") {
    Paired paired;
    paired.command("pause", 3600);
    CHECK(paired.run.device->is_paused());
    paired.run.go_on(3'000'000);
    CHECK(paired.run.device->is_paused());
    paired.run.go_on(700'000);
    CHECK_FALSE(paired.run.device->is_paused());
}

TEST_CASE("no command that comes late ends a pause that the owner's settings say") {
    Paired paired;
    std::string kind;
    std::int64_t duration_s = 0;
    SUBCASE("to resume") { kind = "resume"; }
    SUBCASE("to pause for a while, which is over") {
        kind = "pause";
        duration_s = 1;
    }
    SUBCASE("to pause for a while, which ends before") {
        kind = "pause";
        duration_s = 3'600;
    }
    std::uint64_t late_by_ms = 0;
    SUBCASE("by a moment") { late_by_ms = 10'000; }
    SUBCASE("by half an hour") { late_by_ms = 1'800'000; }
    paired.owner.give(command_id, kind, duration_s);
    paired.owner.set_pause("true");
    paired.away(late_by_ms);
    paired.run.go_on(180'000);
    CHECK(paired.status() == (kind == "pause" ? "done" : "failed"));
    const int taken = paired.world.camera.taken;
    paired.run.go_on(7'200'000);
    CHECK(paired.run.device->is_paused());
    CHECK(paired.world.camera.taken == taken);
    paired.owner.set_pause("false");
    paired.run.go_on(120'000);
    CHECK(paired.world.camera.taken > taken);
}

TEST_CASE("a pause by command that the owner has ended in the settings before it comes is over") {
    Paired paired;
    std::int64_t duration_s = 0;
    SUBCASE("one that would have no end") { duration_s = 0; }
    SUBCASE("one of a day") { duration_s = 86'400; }
    std::uint64_t late_by_ms = 0;
    SUBCASE("by a moment") { late_by_ms = 10'000; }
    SUBCASE("by days") { late_by_ms = 172'800'000; }
    paired.owner.give(command_id, "pause", duration_s);
    paired.owner.set_pause("false");
    paired.away(late_by_ms);
    const int taken = paired.world.camera.taken;
    paired.run.go_on(240'000);
    CHECK_FALSE(paired.run.device->is_paused());
    CHECK(paired.world.camera.taken > taken + 1);
    CHECK_FALSE(paired.status().empty());
    Run after(paired.world, config());
    after.go_on(120'000);
    CHECK_FALSE(after.device->is_paused());
}

TEST_CASE("a pause by command that comes days later takes no photo less where the network goes with the answer") {
    Paired paired;
    paired.owner.give(command_id, "pause");
    paired.owner.set_pause("false");
    paired.away(172'800'000);
    bool is_answered = false;
    paired.world.network.on_connect = [&](const Endpoint&) {
        if (is_answered) return NetStatus::no_address;
        is_answered = true;
        return NetStatus::again;
    };
    paired.world.network.closes_after_each_answer = true;
    const int taken = paired.world.camera.taken;
    paired.run.go_on(600'000);
    CHECK(is_answered);
    CHECK(paired.world.camera.taken >= taken + 19);
}

TEST_CASE("a pause by command that the owner has shortened in the settings before it comes is the shorter one") {
    Paired paired;
    const std::int64_t end_ms = fake_cloud::Cloud::utc_at_zero_ms + static_cast<std::int64_t>(paired.world.clock.now_ms);
    paired.owner.give(command_id, "pause", 86'400);
    paired.owner.set_pause("false", '"' + std::string(to_rfc3339(end_ms + 1'200'000).c_str()) + '"');
    paired.away(600'000);
    paired.run.go_on(120'000);
    CHECK(paired.status() == "done");
    CHECK(paired.run.device->is_paused());
    paired.run.go_on(600'000);
    CHECK_FALSE(paired.run.device->is_paused());
}

TEST_CASE("whatever kept write the power goes at, a pause that the owner has ended since does not stay") {
    for (int cut = 1; cut < 40; ++cut) {
        World world;
        Owner owner(world);
        try {
            Run run(world, config());
            REQUIRE(run.pair());
            owner.give(command_id, "pause");
            owner.set_pause("false");
            world.values.cut_after_write = world.values.writes + cut;
            run.go_on(240'000);
        } catch (const memory_ports::PowerCut&) {
        }
        world.values.cut_after_write = 0;
        Run run(world, config());
        run.go_on(240'000);
        CHECK_FALSE(run.device->is_paused());
    }
}

TEST_CASE("a resume that comes late ends the button's pause, and is said to have left that of the settings") {
    Paired paired;
    paired.run.device->button_pressed();
    paired.run.go_on(1'000);
    paired.owner.give(command_id, "resume");
    paired.owner.set_pause("true");
    paired.run.go_on(180'000);
    CHECK(paired.status() == "failed");
    CHECK(paired.detail() == "its settings say that it is paused");
    paired.owner.set_pause("false");
    paired.run.go_on(120'000);
    CHECK_FALSE(paired.run.device->is_paused());
}

TEST_CASE("a resume that was given before somebody pressed the button does not end that pause") {
    Paired paired;
    paired.owner.give(command_id, "resume");
    paired.away(3'600'000);
    paired.run.device->button_pressed();
    paired.run.go_on(180'000);
    CHECK(paired.run.device->is_paused());
    CHECK(paired.status() == "failed");
    CHECK(paired.detail() == "its button was pressed since");
}

TEST_CASE("the button pauses at once, and no command of a paused device takes a photo") {
    Paired paired;
    CHECK(paired.run.device->button_pressed());
    const int taken = paired.world.camera.taken;
    paired.command("capture_now");
    CHECK(paired.status() == "failed");
    CHECK(paired.detail() == "the device is paused");
    CHECK(paired.world.camera.taken == taken);
    CHECK_FALSE(paired.run.device->button_pressed());
    paired.run.go_on(60'000);
    CHECK(paired.world.camera.taken > taken);
}

TEST_CASE("a pause of an hour that has ended stays so after a reboot without a network") {
    World world;
    {
        Run run(world, config());
        REQUIRE(run.pair());
        Owner(world).give(command_id, "pause", 3600);
        run.go_on(180'000);
        CHECK(run.device->is_paused());
        run.go_on(3'600'000);
        CHECK_FALSE(run.device->is_paused());
    }
    world.clock.known = ClockQuality::never_set;
    world.network.on_connect = [](const Endpoint&) { return NetStatus::no_address; };
    Run run(world, config());
    const int taken = world.camera.taken;
    run.go_on(120'000);
    CHECK_FALSE(run.device->is_paused());
    CHECK(world.camera.taken > taken);
}

TEST_CASE("the button that is pressed while the camera takes a picture throws it away, and no fault is told") {
    Paired paired;
    paired.world.camera.while_grabbing = [&] { paired.press(); };
    const frameferry::Seq next = paired.run.device->queue().next_seq();
    paired.run.go_on(120'000);
    CHECK(paired.run.device->queue().next_seq() == next);
    CHECK(paired.run.device->led_state() == LedState::paused);
    CHECK(events_of(paired.world, "error") == 0);
}

TEST_CASE("the button that is pressed while a photo waits for its turn leaves the camera alone") {
    Paired paired;
    paired.run.capture_mutex().before_lock = [&] { paired.press(); };
    const int taken = paired.world.camera.taken;
    paired.run.go_on(120'000);
    CHECK(paired.run.device->led_state() == LedState::paused);
    CHECK(paired.world.camera.taken == taken);
    CHECK(events_of(paired.world, "error") == 0);
}

TEST_CASE("a photo that was wanted now, and was paused while it was taken, has failed for that reason") {
    Paired paired;
    paired.world.cloud.settings = R"({"interval_s":86400})";
    paired.world.cloud.settings_version = 2;
    paired.run.go_on(120'000);
    paired.world.camera.while_grabbing = [&] { paired.press(); };
    paired.command("capture_now");
    CHECK(paired.status() == "failed");
    CHECK(paired.detail() == "the device is paused");
}

TEST_CASE("settings that say nothing of a pause leave the button's alone") {
    Paired paired;
    paired.run.device->button_pressed();
    paired.world.cloud.settings = R"({"interval_s":60,"paused":false})";
    paired.world.cloud.settings_version = 2;
    paired.run.go_on(180'000);
    CHECK(paired.run.device->settings().interval_s == 60);
    CHECK(paired.run.device->is_paused());
}

TEST_CASE("a device whose pause cannot be read stays paused after a reboot, goes on talking, and can be resumed") {
    World world;
    {
        Run run(world, config());
        REQUIRE(run.pair());
        run.device->button_pressed();
    }
    world.values.values.at("pause")[1] ^= 4U;
    Run run(world, config());
    const int taken = world.camera.taken;
    run.go_on(600'000);
    CHECK(world.camera.taken == taken);
    CHECK(run.device->is_paused());
    Owner(world).give(command_id, "resume");
    run.go_on(180'000);
    CHECK(world.camera.taken > taken);
}
