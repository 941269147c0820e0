#include "frameferry/capture_policy.h"

#include <algorithm>

namespace frameferry {

std::uint32_t CaptureRhythm::due_in_ms(std::uint64_t now_ms, std::uint32_t interval_ms) {
    due_at_ms_ = std::min(due_at_ms_, now_ms + interval_ms);
    return due_at_ms_ > now_ms ? static_cast<std::uint32_t>(due_at_ms_ - now_ms) : 0;
}

void CaptureRhythm::tried(std::uint64_t now_ms, std::uint32_t interval_ms) {
    const std::uint64_t interval = std::max<std::uint32_t>(interval_ms, 1);
    const std::uint64_t late_ms = now_ms > due_at_ms_ ? now_ms - due_at_ms_ : 0;
    due_at_ms_ += interval * std::max<std::uint64_t>(1, (late_ms + interval - 1) / interval);
}

void CaptureRhythm::paused(std::uint64_t now_ms) { due_at_ms_ = std::max(due_at_ms_, now_ms); }

bool MotionGate::seen(std::uint64_t now_ms) {
    if (now_ms < next_at_ms_) return false;
    next_at_ms_ = now_ms + motion_every_ms;
    return true;
}

Bytes whole_jpeg(Bytes frame) {
    std::size_t size = frame.size;
    while (size != 0 && frame.data[size - 1] == 0) --size;
    const bool has_both = size >= 4 && frame.data[0] == 0xFF && frame.data[1] == 0xD8 &&
                          frame.data[size - 2] == 0xFF && frame.data[size - 1] == 0xD9;
    return has_both ? frame.first(size) : Bytes{};
}

Bytes FrameTaker::take(Resolution resolution, std::uint8_t jpeg_quality) {
    release();
    for (unsigned tried = 1; tried <= tries; ++tried) {
        const unsigned quality = jpeg_quality + worse_by_;
        configure(resolution, static_cast<std::uint8_t>(std::min<unsigned>(quality, worst_quality)));
        Frame frame;
        is_grabbed_ = camera_.grab(frame);
        const Bytes jpeg = is_grabbed_ ? whole_jpeg(frame.jpeg) : Bytes{};
        if (!jpeg.empty()) {
            was_whole(tried);
            return jpeg;
        }
        // No frame at all has nothing to do with its quality.
        if (is_grabbed_ && quality < worst_quality) worse_by_ = static_cast<std::uint8_t>(worse_by_ + quality_step);
        release();
    }
    return {};
}

void FrameTaker::release() {
    if (is_grabbed_) camera_.release();
    is_grabbed_ = false;
}

void FrameTaker::configure(Resolution resolution, std::uint8_t jpeg_quality) {
    if (is_configured_ && resolution_ == resolution && quality_ == jpeg_quality) return;
    camera_.configure(resolution, jpeg_quality);
    is_configured_ = true;
    resolution_ = resolution;
    quality_ = jpeg_quality;
}

void FrameTaker::was_whole(unsigned tried) {
    good_ones_ = tried == 1 ? good_ones_ + 1 : 0;
    if (worse_by_ == 0 || good_ones_ < good_ones_to_recover) return;
    good_ones_ = 0;
    worse_by_ = static_cast<std::uint8_t>(worse_by_ - std::min(worse_by_, quality_step));
}

}  // namespace frameferry
