// A capture, and the ranges of numbers that name captures.
#pragma once

#include <cstdint>

namespace frameferry {

using Seq = std::uint64_t;

constexpr Seq max_seq = (std::uint64_t{1} << 53U) - 1;

// Both ends belong to it.
struct SeqRange {
    Seq first = 0;
    Seq last = 0;

    [[nodiscard]] bool holds(Seq seq) const { return first <= seq && seq <= last; }
};

// What is known of a capture when it is taken.
struct CaptureMeta {
    std::uint64_t boot_id = 0;
    std::uint64_t uptime_ms = 0;
    std::int64_t captured_at_ms = 0;  // since 1970-01-01 in UTC; 0 where nobody has set the clock
    bool clock_synced = false;        // by NTP
};

}  // namespace frameferry
