#include "esp32/station_finder.h"

#include <mdns.h>

#include <cstring>

namespace frameferry {
namespace {

constexpr std::uint32_t looks_for_ms = 3'000;
constexpr std::size_t most_stations = 4;

Ipv4 address_of(const esp_ip4_addr_t& address) {
    Ipv4 bytes{};
    std::memcpy(bytes.data(), &address.addr, bytes.size());  // in network order
    return bytes;
}

std::string_view path_of(const mdns_result_t& station) {
    for (std::size_t item = 0; item < station.txt_count; ++item) {
        const mdns_txt_item_t& text = station.txt[item];
        if (station_path_key == text.key && text.value != nullptr) return {text.value, station.txt_value_len[item]};
    }
    return {};
}

ApiUrl url_of(const mdns_result_t& station) {
    for (const mdns_ip_addr_t* address = station.addr; address != nullptr; address = address->next) {
        if (address->addr.type != ESP_IPADDR_TYPE_V4) continue;
        const ApiUrl url = station_url(address_of(address->addr.u_addr.ip4), station.port, path_of(station));
        if (!url.empty()) return url;
    }
    return {};
}

}  // namespace

ApiUrl find_station() {
    ApiUrl url;
    mdns_result_t* stations = nullptr;
    if (mdns_init() != ESP_OK) return url;
    if (mdns_query_ptr(station_service, "_tcp", looks_for_ms, most_stations, &stations) == ESP_OK) {
        for (const mdns_result_t* it = stations; it != nullptr && url.empty(); it = it->next) url = url_of(*it);
        mdns_query_results_free(stations);
    }
    mdns_free();
    return url;
}

}  // namespace frameferry
