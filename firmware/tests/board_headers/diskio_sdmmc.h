// esp-idf v5.1 components/fatfs/diskio/diskio_sdmmc.h
#pragma once
#include <sdmmc_cmd.h>
extern "C" BYTE ff_diskio_get_pdrv_card(const sdmmc_card_t* card);
