// The sectors of a card: what is written stays in flight until it is synced, and may land or not when the power goes.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <utility>
#include <vector>

class FakeSectors {
public:
    static constexpr std::uint32_t sector_bytes = 512;
    using Sector = std::array<std::uint8_t, sector_bytes>;

    explicit FakeSectors(std::uint32_t count) { disk_.assign(count, std::make_shared<const Sector>()); }

    [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(disk_.size()); }
    [[nodiscard]] const Sector& operator[](std::uint32_t number) const {
        const auto found = in_flight_.find(number);
        return found == in_flight_.end() ? *disk_[number] : *found->second.back();
    }

    void write(std::uint32_t number, std::size_t within, const std::uint8_t* bytes, std::size_t size) {
        auto changed = std::make_shared<Sector>((*this)[number]);
        std::memcpy(changed->data() + within, bytes, size);
        in_flight_[number].push_back(std::move(changed));
    }
    void sync(std::uint32_t number) {
        const auto found = in_flight_.find(number);
        if (found == in_flight_.end()) return;
        disk_[number] = found->second.back();
        in_flight_.erase(found);
    }
    // It is so, synced or not.
    void become(std::uint32_t number, const Sector& sector) {
        in_flight_.erase(number);
        disk_[number] = std::make_shared<const Sector>(sector);
    }

    // So many that are not synced.
    [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }
    // The power was lost. `state` and `torn_bytes` say of each that is not synced what FakeCard::Landing does, in the
    // order of their numbers: of so many states, and then how much of the chosen one.
    template <class State, class TornBytes>
    void lose_power(State state, TornBytes torn_bytes) {
        for (const auto& [number, states] : in_flight_) {
            const std::size_t landed_state = state(states.size());
            const std::size_t torn = torn_bytes();
            if (landed_state == 0) continue;
            auto landed = std::make_shared<Sector>(landed_state > 1 ? *states[landed_state - 2] : *disk_[number]);
            std::memcpy(landed->data(), states[landed_state - 1]->data(), torn == 0 ? sector_bytes : torn);
            disk_[number] = std::move(landed);
        }
        in_flight_.clear();
    }

private:
    using SectorPointer = std::shared_ptr<const Sector>;

    std::vector<SectorPointer> disk_;
    std::map<std::uint32_t, std::vector<SectorPointer>> in_flight_;
};
