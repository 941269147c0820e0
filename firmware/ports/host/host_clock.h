// The clocks of this machine.
#pragma once

#include <atomic>
#include <chrono>

#include "frameferry/ports.h"

namespace frameferry {

class HostClock final : public Clock {
public:
    // This machine's time counts as set by NTP; with `never_set` it is not known, as on a board that has just booted,
    // until somebody tells it.
    enum class Start : std::uint8_t { set, never_set };

    explicit HostClock(Start start = Start::set);

    std::uint64_t monotonic_ms() override;
    std::int64_t utc_ms() override;
    ClockQuality quality() override { return quality_; }
    // Something else keeps this machine's clocks right; one that a Date has set runs on at their rate.
    std::uint32_t drift_ms() override { return 0; }
    void set_utc_ms(std::int64_t utc_ms, ClockQuality quality) override;

private:
    std::chrono::steady_clock::time_point booted_ = std::chrono::steady_clock::now();
    std::atomic<std::int64_t> utc_at_boot_ms_{0};
    std::atomic<ClockQuality> quality_;
};

}  // namespace frameferry
