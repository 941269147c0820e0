// Small values in memory, which can be spoiled and refused.
#pragma once

#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "frameferry/ports.h"

class MemoryValues final : public frameferry::KeyValue {
public:
    Found get(std::string_view key, frameferry::Room room, std::size_t& size) override {
        const auto found = values_.find(std::string(key));
        if (found == values_.end()) return Found::nothing;
        if (found->second.size() > room.size) return Found::broken;
        size = found->second.size();
        if (size != 0) std::memcpy(room.data, found->second.data(), size);
        return Found::value;
    }

    bool put(std::string_view key, frameferry::Bytes value) override {
        if (refuses_puts_ || key.size() > 15) return false;
        values_[std::string(key)].assign(value.data, value.data + value.size);
        return true;
    }

    bool erase(std::string_view key) override {
        values_.erase(std::string(key));
        return true;
    }

    // One bit of what lies there is another one.
    void spoil(std::string_view key) { values_.at(std::string(key)).front() ^= 1U; }
    void refuse_puts(bool refuses) { refuses_puts_ = refuses; }
    [[nodiscard]] bool has(std::string_view key) const { return values_.count(std::string(key)) != 0; }

private:
    std::map<std::string, std::vector<std::uint8_t>> values_;
    bool refuses_puts_ = false;
};
