// How the radio's link stands, by what the radio says from a thread of its own.
#pragma once

#include <atomic>

#include "frameferry/wifi_joiner.h"

namespace frameferry {

// `joins` and `leaves` come from the joiner's thread, before the radio is told; all else from any.
class WifiLink {
public:
    void joins() {
        has_address_.store(false);
        has_failed_.store(false);
    }
    void leaves() { has_address_.store(false); }

    void got_address() {
        has_address_.store(true);
        has_failed_.store(false);
    }
    void failed() {
        has_address_.store(false);
        has_failed_.store(true);
    }
    // One of the two sides has left, or an address is lost. Without an address that is of the network that was left
    // before, and does not concern the one that is being joined by now.
    void ended() {
        if (has_address_.load()) failed();
    }

    [[nodiscard]] bool has_address() const { return has_address_.load(); }
    [[nodiscard]] WifiJoiner::Link state() const { return {has_address_.load(), has_failed_.load()}; }

private:
    std::atomic<bool> has_address_{false};
    std::atomic<bool> has_failed_{false};
};

}  // namespace frameferry
