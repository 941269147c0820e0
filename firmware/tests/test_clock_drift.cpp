#include "frameferry/clock_drift.h"

#include <doctest/doctest.h>

#include "fakes/device_run.h"
#include "frameferry/pack_format.h"
#include "frameferry/wall_clock.h"

using namespace frameferry;
using device_run::Run;
using device_run::World;
using memory_ports::ManualClock;

namespace {

constexpr ClockDrift::Rates rates{20, 50'000};
constexpr std::int64_t christmas_ms = 1'766'744'130'000;

}  // namespace

TEST_CASE("a board that stays awake is off by some seconds after days, one that sleeps after minutes") {
    ClockDrift awake(rates);
    awake.was_set(1'000);
    CHECK(awake.ms(1'000) == 0);
    CHECK(awake.ms(86'401'000) == 1'728);
    ClockDrift asleep(rates);
    asleep.was_set(1'000);
    for (int sleeps = 0; sleeps < 4; ++sleeps) asleep.slept(25'000);
    CHECK(asleep.ms(1'000) == 5'000);
    CHECK(asleep.ms(101'000) == 5'002);
}

TEST_CASE("a clock that is set anew has not drifted") {
    ClockDrift drift(rates);
    drift.slept(3'600'000);
    drift.was_set(3'600'000);
    CHECK(drift.ms(3'600'000) == 0);
}

TEST_CASE("the drift of years is not a small one") {
    ClockDrift drift(rates);
    for (int days = 0; days < 20'000; ++days) drift.slept(86'400'000);
    CHECK(drift.ms(0) > 86'400'000);
    CHECK(drift.ms(std::uint64_t{20'000} * 86'400'000) > 86'400'000);
}

TEST_CASE("a time by NTP that may have drifted by more than some seconds is not NTP's any more") {
    ManualClock port;
    WallClock clock(port);
    port.set_utc_ms(christmas_ms, ClockQuality::ntp);
    port.drift = 5'000;
    CHECK(clock.is_synced());
    port.drift = 5'001;
    CHECK_FALSE(clock.is_synced());
    CHECK(clock.is_set());
    CHECK(clock.earliest_utc_ms() == christmas_ms - 5'001);
}

TEST_CASE("a clock that has drifted is set by the next answer of the API, and not before it may have drifted") {
    ManualClock port;
    WallClock clock(port);
    port.set_utc_ms(christmas_ms, ClockQuality::ntp);
    clock.heard(christmas_ms + 60'000);
    CHECK(clock.utc_ms() == christmas_ms);
    port.drift = 100'000;
    clock.heard(christmas_ms + 60'000);
    CHECK(clock.utc_ms() == christmas_ms + 60'000);
    CHECK(port.drift == 0);
    CHECK_FALSE(clock.is_synced());
}

TEST_CASE("a clock that might have drifted and is right makes no step, and is as good as new") {
    ManualClock port;
    WallClock clock(port);
    port.set_utc_ms(christmas_ms, ClockQuality::date);
    port.drift = 100'000;
    clock.heard(christmas_ms + 3'000);
    CHECK(clock.utc_ms() == christmas_ms);
    CHECK(port.drift == 0);
}

TEST_CASE("a photo of a board that has slept for long without a network is not said to have its time by NTP") {
    World world;
    Run run(world);
    REQUIRE(run.pair());
    world.clock.set_utc_ms(fake_cloud::Cloud::utc_at_zero_ms + static_cast<std::int64_t>(world.clock.now_ms),
                           ClockQuality::ntp);
    run.go_on(1'000);
    world.network.on_connect = [](const Endpoint&) { return NetStatus::no_address; };
    world.clock.drift = 5'001;
    run.go_on(31'000);
    world.network.on_connect = nullptr;
    run.device->network_came_up();
    REQUIRE(run.drain());
    std::vector<bool> are_synced;
    for (const auto& [key, pack] : world.cloud.objects) {
        for (std::size_t at = 0; at + header_bytes <= pack.size(); at += sector_bytes) {
            EntryHeader header;
            const Bytes bytes{std::string_view(pack).substr(at, header_bytes)};
            if (!parse_header(bytes, static_cast<std::uint32_t>(at), header)) continue;
            are_synced.push_back(header.meta.clock_synced);
            CHECK(header.meta.captured_at_ms != 0);
        }
    }
    CHECK(are_synced == std::vector<bool>{true, false});
}
