// esp-idf v5.1 components/driver/sdmmc/include/driver/sdmmc_host.h
#pragma once
#include <driver/gpio.h>
#include <sdmmc_cmd.h>
#define SDMMC_SLOT_FLAG_INTERNAL_PULLUP (1U << 0U)
typedef struct {
    gpio_num_t clk;
    gpio_num_t cmd;
    gpio_num_t d0;
    uint8_t width;
    uint32_t flags;
} sdmmc_slot_config_t;
#define SDMMC_HOST_DEFAULT() {0}
#define SDMMC_SLOT_CONFIG_DEFAULT() {}
