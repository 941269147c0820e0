// The light and the two buttons.
#pragma once

#include "frameferry/button.h"
#include "frameferry/led.h"

namespace frameferry {

// One thread.
class Panel {
public:
    void begin();
    void show(LedState state, std::uint64_t now_ms);
    void dark();

    Button::Event pause_button(std::uint64_t now_ms);
    Button::Event boot_button(std::uint64_t now_ms);
    [[nodiscard]] static bool is_any_down();
    // Either button ends light sleep.
    static void let_buttons_wake();

private:
    Button pause_;
    Button boot_;
};

}  // namespace frameferry
