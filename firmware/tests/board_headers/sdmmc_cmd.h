// esp-idf v5.1 components/sdmmc/include/sdmmc_cmd.h, components/driver/sdmmc/include/driver/sdmmc_types.h
#pragma once
#include <cstdint>
typedef struct {
    uint32_t flags;
} sdmmc_host_t;
typedef struct {
    sdmmc_host_t host;
} sdmmc_card_t;
