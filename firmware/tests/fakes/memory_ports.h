// The machine's interfaces in memory, for tests of what is above the card.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "frameferry/ports.h"

namespace memory_ports {

using frameferry::Bytes;
using frameferry::Room;

// Stands still unless it is told to go.
class ManualClock final : public frameferry::Clock {
public:
    std::uint64_t monotonic_ms() override { return now_ms; }
    std::int64_t utc_ms() override { return is_set() ? utc_at_zero_ms + static_cast<std::int64_t>(now_ms) : 0; }
    frameferry::ClockQuality quality() override { return known; }
    std::uint32_t drift_ms() override { return drift; }
    void set_utc_ms(std::int64_t utc_ms, frameferry::ClockQuality quality) override {
        if (is_kept_right) return;
        drift = 0;
        utc_at_zero_ms = utc_ms - static_cast<std::int64_t>(now_ms);
        known = quality;
        ++times_set;
    }
    [[nodiscard]] bool is_set() const { return known != frameferry::ClockQuality::never_set; }

    std::uint64_t now_ms = 1'000;
    std::int64_t utc_at_zero_ms = 0;
    frameferry::ClockQuality known = frameferry::ClockQuality::never_set;
    std::uint32_t drift = 0;  // until it is set again
    bool is_kept_right = false;  // by something else: nobody sets it
    int times_set = 0;
};

// Refuses to be taken twice.
class CheckedMutex final : public frameferry::Mutex {
public:
    void lock() override {
        if (before_lock) before_lock();
        if (is_taken_) throw std::logic_error("a mutex is taken twice");
        is_taken_ = true;
    }
    bool try_lock(std::uint32_t /*within_ms*/) override {
        if (is_taken_) return false;
        return is_taken_ = true;
    }
    void unlock() override { is_taken_ = false; }
    [[nodiscard]] bool is_taken() const { return is_taken_; }

    std::function<void()> before_lock;  // what happens while somebody waits for it

private:
    bool is_taken_ = false;
};

// The same numbers at each run.
class SeededEntropy final : public frameferry::Entropy {
public:
    explicit SeededEntropy(std::uint32_t seed = 1) : numbers_(seed) {}
    void fill(Room room) override {
        for (std::size_t at = 0; at < room.size; ++at) {
            room.data[at] = constant >= 0 ? static_cast<std::uint8_t>(constant) : static_cast<std::uint8_t>(numbers_());
        }
    }
    int constant = -1;  // not negative: each byte is this

private:
    std::mt19937 numbers_;
};

struct PowerCut {};

// Values that outlive a reboot when the map does. The power can go before or after any write.
class MemoryValues final : public frameferry::KeyValue {
public:
    using Map = std::map<std::string, std::vector<std::uint8_t>>;

    Found get(std::string_view key, Room room, std::size_t& size) override {
        const auto found = values.find(std::string(key));
        if (is_broken) return Found::broken;
        if (found == values.end()) return Found::nothing;
        if (found->second.size() > room.size) return Found::broken;
        size = found->second.size();
        std::copy(found->second.begin(), found->second.end(), room.data);
        return Found::value;
    }
    bool put(std::string_view key, Bytes value) override {
        if (key.size() > 15 || key.empty()) throw std::logic_error("a key that NVS does not take");
        if (before_put) before_put();
        if (!counts()) return false;
        values[std::string(key)] = {value.data, value.data + value.size};
        cut_after();
        return true;
    }
    bool erase(std::string_view key) override {
        if (cannot_erase || !counts()) return false;
        values.erase(std::string(key));
        cut_after();
        return true;
    }

    Map values;
    bool is_broken = false;  // reads
    bool is_full = false;    // writes
    bool cannot_erase = false;
    std::function<void()> before_put;
    int writes = 0;
    int cut_before_write = 0;  // counted from 1; 0: never
    int cut_after_write = 0;

private:
    bool counts() {
        if (is_full) return false;
        ++writes;
        if (writes == cut_before_write) throw PowerCut{};
        return true;
    }
    void cut_after() const {
        if (writes == cut_after_write) throw PowerCut{};
    }
};

}  // namespace memory_ports
