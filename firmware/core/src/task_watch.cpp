#include "frameferry/task_watch.h"

namespace frameferry {
namespace {

// In the order of Task. A slow card gives back a pack within the first; each deadline of HttpTimeouts ends within the
// second.
constexpr std::array<std::uint32_t, 2> alive_within_s{600, 900};

}  // namespace

bool TaskWatch::are_all_alive(std::uint64_t now_ms) const {
    for (std::size_t task = 0; task < tasks; ++task) {
        const std::uint32_t last_s = last_s_[task].load();
        const std::uint32_t now_s = seconds(now_ms);
        if (now_s > last_s && now_s - last_s > alive_within_s[task]) return false;
    }
    return true;
}

}  // namespace frameferry
