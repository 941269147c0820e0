// The radio: joins the networks that it is told to, or is an access point for the portal.
#pragma once

#include <esp_event.h>
#include <esp_netif.h>

#include <array>
#include <cstdint>

#include "frameferry/bytes.h"
#include "frameferry/list.h"
#include "frameferry/wifi_joiner.h"
#include "frameferry/wifi_link.h"
#include "frameferry/wifi_networks.h"

namespace frameferry {

// All but `is_joined` and `rssi_dbm` belong to one thread.
class Wifi {
public:
    // Before the camera: both at once draw more than a weak supply gives. Runs without a network.
    bool begin();

    // Does what the joiner says; to be called some times a second. Gives milliseconds until the next try.
    std::uint32_t step(std::uint64_t now_ms, const WifiNetworks& networks);
    // From any thread.
    [[nodiscard]] bool is_joined() const { return link_.has_address(); }
    [[nodiscard]] bool is_joining() const { return joiner_.is_joining(); }
    // False where there is no network. From any thread.
    [[nodiscard]] static bool rssi_dbm(std::int32_t& rssi_dbm);

    // Without power save while bytes flow: it costs hundreds of milliseconds a round trip.
    void set_burst(bool is_burst);

    // Names of networks nearby, the strongest first; blocks for some seconds.
    List<Text<32>> scan();
    bool open_access_point(std::string_view ssid, std::string_view password);
    // Off, and on again by the next join. For light sleep.
    void stop();

private:
    static void on_event(void* self, esp_event_base_t base, std::int32_t id, void* data);
    bool start_station();
    void join(const WifiNetwork& network);
    void leave();

    WifiJoiner joiner_;
    bool is_on_ = false;
    bool is_burst_ = false;
    WifiLink link_;
    esp_netif_t* access_point_ = nullptr;
    std::array<Text<32>, 16> nearby_{};
};

}  // namespace frameferry
