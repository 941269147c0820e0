// What fails once, or with one file, on a card that is good otherwise.
#include <doctest/doctest.h>

#include <array>
#include <memory>

#include "fakes/queue_fixture.h"

using namespace frameferry;
using namespace queue_fixture;

namespace {

// The next pack has the oldest given up.
std::unique_ptr<QueueLife> full() {
    PackLimits limits = QueueLife::small_packs();
    limits.budget_bytes = 24'000;
    auto life = with_packs(1, limits);
    while (life->card.counts.removes == 0) put(*life, 3);
    return life;
}

}  // namespace

TEST_CASE("a read that fails in passing costs nothing") {
    const auto life = with_packs(2);
    const QueuedPack pack = life->packs().at(0);
    life->queue->distrust(pack);
    life->card.faults.failing_reads = 1;
    Sha256 sha256{};
    CHECK(life->queue->sha256(pack, sha256) == QueueStatus::ok);
    life->card.faults.failing_reads = 1;
    std::array<std::uint8_t, 16> room{};
    CHECK(life->queue->read(pack, 0, Room(room)) == QueueStatus::ok);
    CHECK(life->packs().size() == 2);
    CHECK(life->ledger.told_damaged.empty());
    CHECK(life->check() == "");
}

TEST_CASE("a read that fails in passing costs nothing, not even of the one pack of a read-only card") {
    const auto life = with_packs(1);
    const QueuedPack pack = life->packs().at(0);
    life->card.faults.is_read_only = true;
    life->card.faults.failing_reads = 1;
    const std::uint64_t reads = life->card.counts.reads;
    std::array<std::uint8_t, 16> room{};
    CHECK(life->queue->read(pack, 0, Room(room)) == QueueStatus::ok);
    CHECK(life->card.counts.reads == reads + 1);  // nothing else is read for it
}

TEST_CASE("reads that fail in passing while a pack is written anew delete no photo") {
    for (int spared = 0; spared < 24; ++spared) {
        CAPTURE(spared);
        const auto life = with_packs(2);
        life->card.faults.spared_reads = spared;
        life->card.faults.failing_reads = 2;
        const QueueStatus status = life->forget(1, 1);
        CHECK((status == QueueStatus::ok || status == QueueStatus::card));
        life->card.faults.failing_reads = 0;
        CHECK(life->ledger.told_damaged.empty());
        CHECK(life->check(9) == "");
    }
}

TEST_CASE("a read that is garbled in passing while a pack is written anew deletes no photo") {
    for (int fault = 0; fault < 2 * 24; ++fault) {
        CAPTURE(fault);
        const auto life = with_packs(2);
        life->card.faults.keeps_garbled = fault >= 24;
        life->card.faults.spared_reads = fault % 24;
        life->card.faults.garbled_reads = 1;
        const QueueStatus status = life->forget(1, 1);
        CHECK((status == QueueStatus::ok || status == QueueStatus::card));
        life->card.faults.garbled_reads = 0;
        CHECK(life->ledger.told_damaged.empty());
        CHECK(life->check(9) == "");
    }
}

TEST_CASE("a pack that cannot be written anew for a bad sector is read again, and the others of it go up") {
    const auto life = with_packs(2);
    const QueuedPack pack = life->packs().at(0);
    life->card.make_unreadable(life->path_of(pack), 512);
    CHECK(life->forget(1, 1) == QueueStatus::card);
    CHECK(life->ledger.told_damaged.empty());
    Sha256 sha256{};
    CHECK(life->queue->sha256(life->packs().at(0), sha256) == QueueStatus::damaged);
    REQUIRE(life->ledger.told_damaged.size() == 1);
    life->ledger.become({0, 0}, Fate::gone);
    CHECK(life->forget(1, 1) == QueueStatus::ok);
    CHECK(life->packs().at(0).captures == 1);
    CHECK(life->check() == "");
}

TEST_CASE("a header that the card does not give back while it is copied leaves the pack as it was") {
    const auto life = with_packs(2);
    life->card.faults.worn_sector = life->card.sector_of(life->path_of(life->packs().at(0)), 0);
    life->card.faults.spared_reads = 8;  // of the directory and of the headers
    life->card.faults.worn_reads = 1;
    CHECK(life->forget(1, 1) == QueueStatus::card);
    CHECK(life->ledger.told_damaged.empty());
    life->card.faults.bad_sectors.clear();
    CHECK(life->check(9) == "");
    CHECK(life->packs().at(0).captures == 3);
}

TEST_CASE("a header that the card does not give back has its pack read again, and nothing is forgotten yet") {
    const auto life = with_packs(2);
    life->card.faults.worn_sector = life->card.sector_of(life->path_of(life->packs().at(0)), 0);
    life->card.faults.spared_reads = 5;
    life->card.faults.worn_reads = 1;
    std::uint32_t forgotten = 0;
    const std::int64_t at_ms = QueueLife::captured_at_ms(1);
    CHECK(life->queue->forget(at_ms, at_ms + 1, forgotten) == QueueStatus::card);
    Sha256 sha256{};
    CHECK(life->queue->sha256(life->packs().at(0), sha256) == QueueStatus::damaged);
    life->card.faults.is_read_only = true;
    CHECK(life->queue->forget(at_ms, at_ms + 1, forgotten) == QueueStatus::card);
    CHECK(forgotten == 0);
}

TEST_CASE("what nobody can read of a pack that is set aside is not told anew where something is forgotten") {
    const auto life = with_packs(3);
    for (std::uint32_t at = 0; at < life->packs().at(1).size_bytes; at += 7) {
        life->card.spoil(life->path_of(life->packs().at(1)), at);
    }
    const QueuedPack pack = life->packs().at(1);
    life->queue->distrust(pack);
    Sha256 sha256{};
    REQUIRE(life->queue->sha256(pack, sha256) == QueueStatus::damaged);
    const std::size_t told = life->ledger.told_damaged.size();
    CHECK(life->forget(0, 8) == QueueStatus::ok);
    CHECK(life->ledger.told_damaged.size() == told);
}

TEST_CASE("where the old pack cannot be removed after a swap it does not come back once the new one has gone") {
    const auto life = with_packs(3);
    life->card.faults.failing_removes = 1;
    REQUIRE(life->forget(1, 1) == QueueStatus::ok);
    life->card.faults.failing_removes = 1;
    CHECK(life->remove(0) == QueueStatus::card);
    CHECK(life->packs().size() == 3);
    REQUIRE(life->remove(0) == QueueStatus::ok);
    life->ledger.become({0, 2}, Fate::gone);
    CHECK(life->check() == "");
    CHECK(life->packs().at(0).seqs.first == 3);
}

TEST_CASE("where neither pack of a swap can be removed at a boot the new one is there after the next") {
    const auto life = with_packs(3);
    life->card.faults.failing_removes = 1;
    REQUIRE(life->forget(1, 1) == QueueStatus::ok);
    life->card.faults.failing_removes = 1;
    REQUIRE(life->boot() == QueueStatus::ok);
    CHECK(life->packs().at(0).captures == 2);
    CHECK(life->check() == "");
    CHECK(life->packs().at(0).captures == 2);
}

TEST_CASE("a pack that is given up and cannot be removed is told once") {
    const auto life = full();
    const std::size_t told = life->ledger.told_evicted.size();
    life->card.faults.failing_removes = 3;
    put(*life, 9);
    CHECK(life->card.faults.failing_removes == 0);
    CHECK(life->ledger.told_evicted.size() == told + 1);
}

TEST_CASE("of a read-only card nothing is given up twice, and it is tried again after a start") {
    const auto life = full();
    const std::size_t told = life->ledger.told_evicted.size();
    life->card.faults.is_read_only = true;
    CHECK(life->put(900) == QueueStatus::card);
    const std::uint64_t removes = life->card.counts.removes;
    for (int photo = 0; photo < 3; ++photo) CHECK(life->put(900) == QueueStatus::card);
    CHECK(life->card.counts.removes == removes);
    CHECK(life->ledger.told_evicted.size() == told + 1);
    life->card.faults.is_read_only = false;
    REQUIRE(life->queue->start(life->device_id, 9) == QueueStatus::ok);
    put(*life, 3);
    CHECK(life->card.counts.removes > removes);
    CHECK(life->check() == "");
}
