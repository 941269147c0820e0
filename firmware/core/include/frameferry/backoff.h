// When to try again after a failure: full jitter, doubling (AWS Architecture Blog, "Exponential Backoff And Jitter").
#pragma once

#include <cstdint>

#include "frameferry/ports.h"

namespace frameferry {

constexpr std::uint32_t backoff_first_ms = 2'000;
constexpr std::uint32_t backoff_longest_ms = 300'000;
constexpr std::uint32_t longest_retry_after_ms = 600'000;  // the most of a server's Retry-After that is honoured

// Counts failures in a row of one kind of work.
class Backoff {
public:
    explicit constexpr Backoff(std::uint32_t first_ms = backoff_first_ms, std::uint32_t longest_ms = backoff_longest_ms)
        : first_ms_(first_ms), longest_ms_(longest_ms) {}

    // How long to wait: random up to a bound that doubles, but not less than the server asked for.
    std::uint32_t failed(Entropy& entropy, std::uint32_t retry_after_ms = 0);
    void succeeded() { failures_ = 0; }
    [[nodiscard]] bool is_failing() const { return failures_ != 0; }
    // What the next wait is at most, where the server asks for nothing.
    [[nodiscard]] std::uint32_t bound_ms() const;

private:
    std::uint32_t first_ms_;
    std::uint32_t longest_ms_;
    std::uint8_t failures_ = 0;
};

// One kind of work over the network, which rests after it has failed. Times are of Clock::monotonic_ms.
class Lane {
public:
    void failed(Entropy& entropy, std::uint64_t now_ms, std::uint32_t retry_after_ms = 0) {
        ready_at_ms_ = now_ms + backoff_.failed(entropy, retry_after_ms);
        is_asked_to_ = retry_after_ms != 0;
    }
    // What made it fail may be over: the next try need not wait, unless the server asked for it. The next failure still
    // counts as one more in a row.
    void stop_resting() {
        if (!is_asked_to_) ready_at_ms_ = 0;
    }
    void succeeded() { backoff_.succeeded(), ready_at_ms_ = 0; }
    // 0 where it can go on.
    [[nodiscard]] std::uint32_t rests_for_ms(std::uint64_t now_ms) const {
        return now_ms < ready_at_ms_ ? static_cast<std::uint32_t>(ready_at_ms_ - now_ms) : 0;
    }
    [[nodiscard]] bool is_failing() const { return backoff_.is_failing(); }

private:
    Backoff backoff_;
    std::uint64_t ready_at_ms_ = 0;
    bool is_asked_to_ = false;
};

}  // namespace frameferry
