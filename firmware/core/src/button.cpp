#include "frameferry/button.h"

namespace frameferry {

Button::Event Button::sample(std::uint64_t now_ms, bool is_down) {
    if (is_down != last_level_) changed_at_ms_ = now_ms;
    last_level_ = is_down;
    const bool has_settled = now_ms - changed_at_ms_ >= settles_in_ms;
    was_up_ = was_up_ || (has_settled && !is_down);
    if (has_settled && is_down != is_down_) {
        is_down_ = is_down;
        pressed_at_ms_ = changed_at_ms_;
        has_told_held_ = !was_up_;
        return is_down && was_up_ ? Event::pressed : Event::none;
    }
    if (is_down_ && !has_told_held_ && now_ms - pressed_at_ms_ >= held_after_ms_) {
        has_told_held_ = true;
        return Event::held;
    }
    return Event::none;
}

}  // namespace frameferry
