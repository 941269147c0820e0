// esp-idf v5.1 components/esp_timer/include/esp_timer.h
#pragma once
#include <cstdint>
extern "C" int64_t esp_timer_get_time(void);
