// Whether something has moved between two frames, by how bright small cells of the picture are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace frameferry {

struct MotionLook {
    bool is_compared = false;  // there was a frame before, of the same size
    bool has_moved = false;
    std::uint32_t score_permille = 0;  // how much of the picture has changed
};

// Takes a frame in blocks, as a JPEG decoder gives them, already made small: 1/8 is enough. One thread.
//
// What changes everywhere alike is light, not motion: the mean of both frames is made equal before they are compared.
// A frame in which nearly everything has changed is a lamp, a cover or a camera that was moved; it becomes the new
// picture to compare with and is no motion.
class MotionEye {
public:
    static constexpr std::size_t columns = 32;
    static constexpr std::size_t rows = 24;

    void begin(std::uint16_t width, std::uint16_t height);
    // `rgb` has 3 bytes a pixel, row by row. What lies outside of the frame is left out.
    void add(std::uint16_t left, std::uint16_t top, std::uint16_t width, std::uint16_t height, const std::uint8_t* rgb);
    // Nothing comes of a frame of which blocks are missing: the next whole one is compared with the last whole one.
    MotionLook end();
    // What was seen is no measure any more: after a pause, with another resolution.
    void forget() { has_reference_ = false; }

private:
    static constexpr std::size_t cells = columns * rows;
    using Levels = std::array<std::uint8_t, cells>;

    bool levels_of_frame(Levels& levels) const;
    [[nodiscard]] MotionLook compare(const Levels& levels) const;

    std::array<std::uint32_t, cells> sums_{};
    std::array<std::uint32_t, cells> counts_{};
    Levels reference_{};
    std::uint32_t width_ = 0;
    std::uint32_t height_ = 0;
    std::uint32_t reference_width_ = 0;
    std::uint32_t reference_height_ = 0;
    bool has_reference_ = false;
};

}  // namespace frameferry
