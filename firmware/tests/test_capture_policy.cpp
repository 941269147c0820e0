#include "frameferry/capture_policy.h"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

#include "fakes/memory_ports.h"

using namespace frameferry;

namespace {

const std::vector<std::uint8_t> whole{0xFF, 0xD8, 1, 2, 3, 0xFF, 0xD9};
const std::vector<std::uint8_t> torn{0xFF, 0xD8, 1, 2, 3, 4};

// Gives whole frames from a certain quality on: those that fit its buffer.
class PickyCamera final : public Camera {
public:
    bool grab(Frame& frame) override {
        if (is_dead) return false;
        const std::vector<std::uint8_t>& given = quality >= whole_from ? whole : torn;
        frame.jpeg = {given.data(), given.size()};
        ++grabbed;
        return true;
    }
    void release() override { ++released; }
    void configure(Resolution, std::uint8_t jpeg_quality) override { quality = jpeg_quality, ++configured; }

    bool is_dead = false;
    unsigned whole_from = 0;
    unsigned quality = 0;
    int grabbed = 0;
    int released = 0;
    int configured = 0;
};

Bytes bytes(const std::vector<std::uint8_t>& content) { return {content.data(), content.size()}; }

}  // namespace

TEST_CASE("photos are due in a rhythm that lateness does not shift") {
    CaptureRhythm rhythm(1'000);
    CHECK(rhythm.due_in_ms(1'000, 30'000) == 0);
    rhythm.tried(3'500, 30'000);
    CHECK(rhythm.due_in_ms(3'500, 30'000) == 27'500);
}

TEST_CASE("who was away for hours does not catch up") {
    CaptureRhythm rhythm(0);
    rhythm.tried(7'200'001, 30'000);
    CHECK(rhythm.due_in_ms(7'200'001, 30'000) == 29'999);
}

TEST_CASE("a shorter interval counts at once") {
    CaptureRhythm rhythm(0);
    rhythm.tried(0, 3'600'000);
    CHECK(rhythm.due_in_ms(1'000, 30'000) == 30'000);
}

TEST_CASE("after a pause one photo is due, and not one for each that was missed") {
    CaptureRhythm rhythm(0);
    rhythm.tried(0, 30'000);
    for (std::uint64_t now_ms = 0; now_ms < 600'000; now_ms += 1'000) rhythm.paused(now_ms);
    CHECK(rhythm.due_in_ms(600'000, 30'000) == 0);
    rhythm.tried(600'000, 30'000);
    CHECK(rhythm.due_in_ms(600'000, 30'000) > 28'000);
}

TEST_CASE("motion counts once in five seconds") {
    MotionGate gate;
    CHECK(gate.seen(10'000));
    CHECK_FALSE(gate.seen(14'999));
    CHECK(gate.seen(15'000));
}

TEST_CASE("a JPEG begins with SOI and ends with EOI, zeros behind it do not count") {
    CHECK(whole_jpeg(bytes(whole)).size == whole.size());
    CHECK(whole_jpeg(bytes(torn)).empty());
    CHECK(whole_jpeg({}).empty());
    CHECK(whole_jpeg(bytes({0xFF, 0xD9})).empty());
    CHECK(whole_jpeg(bytes({0, 0, 0, 0})).empty());
    auto padded = whole;
    padded.resize(64);
    CHECK(whole_jpeg(bytes(padded)).size == whole.size());
    auto headless = whole;
    headless[1] = 0;
    CHECK(whole_jpeg(bytes(headless)).empty());
}

TEST_CASE("a torn frame is tried again at a lower quality, and each frame is given back once") {
    PickyCamera camera;
    camera.whole_from = 20;
    FrameTaker frames(camera);
    CHECK(frames.take(Resolution::uxga, 12).size == whole.size());
    CHECK(camera.grabbed == 3);
    CHECK(camera.quality == 24);
    frames.release();
    frames.release();
    CHECK(camera.released == 3);
    // What was torn once would be torn again.
    CHECK(frames.take(Resolution::uxga, 12).size == whole.size());
    CHECK(camera.grabbed == 4);
    frames.release();
    CHECK(camera.released == camera.grabbed);
}

TEST_CASE("the owner's quality comes back after enough whole frames") {
    PickyCamera camera;
    camera.whole_from = 13;
    FrameTaker frames(camera);
    CHECK_FALSE(frames.take(Resolution::uxga, 12).empty());
    camera.whole_from = 0;
    for (int times = 0; times < 20; ++times) CHECK_FALSE(frames.take(Resolution::uxga, 12).empty());
    CHECK_FALSE(frames.take(Resolution::uxga, 12).empty());
    CHECK(camera.quality == 12);
    frames.release();
    CHECK(camera.released == camera.grabbed);
}

TEST_CASE("a camera that gives nothing whole is given up after three tries, at the worst quality there is") {
    PickyCamera camera;
    camera.whole_from = 1'000;
    FrameTaker frames(camera);
    for (int times = 0; times < 30; ++times) CHECK(frames.take(Resolution::uxga, 12).empty());
    CHECK(camera.grabbed == 90);
    CHECK(camera.released == 90);
    CHECK(camera.quality == 63);
}

TEST_CASE("a camera without a frame is not told to be worse") {
    PickyCamera camera;
    camera.is_dead = true;
    FrameTaker frames(camera);
    CHECK(frames.take(Resolution::svga, 12).empty());
    CHECK(camera.quality == 12);
    CHECK(camera.released == 0);
}
