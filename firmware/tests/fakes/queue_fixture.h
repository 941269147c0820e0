// Queues to begin a test with, on a card that does what it is told, and what a test changes on that card.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "fakes/pack_check.h"
#include "fakes/queue_life.h"
#include "frameferry/pack_format.h"

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

// A row of the index as another time has left it: of the pack's name and size, with a sha256 that is none.
inline void write_row(QueueLife& life, const QueuedPack& pack, std::uint16_t slot, bool is_second, std::uint16_t captures) {
    Card card(life.card);
    card.begin(life.device_id);
    PackIndex index(card, Room(life.io));
    IndexRow row;
    row.name = {pack.seqs.first, is_second};
    row.last_offset = static_cast<std::uint16_t>(captures - 1);
    row.captures = captures;
    row.size_bytes = pack.size_bytes;
    row.sha256.fill(7);
    REQUIRE(index.write(0, slot, row) == IoStatus::ok);
}

inline std::uint32_t header_at(QueueLife& life, const QueuedPack& pack, std::size_t capture) {
    std::vector<CheckedCapture> captures;
    check_pack(life.card.content(life.path_of(pack)), captures);
    return capture == 0 ? 0 : static_cast<std::uint32_t>(captures.at(capture - 1).end);
}

// That of one capture in the directory: the last digit of its name.
inline void change_name(QueueLife& life, const QueuedPack& pack, std::size_t capture, std::size_t place = 15) {
    const std::uint32_t directory = pack.size_bytes - directory_size_bytes(pack.captures);
    life.card.spoil(life.path_of(pack), static_cast<std::uint32_t>(directory + capture * central_bytes + 46 + place));
}

// The ranges that were told to be lost.
inline std::vector<std::pair<Seq, Seq>> told(const QueueLife& life) {
    std::vector<std::pair<Seq, Seq>> told;
    for (const SeqRange range : life.ledger.told_damaged) told.emplace_back(range.first, range.last);
    return told;
}

using Told = std::vector<std::pair<Seq, Seq>>;

}  // namespace queue_fixture
