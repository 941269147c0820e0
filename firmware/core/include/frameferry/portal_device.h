// What the portal keeps for the device's next start.
#pragma once

#include <string_view>

#include "frameferry/device.h"
#include "frameferry/portal.h"
#include "frameferry/ports.h"

namespace frameferry {

// The pairing code waits apart from the identity until the next start, because it may be for another server, and each
// server has values of its own. `values` is locked like the device's.
class KeptForNextStart final : public PortalDevice {
public:
    KeptForNextStart(Device& device, KeyValue& values) : device_(device), values_(values) {}

    std::string_view api_url() override { return device_.api_url(); }
    bool is_paired() override { return device_.is_paired(); }
    bool keep_api_url(std::string_view url) override { return device_.set_api_url(url); }
    bool keep_pairing_code(std::string_view code) override;

    // After the device's start: the code that waits is given to it. Called again where it could not be kept, and where
    // no server was known.
    void hand_over_code();

private:
    Device& device_;
    KeyValue& values_;
};

}  // namespace frameferry
