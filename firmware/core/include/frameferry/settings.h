// What the owner wants of the device. Where the server says nothing its defaults hold.
#pragma once

#include <cstdint>

#include "frameferry/ports.h"

namespace frameferry {

struct Settings {
    std::uint32_t interval_s = 30;
    std::uint8_t jpeg_quality = 12;
    Resolution resolution = Resolution::uxga;
    bool motion = false;
    bool newest_first = false;
    bool paused = false;
    std::int64_t paused_until_ms = 0;  // 0: no such time
};

}  // namespace frameferry
