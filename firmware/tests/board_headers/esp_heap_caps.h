// esp-idf v5.1 components/heap/include/esp_heap_caps.h
#pragma once
#include <cstddef>
#include <cstdint>
#define MALLOC_CAP_8BIT (1U << 2U)
#define MALLOC_CAP_SPIRAM (1U << 10U)
#define MALLOC_CAP_INTERNAL (1U << 11U)
extern "C" {
void* heap_caps_calloc(size_t n, size_t size, uint32_t caps);
size_t heap_caps_get_free_size(uint32_t caps);
size_t heap_caps_get_largest_free_block(uint32_t caps);
}
