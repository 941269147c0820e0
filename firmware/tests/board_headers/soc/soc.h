// esp-idf v5.1 components/soc/esp32s3/include/soc/soc.h
#pragma once
#define SOC_DMA_LOW 0x3FC88000
#define SOC_DMA_HIGH 0x3FD00000
