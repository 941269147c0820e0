// esp-idf v5.1 components/esp_netif/include/esp_netif.h, esp_netif_ip_addr.h, esp_netif_types.h, esp_wifi_default.h
#pragma once
#include <esp_event.h>
#include <cstdint>
typedef struct esp_netif_obj esp_netif_t;
typedef struct {
    uint32_t addr;
} esp_ip4_addr_t;
#define ESP_IPADDR_TYPE_V4 0U
typedef struct _ip_addr {
    union {
        esp_ip4_addr_t ip4;
    } u_addr;
    uint8_t type;
} esp_ip_addr_t;
typedef enum { IP_EVENT_STA_GOT_IP, IP_EVENT_STA_LOST_IP } ip_event_t;
extern "C" {
extern esp_event_base_t const IP_EVENT;
esp_err_t esp_netif_init(void);
esp_netif_t* esp_netif_create_default_wifi_ap(void);
esp_netif_t* esp_netif_create_default_wifi_sta(void);
}
