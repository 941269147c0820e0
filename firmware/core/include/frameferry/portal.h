// The portal: a page on which a phone tells a device its networks, its server and its pairing code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "frameferry/bytes.h"
#include "frameferry/list.h"
#include "frameferry/portal_request.h"
#include "frameferry/ports.h"
#include "frameferry/streams.h"
#include "frameferry/wifi_networks.h"

namespace frameferry {

// The device behind the portal. What these keep is durable once they return true, and in force from the next start on:
// whoever runs a portal restarts the device when it is over.
class PortalDevice {
public:
    virtual ~PortalDevice() = default;
    virtual std::string_view api_url() = 0;  // empty where none is known yet
    virtual bool is_paired() = 0;
    virtual bool keep_api_url(std::string_view url) = 0;
    virtual bool keep_pairing_code(std::string_view code) = 0;
};

// How the portal is reached. The password is printed on the serial port and nowhere else.
struct PortalAccess {
    Text<32> ssid;       // Frameferry-1A2B
    Text<16> password;   // of this device alone, made once and kept
    bool is_kept = false;
};
// `mac` are the last bytes of the device's address, so that two devices side by side can be told apart.
PortalAccess portal_access(KeyValue& values, Entropy& entropy, Bytes mac);

// One thread.
class Portal {
public:
    static constexpr std::string_view address = "192.168.4.1";
    static constexpr std::size_t body_bytes = 2'048;  // the longest form: all fields full, every byte escaped
    static constexpr std::uint32_t idle_ms = 600'000;   // nobody there: the device goes back to its work
    static constexpr std::uint32_t lingers_ms = 5'000;  // so that the last page reaches the phone

    Portal(WifiNetworks& networks, PortalDevice& device, bool allow_plain_http)
        : networks_(networks), device_(device), allow_plain_http_(allow_plain_http) {}

    // `nearby` are the SSIDs that a scan found, and live as long as the portal is open. Times are monotonic.
    void open(std::uint64_t now_ms, List<Text<32>> nearby);
    // The whole answer to a request that is whole, or bad. False where the sink takes no more.
    bool answer(std::uint64_t now_ms, const PortalRequest& request, bool is_whole, ByteSink& sink);
    // Something was saved, or nobody came.
    [[nodiscard]] bool is_over(std::uint64_t now_ms) const;
    [[nodiscard]] bool has_saved() const { return has_saved_; }

private:
    struct Form;
    struct Outcome {
        bool is_saved = false;
        std::string_view notice;
    };

    bool page(int status, std::string_view notice, bool has_body, ByteSink& sink);
    bool answer_form(const PortalRequest& request, ByteSink& sink);
    Outcome save(Room body);
    [[nodiscard]] std::string_view fault_of(const Form& form);
    bool save_server(const Form& form);
    bool save_networks(const Form& form);
    [[nodiscard]] bool has_new_url(const Form& form);

    WifiNetworks& networks_;
    PortalDevice& device_;
    bool allow_plain_http_;
    List<Text<32>> nearby_;
    std::uint64_t used_at_ms_ = 0;
    bool has_saved_ = false;
};

}  // namespace frameferry
