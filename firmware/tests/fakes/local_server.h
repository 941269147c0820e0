// A server on 127.0.0.1 that does with each connection what a test tells it, one after the other.
#pragma once

#include <cstdint>
#include <functional>
#include <thread>

namespace frameferry {

class LocalServer {
public:
    // Gets the connection's handle, which is closed afterwards.
    using Conversation = std::function<void(int handle)>;

    explicit LocalServer(Conversation conversation);
    LocalServer(const LocalServer&) = delete;
    LocalServer& operator=(const LocalServer&) = delete;
    // Waits for the end of the conversation that is under way.
    ~LocalServer() { stop(); }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    // From now on nobody listens.
    void stop();

private:
    void serve();

    Conversation conversation_;
    int listening_ = -1;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

}  // namespace frameferry
