// How the board is.
#pragma once

#include <driver/temperature_sensor.h>

#include "frameferry/device.h"

namespace frameferry {

class BoardHealth final : public HealthSource {
public:
    void begin();
    // Without the battery: the XIAO has no wire from it to a pin that could measure it.
    void measure(Health& health) override;

private:
    temperature_sensor_handle_t thermometer_ = nullptr;
};

}  // namespace frameferry
