// How far a clock may have gone wrong since it was set.
#pragma once

#include <atomic>
#include <cstdint>

namespace frameferry {

// Awake a board counts a crystal, asleep an oscillator whose frequency goes with the temperature. Times are of
// Clock::monotonic_ms.
class ClockDrift {
public:
    // Of what a clock gains or loses, the most.
    struct Rates {
        std::uint32_t awake_ppm = 0;
        std::uint32_t asleep_ppm = 0;
    };

    explicit constexpr ClockDrift(Rates rates) : rates_(rates) {}

    // From any thread.
    void was_set(std::uint64_t now_ms);
    // The time that a sleep took by the clock itself. One thread.
    void slept(std::uint64_t for_ms);
    // The worst that can have become of it by now. From any thread.
    [[nodiscard]] std::uint32_t ms(std::uint64_t now_ms) const;

private:
    Rates rates_;
    // 64 bits are not atomic on the board.
    std::atomic<std::uint32_t> set_at_s_{0};
    std::atomic<std::uint32_t> asleep_ms_{0};  // of drift
};

}  // namespace frameferry
