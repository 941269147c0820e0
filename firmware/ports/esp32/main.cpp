// What the Arduino core calls.
#include <freertos/FreeRTOS.h>
#include <freertos/task.h>
#include <sodium_sign.h>

#include <new>

#include "esp32/board.h"
#include "esp32/board_memory.h"

void setup() {
    frameferry::DeviceMemory memory;
    // Without PSRAM there is no camera either: nothing can be done but to say so, again and again.
    while (!frameferry::make_device_memory(memory)) {
        frameferry::SerialLog::begin();
        frameferry::SerialLog().logged("no PSRAM");
        vTaskDelay(pdMS_TO_TICKS(5'000));
    }
    alignas(frameferry::Board) static unsigned char room[sizeof(frameferry::Board)];
    (new (room) frameferry::Board(memory))->begin();
}

// The core's own task has nothing to do.
void loop() { vTaskDelete(nullptr); }
