// Buttons, as they are pressed and not as they bounce.
#pragma once

#include <cstdint>

namespace frameferry {

// Told the level of its pin every few milliseconds. One thread.
class Button {
public:
    static constexpr std::uint32_t settles_in_ms = 30;

    enum class Event : std::uint8_t {
        none,
        pressed,   // once a press, when it has settled
        held,      // once a press, after `held_after_ms`
    };

    explicit Button(std::uint32_t held_after_ms = 5'000) : held_after_ms_(held_after_ms) {}

    Event sample(std::uint64_t now_ms, bool is_down);
    [[nodiscard]] bool is_down() const { return is_down_; }

private:
    std::uint32_t held_after_ms_;
    std::uint64_t changed_at_ms_ = 0;
    std::uint64_t pressed_at_ms_ = 0;
    bool last_level_ = false;
    bool is_down_ = false;
    bool has_told_held_ = false;
    bool was_up_ = false;  // a pin that is down from the start is no press: a short circuit, or somebody flashes
};

}  // namespace frameferry
