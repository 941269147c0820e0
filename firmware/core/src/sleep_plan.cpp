#include "frameferry/sleep_plan.h"

#include <algorithm>

namespace frameferry {
namespace {

constexpr std::uint64_t awake_after_boot_ms = 120'000;  // whoever has just switched it on looks at the light
constexpr std::uint32_t awake_before_capture_ms = 1'000;
constexpr std::uint32_t shortest_ms = 2'000;  // below, going to sleep and waking up is all there is
constexpr std::uint32_t longest_ms = 60'000;
constexpr std::uint32_t never_due_ms = UINT32_MAX;

bool is_told_enough(LedState led) { return led == LedState::no_network || led == LedState::paused; }

}  // namespace

std::uint32_t sleep_ms(const SleepFacts& facts) {
    const bool must_stay_awake = facts.now_ms < awake_after_boot_ms || !is_told_enough(facts.led) ||
                                 facts.has_network || facts.is_working || facts.is_button_down ||
                                 facts.wants_motion || facts.is_watched;
    // A pause has no photo to be awake for: there the capture's task only looks whether it has ended.
    const std::uint32_t due_ms = facts.led == LedState::paused ? never_due_ms : facts.capture_due_ms;
    if (must_stay_awake || due_ms <= awake_before_capture_ms) return 0;
    const std::uint32_t until_ms = std::min({due_ms - awake_before_capture_ms, facts.network_due_ms, longest_ms});
    return until_ms >= shortest_ms ? until_ms : 0;
}

}  // namespace frameferry
