#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <vector>

#include "frameferry/motion.h"

using frameferry::MotionEye;
using frameferry::MotionLook;

namespace {

constexpr std::uint16_t width = 200;  // UXGA at 1/8
constexpr std::uint16_t height = 150;

using Picture = std::function<int(int x, int y)>;

int meadow(int x, int y) { return 60 + (x * 7 + y * 13) % 90; }

// Sixteen by sixteen pixels at a time, narrower at the right and lower edge: as a decoder of 4:2:0 gives them.
void feed(MotionEye& eye, const Picture& picture, int wide = width, int high = height) {
    constexpr int block = 16;
    std::vector<std::uint8_t> rgb;
    for (int top = 0; top < high; top += block) {
        for (int left = 0; left < wide; left += block) {
            const int columns = std::min(block, wide - left);
            const int rows = std::min(block, high - top);
            rgb.clear();
            for (int y = top; y < top + rows; ++y) {
                for (int x = left; x < left + columns; ++x) {
                    rgb.insert(rgb.end(), 3, static_cast<std::uint8_t>(std::clamp(picture(x, y), 0, 255)));
                }
            }
            eye.add(static_cast<std::uint16_t>(left), static_cast<std::uint16_t>(top),
                    static_cast<std::uint16_t>(columns), static_cast<std::uint16_t>(rows), rgb.data());
        }
    }
}

MotionLook look(MotionEye& eye, const Picture& picture, std::uint16_t wide = width, std::uint16_t high = height) {
    eye.begin(wide, high);
    feed(eye, picture, wide, high);
    return eye.end();
}

Picture with_figure(int at_x, int at_y, int wide, int high) {
    return [=](int x, int y) {
        const bool is_inside = x >= at_x && x < at_x + wide && y >= at_y && y < at_y + high;
        return is_inside ? 220 : meadow(x, y);
    };
}

}  // namespace

TEST_CASE("the first frame is compared with nothing") {
    MotionEye eye;
    const MotionLook first = look(eye, meadow);
    CHECK_FALSE(first.is_compared);
    CHECK_FALSE(first.has_moved);
}

TEST_CASE("the same picture twice is no motion") {
    MotionEye eye;
    look(eye, meadow);
    const MotionLook second = look(eye, meadow);
    CHECK(second.is_compared);
    CHECK_FALSE(second.has_moved);
    CHECK(second.score_permille == 0);
}

TEST_CASE("a figure that comes, walks and leaves is motion each time") {
    MotionEye eye;
    look(eye, meadow);
    const MotionLook comes = look(eye, with_figure(40, 40, 25, 45));
    CHECK(comes.has_moved);
    CHECK(comes.score_permille > 15);
    CHECK(comes.score_permille < 200);
    CHECK(look(eye, with_figure(80, 40, 25, 45)).has_moved);
    CHECK(look(eye, meadow).has_moved);
    CHECK_FALSE(look(eye, meadow).has_moved);
}

TEST_CASE("a fly is too small to be motion") {
    MotionEye eye;
    look(eye, meadow);
    CHECK_FALSE(look(eye, with_figure(100, 70, 3, 3)).has_moved);
}

TEST_CASE("the noise of a sensor at night is no motion") {
    std::mt19937 random(7);
    std::normal_distribution<double> noise(0.0, 12.0);
    const auto dark = [&](int x, int y) { return 30 + meadow(x, y) / 8 + static_cast<int>(noise(random)); };
    MotionEye eye;
    look(eye, dark);
    for (int frame = 0; frame < 20; ++frame) CHECK_FALSE(look(eye, dark).has_moved);
}

TEST_CASE("a cloud that darkens everything alike is no motion") {
    MotionEye eye;
    look(eye, meadow);
    const MotionLook darker = look(eye, [](int x, int y) { return meadow(x, y) - 40; });
    CHECK(darker.is_compared);
    CHECK_FALSE(darker.has_moved);
}

TEST_CASE("a figure is seen although the light changes too") {
    MotionEye eye;
    look(eye, meadow);
    const Picture figure = with_figure(40, 40, 25, 45);
    CHECK(look(eye, [&](int x, int y) { return figure(x, y) - 30; }).has_moved);
}

TEST_CASE("another scene altogether is no motion, and what follows is compared with it") {
    MotionEye eye;
    look(eye, [](int x, int) { return x < width / 2 ? 0 : 255; });
    const MotionLook moved_camera = look(eye, [](int x, int) { return x < width / 2 ? 255 : 0; });
    CHECK(moved_camera.score_permille > 850);
    CHECK_FALSE(moved_camera.has_moved);
    CHECK_FALSE(look(eye, [](int x, int) { return x < width / 2 ? 255 : 0; }).has_moved);
}

TEST_CASE("a frame of which blocks are missing counts for nothing") {
    MotionEye eye;
    look(eye, meadow);
    eye.begin(width, height);
    feed(eye, [](int, int) { return 255; }, width, height / 2);
    CHECK_FALSE(eye.end().is_compared);
    const MotionLook after = look(eye, meadow);
    CHECK(after.is_compared);
    CHECK_FALSE(after.has_moved);
}

TEST_CASE("another resolution, and a pause, begin anew") {
    MotionEye eye;
    look(eye, meadow);
    CHECK_FALSE(look(eye, [](int, int) { return 255; }, 100, 75).is_compared);
    CHECK(look(eye, [](int, int) { return 255; }, 100, 75).is_compared);
    eye.forget();
    CHECK_FALSE(look(eye, meadow, 100, 75).is_compared);
}

TEST_CASE("a frame with fewer pixels than cells cannot be judged") {
    MotionEye eye;
    CHECK_FALSE(look(eye, meadow, 31, 24).is_compared);
    CHECK_FALSE(look(eye, meadow, 31, 24).is_compared);
    CHECK_FALSE(look(eye, meadow, 0, 0).is_compared);
}

TEST_CASE("a block that reaches over the edge of its frame is cut there") {
    MotionEye eye;
    const std::vector<std::uint8_t> block(std::size_t{3} * 256 * 256, 90);
    eye.begin(width, height);
    eye.add(0, 0, 256, 256, block.data());
    CHECK_FALSE(eye.end().is_compared);
    eye.begin(width, height);
    eye.add(0, 0, 256, 256, block.data());
    CHECK(eye.end().is_compared);
}
