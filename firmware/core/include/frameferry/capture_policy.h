// When to take a photo, and whether what the camera gave is one.
#pragma once

#include <cstdint>

#include "frameferry/bytes.h"
#include "frameferry/ports.h"

namespace frameferry {

constexpr std::uint32_t motion_every_ms = 5'000;

// The rhythm of captures. Times are of Clock::monotonic_ms. One thread.
class CaptureRhythm {
public:
    explicit CaptureRhythm(std::uint64_t began_at_ms) : due_at_ms_(began_at_ms) {}

    // 0 when a photo is due. The owner may have changed the interval since the last one.
    std::uint32_t due_in_ms(std::uint64_t now_ms, std::uint32_t interval_ms);
    // A photo was tried. Who is late keeps the rhythm, but does not catch up.
    void tried(std::uint64_t now_ms, std::uint32_t interval_ms);
    // Nothing is due while paused: the first photo comes when the pause ends, and not one for each that was missed.
    void paused(std::uint64_t now_ms);

private:
    std::uint64_t due_at_ms_;
};

// Motion: a photo and an event, at most one of each in five seconds. One thread.
class MotionGate {
public:
    // Whether this motion counts.
    bool seen(std::uint64_t now_ms);

private:
    std::uint64_t next_at_ms_ = 0;
};

// The JPEG in a frame, without the zeros that a driver leaves behind it; empty where it does not begin with SOI and end
// with EOI.
[[nodiscard]] Bytes whole_jpeg(Bytes frame);

// Gets a whole frame out of a camera that now and then gives a torn one: a lower quality is smaller, and fits where the
// better one did not.
class FrameTaker {
public:
    static constexpr unsigned tries = 3;

    explicit FrameTaker(Camera& camera) : camera_(camera) {}

    // The frame is the camera's until `release`, which follows also where this gives nothing.
    Bytes take(Resolution resolution, std::uint8_t jpeg_quality);
    void release();

private:
    static constexpr std::uint8_t quality_step = 6;
    static constexpr std::uint8_t worst_quality = 63;  // of the driver's scale: 4 is the best
    static constexpr unsigned good_ones_to_recover = 20;

    void configure(Resolution resolution, std::uint8_t jpeg_quality);
    void was_whole(unsigned tried);

    Camera& camera_;
    bool is_grabbed_ = false;
    bool is_configured_ = false;
    Resolution resolution_ = Resolution::uxga;
    std::uint8_t quality_ = 0;
    std::uint8_t worse_by_ = 0;  // than the owner wants: what was torn once is torn again
    unsigned good_ones_ = 0;
};

}  // namespace frameferry
