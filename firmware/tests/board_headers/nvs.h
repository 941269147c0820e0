// esp-idf v5.1 components/nvs_flash/include/nvs.h
#pragma once
#include <esp_err.h>
#include <cstddef>
#include <cstdint>
typedef uint32_t nvs_handle_t;
typedef enum { NVS_READONLY, NVS_READWRITE } nvs_open_mode_t;
#define NVS_KEY_NAME_MAX_SIZE 16
#define ESP_ERR_NVS_NOT_FOUND 0x1102
extern "C" {
esp_err_t nvs_open_from_partition(const char* part_name, const char* namespace_name, nvs_open_mode_t open_mode,
                                  nvs_handle_t* out_handle);
esp_err_t nvs_get_blob(nvs_handle_t handle, const char* key, void* out_value, size_t* length);
esp_err_t nvs_set_blob(nvs_handle_t handle, const char* key, const void* value, size_t length);
esp_err_t nvs_erase_key(nvs_handle_t handle, const char* key);
esp_err_t nvs_commit(nvs_handle_t handle);
}
