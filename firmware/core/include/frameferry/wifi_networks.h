// The Wi-Fi networks that a device may join, and which of them to try when.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "frameferry/bytes.h"
#include "frameferry/ports.h"

namespace frameferry {

struct WifiNetwork {
    Text<32> ssid;      // any bytes
    Text<64> password;  // WPA's; empty: an open network
};

// 1 to 32 bytes, and a password that WPA takes: none, 8 to 63 printable characters, or 64 hex digits.
[[nodiscard]] bool is_possible(std::string_view ssid, std::string_view password);

// Of which the last one added is the first. One thread.
class WifiNetworks {
public:
    static constexpr std::size_t most = 5;

    explicit WifiNetworks(KeyValue& values) : values_(values) {}

    void load();
    // What was read cannot be believed: the list is empty, and is so until somebody adds a network.
    [[nodiscard]] bool was_broken() const { return was_broken_; }

    // With another password where the network is known. Where there are too many the last one goes. Kept by `keep`.
    bool add(std::string_view ssid, std::string_view password);
    void remove(std::string_view ssid);
    bool keep();

    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] const WifiNetwork& operator[](std::size_t at) const { return networks_[at]; }

private:
    void insert_first(const WifiNetwork& network);

    KeyValue& values_;
    std::array<WifiNetwork, most> networks_{};
    std::size_t count_ = 0;
    bool was_broken_ = false;
};

// Which network is to be joined next, and when. Each in turn, beginning with the one that worked last; when all of them
// have failed it waits, longer each time up to a minute: a phone's hotspot comes and goes, and is near for minutes.
class WifiRounds {
public:
    static constexpr std::uint32_t first_wait_ms = 2'000;
    static constexpr std::uint32_t longest_wait_ms = 60'000;
    static constexpr std::uint32_t join_within_ms = 20'000;  // a phone takes its time to give an address

    struct Step {
        bool is_join = false;
        std::size_t network = 0;    // where it is a join
        std::uint32_t wait_ms = 0;  // where it is none
    };

    // What to do now. 0 networks: wait.
    [[nodiscard]] Step next(std::uint64_t now_ms, std::size_t networks) const;
    void joined(std::size_t network);
    void failed(std::uint64_t now_ms, std::size_t networks);
    // It stood, and broke: it is tried again at once.
    void lost(std::uint64_t now_ms);

private:
    std::size_t at_ = 0;
    std::size_t tried_ = 0;
    std::uint32_t wait_ms_ = first_wait_ms;
    std::uint64_t not_before_ms_ = 0;
};

}  // namespace frameferry
