#include "frameferry/led.h"

#include <array>

namespace frameferry {
namespace {

struct LedRow {
    const char* name;
    std::array<std::uint16_t, 6> lengths_ms;
    std::uint8_t count;
};

// In the order of LedState. Told apart by rhythm alone: one colour, no need to count beyond three.
constexpr std::array<LedRow, 9> led_rows{{
    {"fault", {100, 100}, 2},                            // flickers
    {"portal", {500, 500}, 2},                           // slow and even
    {"not_paired", {100, 150, 100, 1150}, 4},            // two short
    {"refused", {100, 150, 100, 150, 100, 900}, 6},      // three short
    {"paused", {50, 4950}, 2},                           // a blink every five seconds
    {"no_network", {800, 200, 50, 950}, 4},              // long and short
    {"draining", {50, 200}, 2},                          // quick and faint
    {"ready", {20, 9980}, 2},                            // all but dark
    {"starting", {1000, 0}, 2},                          // lit
}};

const LedRow& row_of(LedState state) { return led_rows[static_cast<std::size_t>(state)]; }

}  // namespace

LedState led_state_without_network(LedState state) {
    const bool is_of_the_link = state == LedState::draining || state == LedState::ready || state == LedState::starting;
    return is_of_the_link ? LedState::no_network : state;
}

LedPattern led_pattern(LedState state) { return {row_of(state).lengths_ms.data(), row_of(state).count}; }

const char* led_state_name(LedState state) { return row_of(state).name; }

bool led_is_on(const LedPattern& pattern, std::uint64_t now_ms) {
    std::uint32_t whole_ms = 0;
    for (std::size_t at = 0; at < pattern.count; ++at) whole_ms += pattern.lengths_ms[at];
    if (whole_ms == 0) return false;
    auto left_ms = static_cast<std::uint32_t>(now_ms % whole_ms);
    for (std::size_t at = 0; at < pattern.count; ++at) {
        if (left_ms < pattern.lengths_ms[at]) return at % 2 == 0;
        left_ms -= pattern.lengths_ms[at];
    }
    return false;
}

}  // namespace frameferry
