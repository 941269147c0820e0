// A clock that stands still unless somebody waits.
#pragma once

#include <algorithm>
#include <cstdint>

#include "frameferry/ports.h"

class FakeClock : public frameferry::Clock {
public:
    std::uint64_t monotonic_ms() override { return now_ms; }
    std::int64_t utc_ms() override { return clock_quality == frameferry::ClockQuality::never_set ? 0 : utc; }
    frameferry::ClockQuality quality() override { return clock_quality; }
    std::uint32_t drift_ms() override { return 0; }
    void set_utc_ms(std::int64_t utc_ms, frameferry::ClockQuality quality) override {
        utc = utc_ms;
        clock_quality = quality;
    }
    void wait_until(std::uint64_t deadline_ms) { now_ms = std::max(now_ms, deadline_ms); }

    std::uint64_t now_ms = 1'000;
    std::int64_t utc = 0;
    frameferry::ClockQuality clock_quality = frameferry::ClockQuality::never_set;
};
