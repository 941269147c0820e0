#include "esp32/health.h"

#include <esp_heap_caps.h>

#include "esp32/wifi.h"

namespace frameferry {

void BoardHealth::begin() {
    const temperature_sensor_config_t config = TEMPERATURE_SENSOR_CONFIG_DEFAULT(-10, 80);
    if (temperature_sensor_install(&config, &thermometer_) != ESP_OK) thermometer_ = nullptr;
    if (thermometer_ != nullptr) temperature_sensor_enable(thermometer_);
}

void BoardHealth::measure(Health& health) {
    constexpr std::uint32_t internal = MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT;
    health.free_heap_bytes = heap_caps_get_free_size(internal);
    health.largest_free_block_bytes = heap_caps_get_largest_free_block(internal);
    std::int32_t rssi_dbm = 0;
    if (Wifi::rssi_dbm(rssi_dbm)) health.rssi_dbm = rssi_dbm;
    float celsius = 0.0F;
    if (thermometer_ != nullptr && temperature_sensor_get_celsius(thermometer_, &celsius) == ESP_OK) {
        health.temperature_decicelsius = static_cast<std::int32_t>(celsius * 10.0F);
    }
}

}  // namespace frameferry
