#include "frameferry/backoff.h"

#include <algorithm>

namespace frameferry {
namespace {

// From 0 to `bound`, both included; what the remainder favours is less than one in a million.
std::uint32_t uniform(Entropy& entropy, std::uint32_t bound) {
    std::array<std::uint8_t, 8> bytes{};
    entropy.fill(bytes);
    std::uint64_t random = 0;
    for (const std::uint8_t byte : bytes) random = random << 8U | byte;
    return static_cast<std::uint32_t>(random % (std::uint64_t{bound} + 1));
}

}  // namespace

std::uint32_t Backoff::bound_ms() const {
    const std::uint64_t doubled = std::uint64_t{first_ms_} << std::min<unsigned>(failures_, 24);
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(doubled, longest_ms_));
}

std::uint32_t Backoff::failed(Entropy& entropy, std::uint32_t retry_after_ms) {
    const std::uint32_t wait_ms = uniform(entropy, bound_ms());
    if (failures_ < UINT8_MAX) ++failures_;
    return std::max(wait_ms, std::min(retry_after_ms, longest_retry_after_ms));
}

}  // namespace frameferry
