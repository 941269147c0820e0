// esp-idf v5.1 components/esp_wifi/include/esp_wifi.h, esp_wifi_types.h
#pragma once
#include <esp_netif.h>
typedef enum { WIFI_MODE_NULL, WIFI_MODE_STA, WIFI_MODE_AP } wifi_mode_t;
typedef enum { WIFI_IF_STA, WIFI_IF_AP } wifi_interface_t;
typedef enum { WIFI_AUTH_OPEN, WIFI_AUTH_WPA2_PSK = 3 } wifi_auth_mode_t;
typedef enum { WIFI_PS_NONE, WIFI_PS_MIN_MODEM } wifi_ps_type_t;
typedef enum { WIFI_STORAGE_FLASH, WIFI_STORAGE_RAM } wifi_storage_t;
typedef enum { WPA3_SAE_PWE_BOTH = 3 } wifi_sae_pwe_method_t;
typedef enum { WIFI_EVENT_STA_DISCONNECTED = 5 } wifi_event_t;
typedef enum { WIFI_REASON_ASSOC_LEAVE = 8 } wifi_err_reason_t;
typedef struct {
    bool capable;
} wifi_pmf_config_t;
typedef struct {
    wifi_auth_mode_t authmode;
} wifi_scan_threshold_t;
typedef struct {
    uint8_t ssid[32];
    uint8_t password[64];
    uint8_t ssid_len;
    uint8_t channel;
    wifi_auth_mode_t authmode;
    uint8_t max_connection;
    wifi_pmf_config_t pmf_cfg;
} wifi_ap_config_t;
typedef struct {
    uint8_t ssid[32];
    uint8_t password[64];
    wifi_scan_threshold_t threshold;
    wifi_pmf_config_t pmf_cfg;
    wifi_sae_pwe_method_t sae_pwe_h2e;
} wifi_sta_config_t;
typedef union {
    wifi_ap_config_t ap;
    wifi_sta_config_t sta;
} wifi_config_t;
typedef struct {
    uint8_t ssid[33];
    int8_t rssi;
} wifi_ap_record_t;
typedef struct {
    uint8_t reason;
} wifi_event_sta_disconnected_t;
typedef struct {
    int magic;
} wifi_init_config_t;
typedef struct {
    uint8_t* ssid;
} wifi_scan_config_t;
#define WIFI_INIT_CONFIG_DEFAULT() {0}
extern "C" {
extern esp_event_base_t const WIFI_EVENT;
esp_err_t esp_wifi_init(const wifi_init_config_t* config);
esp_err_t esp_wifi_set_mode(wifi_mode_t mode);
esp_err_t esp_wifi_start(void);
esp_err_t esp_wifi_stop(void);
esp_err_t esp_wifi_connect(void);
esp_err_t esp_wifi_disconnect(void);
esp_err_t esp_wifi_scan_start(const wifi_scan_config_t* config, bool block);
esp_err_t esp_wifi_scan_get_ap_records(uint16_t* number, wifi_ap_record_t* ap_records);
esp_err_t esp_wifi_sta_get_ap_info(wifi_ap_record_t* ap_info);
esp_err_t esp_wifi_set_ps(wifi_ps_type_t type);
esp_err_t esp_wifi_set_config(wifi_interface_t interface, wifi_config_t* conf);
esp_err_t esp_wifi_set_storage(wifi_storage_t storage);
}
