// How long a board may sleep between two captures.
#pragma once

#include <cstdint>

#include "frameferry/led.h"

namespace frameferry {

struct SleepFacts {
    std::uint64_t now_ms = 0;        // since the boot
    LedState led = LedState::starting;
    bool has_network = false;        // joined, or being joined
    bool is_working = false;         // a task has something in its hands: a photo, the card, the network
    bool is_button_down = false;
    bool wants_motion = false;       // then the camera looks all the time
    bool is_watched = false;         // a computer is on the USB port, which light sleep would cut off
    std::uint32_t capture_due_ms = 0;  // means nothing while paused
    std::uint32_t network_due_ms = 0;  // until the next network is tried
};

// Milliseconds of light sleep; 0: stay awake. Only where no network is near, which is where a battery must last, and
// where nobody is to be told anything by the light. It ends before the photo is due, so that the camera has a new frame
// and has found its exposure by then.
[[nodiscard]] std::uint32_t sleep_ms(const SleepFacts& facts);

}  // namespace frameferry
