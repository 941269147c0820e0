// A KeyValue store that outlives the power, and whose writes are whole or not there.
#pragma once

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "fakes/power.h"
#include "frameferry/ports.h"

class FakeValues final : public frameferry::KeyValue {
public:
    explicit FakeValues(Power& power) : power_(power) {}
    FakeValues(const FakeValues& other, Power& power)
        : values(other.values), is_broken(other.is_broken), is_full(other.is_full), power_(power) {}

    Found get(std::string_view key, frameferry::Room room, std::size_t& size) override {
        const auto found = values.find(std::string(key));
        if (is_broken) return Found::broken;
        if (found == values.end()) return Found::nothing;
        if (found->second.size() > room.size) return Found::broken;
        size = found->second.size();
        std::copy(found->second.begin(), found->second.end(), room.data);
        return Found::value;
    }

    bool put(std::string_view key, frameferry::Bytes value) override {
        if (key.size() > 15 || key.empty()) throw std::logic_error("a key that NVS does not take");
        const bool is_failing = failing_puts != 0 && spared_puts-- <= 0 && failing_puts-- != 0;
        if (is_full || is_broken || (is_failing && !lies) || !power_.spend()) return false;
        values[std::string(key)] = {value.data, value.data + value.size};
        ++writes;
        return !lies || (!is_failing && failing_puts != 0);
    }

    bool erase(std::string_view key) override {
        if (is_broken || !power_.spend()) return false;
        values.erase(std::string(key));
        ++writes;
        return true;
    }

    std::map<std::string, std::vector<std::uint8_t>> values;
    bool is_broken = false;  // nothing can be read or written
    bool is_full = false;    // nothing can be written
    bool lies = false;       // what is written is kept, and called a failure
    int spared_puts = 0;     // go well before those that fail
    int failing_puts = 0;
    int writes = 0;

private:
    Power& power_;
};
