// The portal's sockets: DNS and HTTP in the access point's network. What is said in them is the core's.
#pragma once

#include <array>
#include <cstdint>

#include "frameferry/portal.h"
#include "frameferry/ports.h"

namespace frameferry {

// One thread.
class PortalServer {
public:
    PortalServer(Portal& portal, Clock& clock) : portal_(portal), clock_(clock) {}
    PortalServer(const PortalServer&) = delete;
    PortalServer& operator=(const PortalServer&) = delete;
    ~PortalServer() { close(); }

    bool open();
    // Waits for questions and answers them, so long at most; a phone that is slow to ask gets five seconds more.
    void serve(std::uint32_t for_ms);
    void close();

private:
    void answer_name();
    void answer_page();

    Portal& portal_;
    Clock& clock_;
    int names_ = -1;
    int pages_ = -1;
    std::array<std::uint8_t, Portal::body_bytes> body_{};
    std::array<std::uint8_t, 512> received_{};
    std::array<std::uint8_t, 512> reply_{};
};

}  // namespace frameferry
