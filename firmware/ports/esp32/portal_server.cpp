#include "esp32/portal_server.h"

#include <netinet/in.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "frameferry/captive_dns.h"
#include "frameferry/portal_request.h"

namespace frameferry {
namespace {

constexpr std::uint16_t dns_port = 53;
constexpr std::uint16_t http_port = 80;
constexpr Ipv4 portal_address{192, 168, 4, 1};
constexpr std::uint32_t phone_within_ms = 5'000;

int open_socket(int type, std::uint16_t port) {
    const int handle = ::socket(AF_INET, type, 0);
    if (handle < 0) return -1;
    const int yes = 1;
    ::setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(port);
    any.sin_addr.s_addr = htonl(INADDR_ANY);
    if (::bind(handle, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0) return handle;
    ::close(handle);
    return -1;
}

void set_timeout(int handle, int option, std::uint32_t ms) {
    const timeval timeout{static_cast<time_t>(ms / 1000), static_cast<suseconds_t>(ms % 1000 * 1000)};
    ::setsockopt(handle, SOL_SOCKET, option, &timeout, sizeof timeout);
}

class SocketSink final : public ByteSink {
public:
    explicit SocketSink(int handle) : handle_(handle) {}

    bool write(Bytes bytes) override {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(handle_, bytes.data, bytes.size, 0);
            if (sent <= 0) return false;
            bytes = bytes.from(static_cast<std::size_t>(sent));
        }
        return true;
    }

private:
    int handle_;
};

}  // namespace

bool PortalServer::open() {
    close();
    names_ = open_socket(SOCK_DGRAM, dns_port);
    pages_ = open_socket(SOCK_STREAM, http_port);
    if (names_ >= 0 && pages_ >= 0 && ::listen(pages_, 4) == 0) return true;
    close();
    return false;
}

void PortalServer::close() {
    for (int* handle : {&names_, &pages_}) {
        if (*handle >= 0) ::close(*handle);
        *handle = -1;
    }
}

void PortalServer::serve(std::uint32_t for_ms) {
    if (names_ < 0 || pages_ < 0) return;
    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(names_, &readable);
    FD_SET(pages_, &readable);
    timeval timeout{static_cast<time_t>(for_ms / 1000), static_cast<suseconds_t>(for_ms % 1000 * 1000)};
    if (::select(std::max(names_, pages_) + 1, &readable, nullptr, nullptr, &timeout) <= 0) return;
    if (FD_ISSET(names_, &readable)) answer_name();
    if (FD_ISSET(pages_, &readable)) answer_page();
}

void PortalServer::answer_name() {
    sockaddr_in phone{};
    socklen_t phone_size = sizeof phone;
    auto* const from = reinterpret_cast<sockaddr*>(&phone);
    const ssize_t size = ::recvfrom(names_, received_.data(), received_.size(), MSG_DONTWAIT, from, &phone_size);
    if (size <= 0) return;
    const std::size_t reply_size =
        answer_dns(Bytes(received_).first(static_cast<std::size_t>(size)), portal_address, reply_);
    if (reply_size != 0) ::sendto(names_, reply_.data(), reply_size, 0, from, phone_size);
}

void PortalServer::answer_page() {
    const int phone = ::accept(pages_, nullptr, nullptr);
    if (phone < 0) return;
    set_timeout(phone, SO_RCVTIMEO, phone_within_ms);
    set_timeout(phone, SO_SNDTIMEO, phone_within_ms);
    PortalRequest request(body_);
    PortalRequest::Progress progress = PortalRequest::Progress::more;
    const std::uint64_t until_ms = clock_.monotonic_ms() + phone_within_ms;
    while (progress == PortalRequest::Progress::more && clock_.monotonic_ms() < until_ms) {
        const ssize_t size = ::recv(phone, received_.data(), received_.size(), 0);
        if (size <= 0) break;
        progress = request.take(Bytes(received_).first(static_cast<std::size_t>(size)));
    }
    if (progress != PortalRequest::Progress::more) {
        SocketSink sink(phone);
        portal_.answer(clock_.monotonic_ms(), request, progress == PortalRequest::Progress::whole, sink);
        ::shutdown(phone, SHUT_WR);
    }
    ::close(phone);
}

}  // namespace frameferry
