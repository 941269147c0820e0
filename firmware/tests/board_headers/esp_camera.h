// esp32-camera v2.0 driver/include/esp_camera.h, driver/include/sensor.h; esp-idf components/hal/include/hal/ledc_types.h
#pragma once
#include <esp_err.h>
#include <sys/time.h>
#include <cstddef>
#include <cstdint>
typedef enum { LEDC_CHANNEL_0 } ledc_channel_t;
typedef enum { LEDC_TIMER_0 } ledc_timer_t;
typedef enum { PIXFORMAT_JPEG = 4 } pixformat_t;
typedef enum {
    FRAMESIZE_QVGA, FRAMESIZE_VGA, FRAMESIZE_SVGA, FRAMESIZE_XGA, FRAMESIZE_HD, FRAMESIZE_SXGA, FRAMESIZE_UXGA,
    FRAMESIZE_FHD, FRAMESIZE_QXGA, FRAMESIZE_QSXGA
} framesize_t;
typedef enum { CAMERA_GRAB_WHEN_EMPTY, CAMERA_GRAB_LATEST } camera_grab_mode_t;
typedef enum { CAMERA_FB_IN_PSRAM, CAMERA_FB_IN_DRAM } camera_fb_location_t;
typedef struct {
    int pin_pwdn, pin_reset, pin_xclk, pin_sccb_sda, pin_sccb_scl;
    int pin_d7, pin_d6, pin_d5, pin_d4, pin_d3, pin_d2, pin_d1, pin_d0;
    int pin_vsync, pin_href, pin_pclk;
    int xclk_freq_hz;
    ledc_timer_t ledc_timer;
    ledc_channel_t ledc_channel;
    pixformat_t pixel_format;
    framesize_t frame_size;
    int jpeg_quality;
    size_t fb_count;
    camera_fb_location_t fb_location;
    camera_grab_mode_t grab_mode;
} camera_config_t;
typedef struct {
    uint8_t* buf;
    size_t len;
    struct timeval timestamp;
} camera_fb_t;
typedef struct {
    uint16_t PID;
} sensor_id_t;
typedef struct {
    framesize_t max_size;
} camera_sensor_info_t;
typedef struct _sensor sensor_t;
struct _sensor {
    sensor_id_t id;
    int (*set_framesize)(sensor_t* sensor, framesize_t framesize);
    int (*set_quality)(sensor_t* sensor, int quality);
};
extern "C" {
esp_err_t esp_camera_init(const camera_config_t* config);
esp_err_t esp_camera_deinit(void);
camera_fb_t* esp_camera_fb_get(void);
void esp_camera_fb_return(camera_fb_t* fb);
sensor_t* esp_camera_sensor_get(void);
camera_sensor_info_t* esp_camera_sensor_get_info(sensor_id_t* id);
}
