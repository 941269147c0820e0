#include "frameferry/clock_drift.h"

#include <algorithm>

namespace frameferry {
namespace {

// Some weeks: whoever is that far off knows no time.
constexpr std::uint64_t most_ms = UINT32_MAX / 2;

std::uint32_t seconds(std::uint64_t ms) { return static_cast<std::uint32_t>(ms / 1000); }

}  // namespace

void ClockDrift::was_set(std::uint64_t now_ms) {
    set_at_s_.store(seconds(now_ms));
    asleep_ms_.store(0);
}

void ClockDrift::slept(std::uint64_t for_ms) {
    const std::uint64_t drift_ms = (for_ms * rates_.asleep_ppm + 999'999) / 1'000'000;
    asleep_ms_.store(static_cast<std::uint32_t>(std::min<std::uint64_t>(asleep_ms_.load() + drift_ms, most_ms)));
}

std::uint32_t ClockDrift::ms(std::uint64_t now_ms) const {
    const std::uint32_t set_at_s = set_at_s_.load();  // by another thread, perhaps since `now_ms`
    const std::uint64_t since_s = seconds(now_ms) > set_at_s ? seconds(now_ms) - set_at_s : 0;
    const std::uint64_t awake_ms = since_s * rates_.awake_ppm / 1000;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(asleep_ms_.load() + awake_ms, most_ms));
}

}  // namespace frameferry
