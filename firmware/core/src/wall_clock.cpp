#include "frameferry/wall_clock.h"

namespace frameferry {
namespace {

constexpr std::int64_t earliest_ms = 1'577'836'800'000;  // 2020: who says less has no clock either
constexpr std::uint64_t right_to_ms = 5'000;

}  // namespace

bool WallClock::is_synced() { return clock_.quality() == ClockQuality::ntp && clock_.drift_ms() <= right_to_ms; }

std::int64_t WallClock::earliest_utc_ms() { return is_set() ? clock_.utc_ms() - clock_.drift_ms() : 0; }

std::int64_t WallClock::utc_at(std::uint64_t monotonic_ms) {
    if (!is_set()) return 0;
    return clock_.utc_ms() - static_cast<std::int64_t>(clock_.monotonic_ms() - monotonic_ms);
}

void WallClock::heard(std::int64_t utc_ms) {
    if (utc_ms < earliest_ms || is_synced()) return;
    const bool is_right = is_set() && off_by_ms(utc_ms) <= right_to_ms;
    if (is_right && clock_.drift_ms() <= right_to_ms) return;
    // One that might have drifted, and has not, begins anew from here without a step.
    clock_.set_utc_ms(is_right ? clock_.utc_ms() : utc_ms, ClockQuality::date);
}

bool WallClock::resync(std::int64_t utc_ms) {
    if (utc_ms < earliest_ms || (is_set() && off_by_ms(utc_ms) <= right_to_ms)) return false;
    clock_.set_utc_ms(utc_ms, ClockQuality::date);
    return true;
}

std::uint64_t WallClock::off_by_ms(std::int64_t utc_ms) {
    const std::int64_t own_ms = clock_.utc_ms();
    return static_cast<std::uint64_t>(own_ms > utc_ms ? own_ms - utc_ms : utc_ms - own_ms);
}

}  // namespace frameferry
