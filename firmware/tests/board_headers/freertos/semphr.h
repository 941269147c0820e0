// esp-idf v5.1 components/freertos/FreeRTOS-Kernel/include/freertos/semphr.h: macros there, functions here
#pragma once
#include <freertos/FreeRTOS.h>
typedef struct {
    void* room[20];
} StaticSemaphore_t;
typedef struct QueueDefinition* SemaphoreHandle_t;
SemaphoreHandle_t xSemaphoreCreateMutexStatic(StaticSemaphore_t* buffer);
BaseType_t xSemaphoreTake(SemaphoreHandle_t semaphore, TickType_t ticks);
BaseType_t xSemaphoreGive(SemaphoreHandle_t semaphore);
