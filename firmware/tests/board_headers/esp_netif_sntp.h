// esp-idf v5.1 components/esp_netif/include/esp_netif_sntp.h
#pragma once
#include <esp_err.h>
#include <sys/time.h>
typedef void (*esp_sntp_time_cb_t)(struct timeval* tv);
typedef struct esp_sntp_config {
    bool wait_for_sync;
    esp_sntp_time_cb_t sync_cb;
    const char* servers[1];
} esp_sntp_config_t;
#define ESP_NETIF_SNTP_DEFAULT_CONFIG(server) {true, nullptr, {server}}
extern "C" {
esp_err_t esp_netif_sntp_init(const esp_sntp_config_t* config);
esp_err_t esp_netif_sntp_start(void);
}
