#include "fakes/local_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace frameferry {

LocalServer::LocalServer(Conversation conversation) : conversation_(std::move(conversation)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof address;
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(listening_, generic, length) != 0 || ::listen(listening_, 8) != 0 ||
        ::getsockname(listening_, generic, &length) != 0) {
        throw std::runtime_error("cannot listen on 127.0.0.1");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
}

void LocalServer::stop() {
    if (listening_ < 0) return;
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
    listening_ = -1;
}

void LocalServer::serve() {
    for (;;) {
        const int handle = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
        if (handle < 0) return;
        conversation_(handle);
        ::close(handle);
    }
}

}  // namespace frameferry
