// esp-idf v5.1 components/driver/temperature_sensor/include/driver/temperature_sensor.h
#pragma once
#include <esp_err.h>
typedef struct temperature_sensor_obj_t* temperature_sensor_handle_t;
typedef struct {
    int range_min;
    int range_max;
} temperature_sensor_config_t;
#define TEMPERATURE_SENSOR_CONFIG_DEFAULT(min, max) {min, max}
extern "C" {
esp_err_t temperature_sensor_install(const temperature_sensor_config_t* tsens_config,
                                     temperature_sensor_handle_t* ret_tsens);
esp_err_t temperature_sensor_enable(temperature_sensor_handle_t tsens);
esp_err_t temperature_sensor_get_celsius(temperature_sensor_handle_t tsens, float* out_celsius);
}
