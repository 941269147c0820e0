// esp-idf v5.1 components/esp_hw_support/include/esp_sleep.h
#pragma once
#include <esp_err.h>
#include <cstdint>
extern "C" {
esp_err_t esp_sleep_enable_timer_wakeup(uint64_t time_in_us);
esp_err_t esp_sleep_enable_gpio_wakeup(void);
esp_err_t esp_light_sleep_start(void);
void esp_sleep_enable_gpio_switch(bool enable);
}
