#include "esp32/camera.h"

#include <esp_jpg_decode.h>
#include <esp_timer.h>

#include <algorithm>
#include <cstring>

#include "esp32/pins.h"

namespace frameferry {
namespace {

constexpr int stale_frames = 4;  // two that are queued, one under way, and one to be sure

framesize_t frame_size_of(Resolution resolution) {
    switch (resolution) {
        case Resolution::qvga: return FRAMESIZE_QVGA;
        case Resolution::vga: return FRAMESIZE_VGA;
        case Resolution::svga: return FRAMESIZE_SVGA;
        case Resolution::xga: return FRAMESIZE_XGA;
        case Resolution::hd: return FRAMESIZE_HD;
        case Resolution::sxga: return FRAMESIZE_SXGA;
        case Resolution::uxga: return FRAMESIZE_UXGA;
        case Resolution::fhd: return FRAMESIZE_FHD;
        case Resolution::qxga: return FRAMESIZE_QXGA;
        case Resolution::qsxga: return FRAMESIZE_QSXGA;
    }
    return FRAMESIZE_UXGA;
}

camera_config_t config_for(framesize_t largest, std::uint8_t jpeg_quality) {
    camera_config_t config{};
    config.pin_pwdn = pins::none;
    config.pin_reset = pins::none;
    config.pin_xclk = pins::camera_clock;
    config.pin_sccb_sda = pins::camera_sda;
    config.pin_sccb_scl = pins::camera_scl;
    config.pin_d0 = pins::camera_data[0];
    config.pin_d1 = pins::camera_data[1];
    config.pin_d2 = pins::camera_data[2];
    config.pin_d3 = pins::camera_data[3];
    config.pin_d4 = pins::camera_data[4];
    config.pin_d5 = pins::camera_data[5];
    config.pin_d6 = pins::camera_data[6];
    config.pin_d7 = pins::camera_data[7];
    config.pin_vsync = pins::camera_vsync;
    config.pin_href = pins::camera_href;
    config.pin_pclk = pins::camera_pclk;
    config.xclk_freq_hz = 20'000'000;
    config.ledc_timer = LEDC_TIMER_0;
    config.ledc_channel = LEDC_CHANNEL_0;
    config.pixel_format = PIXFORMAT_JPEG;
    config.frame_size = largest;
    config.jpeg_quality = jpeg_quality;
    config.fb_count = 2;  // the latest frame needs one to be read and one to be filled
    config.fb_location = CAMERA_FB_IN_PSRAM;
    config.grab_mode = CAMERA_GRAB_LATEST;
    return config;
}

std::int64_t began_at_us(const camera_fb_t& frame) {
    return std::int64_t{frame.timestamp.tv_sec} * 1'000'000 + frame.timestamp.tv_usec;
}

struct Decoding {
    const camera_fb_t& frame;
    MotionEye& eye;
};

// The decoder skips bytes by asking for them without a buffer.
std::size_t read_jpeg(void* decoding, std::size_t at, std::uint8_t* room, std::size_t size) {
    const camera_fb_t& frame = static_cast<Decoding*>(decoding)->frame;
    const std::size_t count = at < frame.len ? std::min(size, frame.len - at) : 0;
    if (room != nullptr && count != 0) std::memcpy(room, frame.buf + at, count);
    return count;
}

// Without pixels it tells the size of the picture at its beginning, and where it ends.
bool take_pixels(void* decoding, std::uint16_t x, std::uint16_t y, std::uint16_t width, std::uint16_t height,
                 std::uint8_t* rgb) {
    MotionEye& eye = static_cast<Decoding*>(decoding)->eye;
    if (rgb != nullptr) {
        eye.add(x, y, width, height, rgb);
    } else if (x == 0 && y == 0) {
        eye.begin(width, height);
    }
    return true;
}

}  // namespace

bool BoardCamera::begin() {
    const camera_config_t config = config_for(largest_, jpeg_quality_);
    is_running_ = esp_camera_init(&config) == ESP_OK;
    is_applied_ = false;
    return is_running_;
}

void BoardCamera::restart() {
    if (is_running_) esp_camera_deinit();
    begin();
}

void BoardCamera::configure(Resolution resolution, std::uint8_t jpeg_quality) {
    resolution_ = resolution;
    jpeg_quality_ = jpeg_quality;
    is_applied_ = false;
}

// What the sensor cannot do becomes the best that it can.
void BoardCamera::apply() {
    sensor_t* sensor = esp_camera_sensor_get();
    if (sensor == nullptr) return;
    const camera_sensor_info_t* info = esp_camera_sensor_get_info(&sensor->id);
    framesize_t wanted = frame_size_of(resolution_);
    if (info != nullptr) wanted = std::min(wanted, info->max_size);
    if (wanted > largest_) {  // the buffers are too small for it
        largest_ = wanted;
        restart();
        sensor = esp_camera_sensor_get();
        if (!is_running_ || sensor == nullptr) return;
    }
    sensor->set_framesize(sensor, wanted);
    sensor->set_quality(sensor, jpeg_quality_);
    is_applied_ = true;
    woke();
}

void BoardCamera::woke() { fresh_after_us_ = esp_timer_get_time(); }

bool BoardCamera::grab(Frame& frame) {
    release();
    if (!is_running_) restart();
    if (is_running_ && !is_applied_) apply();
    if (!is_running_) return false;
    for (int tried = 0; tried <= stale_frames; ++tried) {
        held_ = esp_camera_fb_get();  // waits for it, four seconds at most
        if (held_ == nullptr) {
            restart();
            return false;
        }
        if (began_at_us(*held_) >= fresh_after_us_) break;
        if (tried < stale_frames) release();
    }
    frame.jpeg = Bytes(held_->buf, held_->len);
    return true;
}

void BoardCamera::release() {
    if (held_ != nullptr) esp_camera_fb_return(held_);
    held_ = nullptr;
}

bool BoardCamera::look(MotionEye& eye) {
    Frame frame;
    if (!grab(frame)) return false;
    Decoding decoding{*held_, eye};
    const bool is_whole = esp_jpg_decode(held_->len, JPG_SCALE_8X, read_jpeg, take_pixels, &decoding) == ESP_OK;
    release();
    return is_whole;
}

}  // namespace frameferry
