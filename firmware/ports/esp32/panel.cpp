#include "esp32/panel.h"

#include <esp_sleep.h>

#include <initializer_list>

#include "esp32/pins.h"

namespace frameferry {
namespace {

// Pulled up inside, and drawn to ground by the button.
bool is_down(gpio_num_t pin) { return gpio_get_level(pin) == 0; }

}  // namespace

// In light sleep all pins of the board stay as they are, card's and camera's too. Arduino's build of IDF has it so; others
// let every pin float then (CONFIG_ESP_SLEEP_GPIO_RESET_WORKAROUND, CONFIG_PM_SLP_DISABLE_GPIO), the card's clock too.
void Panel::begin() {
    esp_sleep_enable_gpio_switch(false);
    gpio_reset_pin(pins::led);
    gpio_set_direction(pins::led, GPIO_MODE_OUTPUT);
    for (const gpio_num_t pin : {pins::pause_button, pins::boot_button}) {
        gpio_reset_pin(pin);
        gpio_set_direction(pin, GPIO_MODE_INPUT);
        gpio_set_pull_mode(pin, GPIO_PULLUP_ONLY);
    }
}

void Panel::show(LedState state, std::uint64_t now_ms) {
    gpio_set_level(pins::led, led_is_on(led_pattern(state), now_ms) ? 1 : 0);
}

void Panel::dark() { gpio_set_level(pins::led, 0); }

Button::Event Panel::pause_button(std::uint64_t now_ms) { return pause_.sample(now_ms, is_down(pins::pause_button)); }

Button::Event Panel::boot_button(std::uint64_t now_ms) { return boot_.sample(now_ms, is_down(pins::boot_button)); }

bool Panel::is_any_down() { return is_down(pins::pause_button) || is_down(pins::boot_button); }

void Panel::let_buttons_wake() {
    for (const gpio_num_t pin : {pins::pause_button, pins::boot_button}) gpio_wakeup_enable(pin, GPIO_INTR_LOW_LEVEL);
    esp_sleep_enable_gpio_wakeup();
}

}  // namespace frameferry
