// Queues to begin a test with, on a card that does what it is told.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "fakes/queue_life.h"

namespace queue_fixture {

using namespace frameferry;

inline void put(QueueLife& life, int photos, std::size_t size_bytes = 900) {
    for (int photo = 0; photo < photos; ++photo) REQUIRE(life.put(size_bytes) == QueueStatus::ok);
}

inline std::unique_ptr<QueueLife> booted(PackLimits limits = QueueLife::small_packs(), std::uint32_t sectors = 4096,
                                         std::size_t row_count = 64) {
    auto life = std::make_unique<QueueLife>(limits, sectors, row_count);
    REQUIRE(life->boot() == QueueStatus::ok);
    return life;
}

// Of three photos each, and all of them sealed.
inline std::unique_ptr<QueueLife> with_packs(int packs, PackLimits limits = QueueLife::small_packs()) {
    auto life = booted(limits);
    put(*life, packs * 3);
    REQUIRE(life->packs().size() == static_cast<std::size_t>(packs));
    return life;
}

}  // namespace queue_fixture
