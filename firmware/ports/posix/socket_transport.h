// HTTP in the clear: for a private network, where the firmware is built for one.
#pragma once

#include "frameferry/ports.h"
#include "posix/socket.h"

namespace frameferry {

class SocketTransport final : public Transport {
public:
    explicit SocketTransport(Clock& clock) : socket_(clock) {}

    // tls_failed where TLS is asked for: this one has none.
    NetResult connect(const Endpoint& endpoint, std::uint64_t deadline_ms) override;
    NetResult write(Bytes bytes, std::uint64_t deadline_ms) override;
    NetResult read(Room room, std::uint64_t deadline_ms) override;
    void close() override { socket_.close(); }

private:
    Socket socket_;
};

}  // namespace frameferry
