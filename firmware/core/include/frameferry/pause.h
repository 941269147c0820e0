// Whether the camera may look. Kept through every reboot; what cannot be read is a pause.
#pragma once

#include <cstdint>

#include "frameferry/ports.h"
#include "frameferry/wall_clock.h"

namespace frameferry {

// Two can pause a device: whoever stands before it, by the button, and its owner, in the console. The button ends only
// the button's pause; the owner's command `resume` ends both, new settings only the owner's. A command may come long
// after it was given: it ends no pause that the settings say, and none that the button began since. From any thread.
class Pause {
public:
    // What the owner's settings say.
    struct Wish {
        bool is_paused = false;
        std::int64_t until_ms = 0;  // UTC; 0: not until an instant
    };

    Pause(KeyValue& values, WallClock& clock, Mutex& mutex) : values_(values), clock_(clock), mutex_(mutex) {}

    // Before anything is captured: until then it is paused.
    void load();

    // A pause until an instant lasts until the clock is known to have passed it, however far it has drifted.
    [[nodiscard]] bool is_paused();

    // In force at once, whether or not it can be kept; false where it is not kept yet: see `keep`.
    bool set_button(bool is_paused);
    bool set_owner(const Wish& told);
    // The commands, beside what the settings say now.
    bool pause(const Wish& told, const Wish& settings);
    bool resume(const Wish& settings, std::int64_t given_at_ms);
    [[nodiscard]] bool is_paused_by_button();

    // Tries again to keep what is not kept, the end of a pause as well: to be called now and then. True where nothing
    // is left to be kept.
    bool keep();

private:
    [[nodiscard]] bool has_ended(const Wish& wish);
    [[nodiscard]] Wish not_ended(const Wish& wish) { return has_ended(wish) ? Wish{} : wish; }
    bool changed();
    bool keep_now();

    KeyValue& values_;
    WallClock& clock_;
    Mutex& mutex_;
    bool by_button_ = true;
    std::int64_t button_at_ms_ = 0;  // of its pause, in UTC, at the earliest; 0: nobody knew the time
    Wish owner_{true, 0};
    bool is_kept_ = true;
};

}  // namespace frameferry
