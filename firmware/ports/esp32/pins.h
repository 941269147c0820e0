// What is soldered where: Seeed XIAO ESP32S3 with the Sense board on top.
#pragma once

#include <driver/gpio.h>

namespace frameferry::pins {

constexpr gpio_num_t boot_button = GPIO_NUM_0;   // held for five seconds: the portal
constexpr gpio_num_t led = GPIO_NUM_1;           // D0. Not the board's own LED: its GPIO21 is the card's in SPI mode
constexpr gpio_num_t pause_button = GPIO_NUM_2;  // D1, to ground

constexpr gpio_num_t card_clock = GPIO_NUM_7;
constexpr gpio_num_t card_command = GPIO_NUM_9;
constexpr gpio_num_t card_data = GPIO_NUM_8;

constexpr int none = -1;
constexpr int camera_clock = 10;
constexpr int camera_sda = 40;
constexpr int camera_scl = 39;
constexpr int camera_vsync = 38;
constexpr int camera_href = 47;
constexpr int camera_pclk = 13;
constexpr int camera_data[8] = {15, 17, 18, 16, 14, 12, 11, 48};  // D0 to D7

}  // namespace frameferry::pins
