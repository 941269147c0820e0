// What time it is, and how that is known: NTP if the port has it, else what the API says.
#pragma once

#include <cstdint>

#include "frameferry/ports.h"

namespace frameferry {

// From any thread, as the port's clock.
class WallClock {
public:
    explicit WallClock(Clock& clock) : clock_(clock) {}

    [[nodiscard]] std::uint64_t monotonic_ms() { return clock_.monotonic_ms(); }
    // Milliseconds since 1970-01-01 in UTC; 0 while nobody has told.
    [[nodiscard]] std::int64_t utc_ms() { return is_set() ? clock_.utc_ms() : 0; }
    [[nodiscard]] bool is_set() { return clock_.quality() != ClockQuality::never_set; }
    // To be believed for a capture's time: by NTP, and not so long ago that it may have drifted by some seconds. What is
    // older the server knows better, from the device's clock samples.
    [[nodiscard]] bool is_synced();
    // It is this time or later, however far the clock has drifted; 0 while nobody has told.
    [[nodiscard]] std::int64_t earliest_utc_ms();
    // What time it was at an instant of this boot; 0 while nobody has told.
    [[nodiscard]] std::int64_t utc_at(std::uint64_t monotonic_ms);

    // An answer of the API said that it is this time. Counts where nothing better is known, and leaves the time of a
    // clock alone that is right to some seconds: its steps would order captures wrongly.
    void heard(std::int64_t utc_ms);
    // S3 says that a time was too far off: then even the best clock is not believed. True where the clock was wrong,
    // and what was refused may be asked for once more.
    bool resync(std::int64_t utc_ms);

private:
    [[nodiscard]] std::uint64_t off_by_ms(std::int64_t utc_ms);

    Clock& clock_;
};

}  // namespace frameferry
