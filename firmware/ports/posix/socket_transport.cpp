#include "posix/socket_transport.h"

namespace frameferry {

NetResult SocketTransport::connect(const Endpoint& endpoint, std::uint64_t deadline_ms) {
    socket_.close();
    if (endpoint.uses_tls) return NetResult::dead(NetStatus::tls_failed);
    return NetResult{socket_.connect(endpoint, deadline_ms), 0};
}

NetResult SocketTransport::write(Bytes bytes, std::uint64_t deadline_ms) {
    const NetResult sent = socket_.send(bytes);
    if (bytes.empty() || sent.is_dead() || sent.bytes != 0) return sent;
    return socket_.wait(Socket::For::writing, deadline_ms) ? socket_.send(bytes) : sent;
}

NetResult SocketTransport::read(Room room, std::uint64_t deadline_ms) {
    const NetResult received = socket_.receive(room);
    if (room.size == 0 || received.is_dead() || received.bytes != 0) return received;
    return socket_.wait(Socket::For::reading, deadline_ms) ? socket_.receive(room) : received;
}

}  // namespace frameferry
