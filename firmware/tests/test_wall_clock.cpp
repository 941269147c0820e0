#include "frameferry/wall_clock.h"

#include <doctest/doctest.h>

#include "fakes/memory_ports.h"

using namespace frameferry;
using memory_ports::ManualClock;

namespace {
constexpr std::int64_t christmas_ms = 1'766'744'130'000;  // 2025-12-26T10:15:30Z
}

TEST_CASE("a clock that nobody has set knows no time") {
    ManualClock port;
    WallClock clock(port);
    CHECK_FALSE(clock.is_set());
    CHECK(clock.utc_ms() == 0);
    CHECK(clock.utc_at(500) == 0);
}

TEST_CASE("what the API says sets a clock that nobody has set, and then it goes on by itself") {
    ManualClock port;
    WallClock clock(port);
    clock.heard(christmas_ms);
    port.now_ms += 2'000;
    CHECK(clock.utc_ms() == christmas_ms + 2'000);
    CHECK(clock.utc_at(port.now_ms - 10'000) == christmas_ms - 8'000);
    CHECK_FALSE(clock.is_synced());
}

TEST_CASE("a clock that is right to some seconds is left alone") {
    ManualClock port;
    WallClock clock(port);
    clock.heard(christmas_ms);
    clock.heard(christmas_ms + 4'000);
    CHECK(port.times_set == 1);
    clock.heard(christmas_ms + 60'000);
    CHECK(port.times_set == 2);
    CHECK(clock.utc_ms() == christmas_ms + 60'000);
}

TEST_CASE("NTP is believed more than a Date, unless S3 finds its time skewed") {
    ManualClock port;
    WallClock clock(port);
    port.set_utc_ms(christmas_ms + 3'600'000, ClockQuality::ntp);
    clock.heard(christmas_ms);
    CHECK(clock.utc_ms() == christmas_ms + 3'600'000);
    CHECK(clock.resync(christmas_ms));
    CHECK(clock.utc_ms() == christmas_ms);
    CHECK_FALSE(clock.is_synced());
    CHECK_FALSE(clock.resync(christmas_ms + 1'000));
}

TEST_CASE("a Date from before this firmware existed is none") {
    ManualClock port;
    WallClock clock(port);
    clock.heard(0);
    clock.heard(86'400'000);
    CHECK_FALSE(clock.is_set());
    CHECK_FALSE(clock.resync(0));
}
