// esp-idf v5.1 components/nvs_flash/include/nvs_flash.h
#pragma once
#include <esp_err.h>
extern "C" {
esp_err_t nvs_flash_init_partition(const char* partition_label);
esp_err_t nvs_flash_erase_partition(const char* part_name);
}
