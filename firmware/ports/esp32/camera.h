// The Sense board's camera, through Espressif's driver.
#pragma once

#include <esp_camera.h>

#include <cstdint>

#include "frameferry/motion.h"
#include "frameferry/ports.h"

namespace frameferry {

// One thread.
class BoardCamera final : public Camera {
public:
    // Two buffers of `width * height / 5` in PSRAM: the driver always fills the one that nobody reads. False where
    // there is no camera, or no PSRAM; `grab` tries again.
    bool begin();

    bool grab(Frame& frame) override;
    void release() override;
    void configure(Resolution resolution, std::uint8_t jpeg_quality) override;

    // No frame counts that was begun before now: the sensor stood still while the board slept.
    void woke();
    // The next frame, for the eye. False where there is none, or it is torn: the eye counts it for nothing then.
    bool look(MotionEye& eye);

private:
    void restart();
    void apply();

    camera_fb_t* held_ = nullptr;
    Resolution resolution_ = Resolution::uxga;
    std::uint8_t jpeg_quality_ = 12;
    framesize_t largest_ = FRAMESIZE_UXGA;  // that the buffers are made for
    bool is_running_ = false;
    bool is_applied_ = false;
    std::int64_t fresh_after_us_ = 0;
};

}  // namespace frameferry
