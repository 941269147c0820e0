// From a list of networks to one that is joined: what the radio is to do next.
#pragma once

#include <cstddef>
#include <cstdint>

#include "frameferry/wifi_networks.h"

namespace frameferry {

// Told how the link is, it tells what to do. One thread.
class WifiJoiner {
public:
    // What the radio has said since it was last told to join.
    struct Link {
        bool has_address = false;
        bool has_failed = false;  // or ended
    };

    struct Step {
        enum class What : std::uint8_t { nothing, join, leave };

        What what = What::nothing;
        std::size_t network = 0;    // to join
        std::uint32_t wait_ms = 0;  // until the next join, where there is nothing to do and none under way
    };

    // To be called some times a second.
    Step step(std::uint64_t now_ms, std::size_t networks, Link link);
    [[nodiscard]] bool is_joining() const { return state_ == State::joining; }
    // The radio was switched off: there is no link.
    void stopped() { state_ = State::waiting; }

private:
    enum class State : std::uint8_t { waiting, joining, joined };

    Step next(std::uint64_t now_ms, std::size_t networks);
    Step look_at_join(std::uint64_t now_ms, std::size_t networks, Link link);

    WifiRounds rounds_;
    State state_ = State::waiting;
    std::size_t network_ = 0;
    std::uint64_t joins_until_ms_ = 0;
};

}  // namespace frameferry
