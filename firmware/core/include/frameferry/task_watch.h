// Whether every task still comes round: who feeds the hardware's watchdog asks here first.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace frameferry {

// A task may be busy for as long as its slowest step takes: for the network that is the sum of all deadlines, far longer
// than a watchdog for all of them could wait.
class TaskWatch {
public:
    enum class Task : std::uint8_t { capture, uplink };

    // From the task itself, each time it comes round, and each time a long step has got on. Times are of
    // Clock::monotonic_ms.
    void came_round(Task task, std::uint64_t now_ms) { last_s_[index(task)].store(seconds(now_ms)); }
    // False where one has not come round for too long: the device is to be started anew.
    [[nodiscard]] bool are_all_alive(std::uint64_t now_ms) const;

private:
    static constexpr std::size_t tasks = 2;

    // In seconds: 64 bits are not atomic on the board.
    static std::uint32_t seconds(std::uint64_t ms) { return static_cast<std::uint32_t>(ms / 1000); }
    static std::size_t index(Task task) { return static_cast<std::size_t>(task); }

    std::array<std::atomic<std::uint32_t>, tasks> last_s_{};
};

}  // namespace frameferry
