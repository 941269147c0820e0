// What the one LED says.
#pragma once

#include <cstddef>
#include <cstdint>

namespace frameferry {

// The first that is true of a device, in this order, is what its LED shows.
enum class LedState : std::uint8_t {
    fault,       // the card is missing or failing, or the camera is: photos are being lost
    portal,      // waits for a phone
    not_paired,  // waits for a pairing code
    refused,     // the cloud has shut the device out: it keeps its photos and waits for a new code
    paused,
    no_network,  // captures, and keeps what it captures
    draining,
    ready,
    starting,
};

// On, off, on, off ... in milliseconds, from the beginning again at the end.
struct LedPattern {
    const std::uint16_t* lengths_ms;
    std::size_t count;  // even
};

// What is shown where a port knows that there is no network at all: nothing goes up, whatever the last session said.
[[nodiscard]] LedState led_state_without_network(LedState state);
[[nodiscard]] LedPattern led_pattern(LedState state);
[[nodiscard]] bool led_is_on(const LedPattern& pattern, std::uint64_t now_ms);
[[nodiscard]] const char* led_state_name(LedState state);

}  // namespace frameferry
