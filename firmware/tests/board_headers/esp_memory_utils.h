// esp-idf v5.1 components/esp_hw_support/include/esp_memory_utils.h: inline there
#pragma once
bool esp_ptr_dma_capable(const void* p);
