#include "host/host_clock.h"

namespace frameferry {
namespace {

std::int64_t system_utc_ms() {
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
}

}  // namespace

HostClock::HostClock(Start start) : quality_(start == Start::set ? ClockQuality::ntp : ClockQuality::never_set) {}

std::uint64_t HostClock::monotonic_ms() {
    const auto since_boot = std::chrono::steady_clock::now() - booted_;
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since_boot).count());
}

std::int64_t HostClock::utc_ms() {
    switch (quality()) {
        case ClockQuality::ntp:
            return system_utc_ms();
        case ClockQuality::date:
            return utc_at_boot_ms_ + static_cast<std::int64_t>(monotonic_ms());
        default:
            return 0;
    }
}

void HostClock::set_utc_ms(std::int64_t utc_ms, ClockQuality quality) {
    if (quality_ == ClockQuality::ntp || quality != ClockQuality::date) return;
    utc_at_boot_ms_ = utc_ms - static_cast<std::int64_t>(monotonic_ms());
    quality_ = quality;
}

}  // namespace frameferry
