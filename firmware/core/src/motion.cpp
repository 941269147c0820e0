#include "frameferry/motion.h"

#include <cstdlib>
#include <numeric>

namespace frameferry {
namespace {

// Of 255 steps of brightness. A cell is the mean of dozens of pixels, so that noise alone stays well below.
constexpr int changed_by = 14;
constexpr std::uint32_t motion_from_permille = 15;  // a dozen of 768 cells: a person across a room
constexpr std::uint32_t motion_to_permille = 850;

// ITU-R BT.601 in 256ths: what a JPEG calls brightness.
std::uint32_t brightness(const std::uint8_t* rgb) {
    return (77U * rgb[0] + 150U * rgb[1] + 29U * rgb[2]) >> 8U;
}

template <std::size_t N>
int mean_of(const std::array<std::uint8_t, N>& levels) {
    return static_cast<int>(std::accumulate(levels.begin(), levels.end(), std::uint32_t{0}) / N);
}

}  // namespace

void MotionEye::begin(std::uint16_t width, std::uint16_t height) {
    width_ = width;
    height_ = height;
    sums_.fill(0);
    counts_.fill(0);
}

void MotionEye::add(std::uint16_t left, std::uint16_t top, std::uint16_t width, std::uint16_t height,
                    const std::uint8_t* rgb) {
    for (std::uint32_t y = 0; y < height && top + y < height_; ++y) {
        const std::uint8_t* pixel = rgb + std::size_t{3} * y * width;
        const std::size_t row = (top + y) * rows / height_ * columns;
        for (std::uint32_t x = 0; x < width && left + x < width_; ++x, pixel += 3) {
            const std::size_t cell = row + (left + x) * columns / width_;
            sums_[cell] += brightness(pixel);
            ++counts_[cell];
        }
    }
}

MotionLook MotionEye::end() {
    Levels levels{};
    if (!levels_of_frame(levels)) return {};
    const bool is_same_size = reference_width_ == width_ && reference_height_ == height_;
    const MotionLook look = has_reference_ && is_same_size ? compare(levels) : MotionLook{};
    reference_ = levels;
    reference_width_ = width_;
    reference_height_ = height_;
    has_reference_ = true;
    return look;
}

bool MotionEye::levels_of_frame(Levels& levels) const {
    if (width_ < columns || height_ < rows) return false;
    std::uint64_t pixels = 0;
    for (std::size_t cell = 0; cell < cells; ++cell) {
        if (counts_[cell] == 0) return false;
        pixels += counts_[cell];
        levels[cell] = static_cast<std::uint8_t>(sums_[cell] / counts_[cell]);
    }
    return pixels == std::uint64_t{width_} * height_;
}

MotionLook MotionEye::compare(const Levels& levels) const {
    const int brighter_by = mean_of(levels) - mean_of(reference_);
    std::uint32_t changed = 0;
    for (std::size_t cell = 0; cell < cells; ++cell) {
        if (std::abs(levels[cell] - reference_[cell] - brighter_by) > changed_by) ++changed;
    }
    const auto score = static_cast<std::uint32_t>(std::size_t{1000} * changed / cells);
    return {true, score >= motion_from_permille && score <= motion_to_permille, score};
}

}  // namespace frameferry
