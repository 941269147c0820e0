// One TCP connection by BSD sockets, here and on lwIP. Nothing blocks but the look-up of a name.
#pragma once

#include <cstdint>

#include "frameferry/bytes.h"
#include "frameferry/ports.h"

struct addrinfo;

namespace frameferry {

class Socket {
public:
    enum class For : std::uint8_t { reading, writing };

    explicit Socket(Clock& clock) : clock_(clock) {}
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() { close(); }

    // `again` means: it stands. With several addresses each one but the last gets half of the time that is left.
    NetStatus connect(const Endpoint& endpoint, std::uint64_t deadline_ms);
    // What can be sent or is there now; `again` and 0 bytes where that is nothing.
    NetResult send(Bytes bytes);
    NetResult receive(Room room);
    // Until it may be tried again. False at the deadline.
    bool wait(For what, std::uint64_t deadline_ms);
    void close();
    [[nodiscard]] bool is_open() const { return handle_ >= 0; }

private:
    NetStatus connect_to(const addrinfo& address, std::uint64_t deadline_ms);
    [[nodiscard]] std::uint64_t half_way_to(std::uint64_t deadline_ms);

    Clock& clock_;
    int handle_ = -1;
};

}  // namespace frameferry
