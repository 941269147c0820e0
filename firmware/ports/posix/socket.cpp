#include "posix/socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/poll.h>  // <poll.h> is not in IDF's newlib
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace frameferry {
namespace {

constexpr std::uint64_t longest_poll_ms = 60'000;

bool would_block(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR || error == EINPROGRESS;
}

NetStatus net_status_of(int error) {
    switch (error) {
        case ECONNREFUSED:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case ENETDOWN:
        case EADDRNOTAVAIL:
            return NetStatus::refused;
        case ETIMEDOUT:
            return NetStatus::timed_out;
        case ENOMEM:
        case ENOBUFS:
        case ENFILE:
        case EMFILE:
            return NetStatus::no_memory;
        default:
            return NetStatus::reset;
    }
}

bool make_ready(int handle) {
    const int on = 1;
    const int flags = ::fcntl(handle, F_GETFL, 0);
    // A request's last part must not wait for the acknowledgement of the part before.
    return flags >= 0 && ::fcntl(handle, F_SETFL, flags | O_NONBLOCK) == 0 &&
           ::setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0;
}

NetResult result_of(ssize_t count) {
    if (count >= 0) return NetResult::of(static_cast<std::size_t>(count));
    return would_block(errno) ? NetResult::of(0) : NetResult::dead(net_status_of(errno));
}

}  // namespace

NetStatus Socket::connect(const Endpoint& endpoint, std::uint64_t deadline_ms) {
    close();
    const Text<253> host(endpoint.host);
    Text<5> port;
    port.append_number(endpoint.port);
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* addresses = nullptr;
    if (!host.fits() || ::getaddrinfo(host.c_str(), port.c_str(), &hints, &addresses) != 0) return NetStatus::no_address;
    NetStatus status = NetStatus::no_address;
    for (const addrinfo* address = addresses; address != nullptr; address = address->ai_next) {
        status = connect_to(*address, address->ai_next != nullptr ? half_way_to(deadline_ms) : deadline_ms);
        if (status == NetStatus::again) break;
        close();
    }
    ::freeaddrinfo(addresses);
    return status;
}

NetStatus Socket::connect_to(const addrinfo& address, std::uint64_t deadline_ms) {
    handle_ = ::socket(address.ai_family, address.ai_socktype, address.ai_protocol);
    if (handle_ < 0 || !make_ready(handle_)) return net_status_of(errno);
    if (::connect(handle_, address.ai_addr, address.ai_addrlen) == 0) return NetStatus::again;
    if (!would_block(errno)) return net_status_of(errno);
    if (!wait(For::writing, deadline_ms)) return NetStatus::timed_out;
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(handle_, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return NetStatus::reset;
    return error == 0 ? NetStatus::again : net_status_of(error);
}

NetResult Socket::send(Bytes bytes) {
    if (!is_open()) return NetResult::dead(NetStatus::closed);
    return result_of(::send(handle_, bytes.data, bytes.size, MSG_NOSIGNAL));
}

NetResult Socket::receive(Room room) {
    if (!is_open()) return NetResult::dead(NetStatus::closed);
    if (room.size == 0) return NetResult::of(0);
    const ssize_t count = ::recv(handle_, room.data, room.size, 0);
    return count == 0 ? NetResult::dead(NetStatus::closed) : result_of(count);
}

bool Socket::wait(For what, std::uint64_t deadline_ms) {
    pollfd watched{};
    watched.fd = handle_;
    watched.events = what == For::reading ? POLLIN : POLLOUT;
    for (;;) {
        const std::uint64_t now_ms = clock_.monotonic_ms();
        const std::uint64_t left_ms = now_ms < deadline_ms ? deadline_ms - now_ms : 0;
        const int ready = ::poll(&watched, 1, static_cast<int>(std::min(left_ms, longest_poll_ms)));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return true;  // the next call says what is wrong
        if (left_ms == 0) return false;
    }
}

std::uint64_t Socket::half_way_to(std::uint64_t deadline_ms) {
    const std::uint64_t now_ms = clock_.monotonic_ms();
    return now_ms < deadline_ms ? now_ms + (deadline_ms - now_ms) / 2 : deadline_ms;
}

void Socket::close() {
    if (is_open()) ::close(handle_);
    handle_ = -1;
}

}  // namespace frameferry
