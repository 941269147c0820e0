// Where the core's memory lies: tables in PSRAM, what DMA and TLS touch in internal memory.
#pragma once

#include "frameferry/device.h"

namespace frameferry {

// 8,192 packs of 20 photos: 56 days at one in 30 s. False where there is no PSRAM.
bool make_device_memory(DeviceMemory& memory);

}  // namespace frameferry
