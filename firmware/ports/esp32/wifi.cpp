#include "esp32/wifi.h"

#include <esp_wifi.h>

#include <algorithm>
#include <cstring>

namespace frameferry {
namespace {

template <std::size_t N>
void copy(std::uint8_t (&room)[N], std::string_view text) {
    std::memcpy(room, text.data(), std::min(text.size(), N));
}

// No weaker protection than a network with a password has: an open one of the same name is not joined.
wifi_config_t config_of(const WifiNetwork& network) {
    wifi_config_t config{};
    copy(config.sta.ssid, network.ssid);
    copy(config.sta.password, network.password);
    config.sta.threshold.authmode = network.password.empty() ? WIFI_AUTH_OPEN : WIFI_AUTH_WPA2_PSK;
    config.sta.pmf_cfg.capable = true;
    config.sta.sae_pwe_h2e = WPA3_SAE_PWE_BOTH;
    return config;
}

bool is_known(List<Text<32>> names, std::string_view name) {
    return std::any_of(names.begin(), names.end(), [&](const Text<32>& it) { return it == name; });
}

}  // namespace

bool Wifi::begin() {
    if (esp_netif_init() != ESP_OK) return false;
    const esp_err_t loop = esp_event_loop_create_default();
    if (loop != ESP_OK && loop != ESP_ERR_INVALID_STATE) return false;  // there may be one already
    esp_netif_create_default_wifi_sta();
    access_point_ = esp_netif_create_default_wifi_ap();
    const wifi_init_config_t config = WIFI_INIT_CONFIG_DEFAULT();
    return esp_wifi_init(&config) == ESP_OK &&
           esp_wifi_set_storage(WIFI_STORAGE_RAM) == ESP_OK &&  // the passwords are kept by us, in one place
           esp_event_handler_register(WIFI_EVENT, WIFI_EVENT_STA_DISCONNECTED, &on_event, this) == ESP_OK &&
           esp_event_handler_register(IP_EVENT, IP_EVENT_STA_GOT_IP, &on_event, this) == ESP_OK &&
           esp_event_handler_register(IP_EVENT, IP_EVENT_STA_LOST_IP, &on_event, this) == ESP_OK && start_station();
}

// "Left" is what comes of our own leaving, and what an access point says that is switched off.
void Wifi::on_event(void* self, esp_event_base_t base, std::int32_t id, void* data) {
    WifiLink& link = static_cast<Wifi*>(self)->link_;
    if (base == IP_EVENT) return id == IP_EVENT_STA_GOT_IP ? link.got_address() : link.ended();
    const bool is_left = static_cast<wifi_event_sta_disconnected_t*>(data)->reason == WIFI_REASON_ASSOC_LEAVE;
    is_left ? link.ended() : link.failed();
}

bool Wifi::start_station() {
    is_on_ = esp_wifi_set_mode(WIFI_MODE_STA) == ESP_OK && esp_wifi_start() == ESP_OK;
    is_burst_ = false;
    esp_wifi_set_ps(WIFI_PS_MIN_MODEM);
    return is_on_;
}

std::uint32_t Wifi::step(std::uint64_t now_ms, const WifiNetworks& networks) {
    const WifiJoiner::Step step = joiner_.step(now_ms, networks.count(), link_.state());
    if (step.what == WifiJoiner::Step::What::join) join(networks[step.network]);
    if (step.what == WifiJoiner::Step::What::leave) leave();
    return step.wait_ms;
}

void Wifi::join(const WifiNetwork& network) {
    link_.joins();
    wifi_config_t config = config_of(network);
    const bool is_begun = (is_on_ || start_station()) && esp_wifi_set_config(WIFI_IF_STA, &config) == ESP_OK &&
                          esp_wifi_connect() == ESP_OK;
    if (!is_begun) link_.failed();
}

void Wifi::leave() {
    link_.leaves();
    esp_wifi_disconnect();
}

bool Wifi::rssi_dbm(std::int32_t& rssi_dbm) {
    wifi_ap_record_t record{};
    if (esp_wifi_sta_get_ap_info(&record) != ESP_OK) return false;
    rssi_dbm = record.rssi;  // NOLINT(bugprone-signed-char-misuse): a number, and no character
    return true;
}

void Wifi::set_burst(bool is_burst) {
    if (is_burst == is_burst_) return;
    is_burst_ = is_burst;
    esp_wifi_set_ps(is_burst ? WIFI_PS_NONE : WIFI_PS_MIN_MODEM);
}

List<Text<32>> Wifi::scan() {
    leave();
    std::size_t count = 0;
    static std::array<wifi_ap_record_t, 24> records;
    auto found = static_cast<std::uint16_t>(records.size());
    const bool is_scanned = (is_on_ || start_station()) && esp_wifi_scan_start(nullptr, true) == ESP_OK &&
                            esp_wifi_scan_get_ap_records(&found, records.data()) == ESP_OK;
    for (std::size_t at = 0; is_scanned && at < found && count < nearby_.size(); ++at) {
        const std::string_view name(reinterpret_cast<const char*>(&records[at].ssid[0]));
        const bool is_name = !name.empty() && name.size() <= 32;
        if (is_name && !is_known({nearby_.data(), count}, name)) nearby_[count++] = Text<32>(name);
    }
    return {nearby_.data(), count};
}

bool Wifi::open_access_point(std::string_view ssid, std::string_view password) {
    stop();
    wifi_config_t config{};
    copy(config.ap.ssid, ssid);
    copy(config.ap.password, password);
    config.ap.ssid_len = static_cast<std::uint8_t>(ssid.size());
    config.ap.channel = 6;
    config.ap.authmode = WIFI_AUTH_WPA2_PSK;
    config.ap.max_connection = 2;
    config.ap.pmf_cfg.capable = true;
    return access_point_ != nullptr && esp_wifi_set_mode(WIFI_MODE_AP) == ESP_OK &&
           esp_wifi_set_config(WIFI_IF_AP, &config) == ESP_OK && esp_wifi_start() == ESP_OK;
}

void Wifi::stop() {
    leave();
    esp_wifi_stop();
    is_on_ = false;
    joiner_.stopped();
}

}  // namespace frameferry
