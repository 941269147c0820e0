// The log on the USB port, and what only who stands before the device may read.
#pragma once

#include <string_view>

#include "frameferry/log_ring.h"
#include "frameferry/portal.h"

namespace frameferry {

class SerialLog final : public LogRing::Listener {
public:
    static void begin();
    // Waits for a computer that does not read some milliseconds, and then not again until it does.
    void logged(std::string_view line) override;
    // The portal's password: here and nowhere else.
    static void tell(const PortalAccess& access);
    [[nodiscard]] static bool is_watched();
};

}  // namespace frameferry
