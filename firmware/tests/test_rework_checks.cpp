// A pack becomes another one while the card or the store does not do what it is told, once: the one is there or the
// other, whole, and nothing is told of it that is not so. mutants.cmake takes one check after the other away.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "fakes/queue_fixture.h"

using namespace frameferry;
using namespace queue_fixture;

namespace {

std::size_t files(const QueueLife& life, const std::string& with) {
    const auto paths = life.card.paths();
    return static_cast<std::size_t>(
        std::count_if(paths.begin(), paths.end(), [&](const auto& path) { return path.find(with) != path.npos; }));
}

// Seqs far from each other, each of which the store must know of.
constexpr PackQueue::Renumbering renumberings[] = {{0, 100}, {1, 180}};

}  // namespace

TEST_CASE("a card that fails once while photos are taken costs those that it did not take") {
    for (int spared = 0; spared < 30; ++spared) {
        CAPTURE(spared);
        const auto life = with_packs(1);
        life->card.faults.spared_changes = spared;
        life->card.faults.failing_changes = 1;
        for (int photo = 0; photo < 5; ++photo) {
            const QueueStatus status = life->put(900);
            CHECK((status == QueueStatus::ok || status == QueueStatus::card));
        }
        life->card.faults.failing_changes = 0;
        REQUIRE(life->queue->seal() == QueueStatus::ok);
        CHECK(life->packs().size() == files(*life, ".zip"));
        CHECK(life->ledger.told_damaged.empty());
        CHECK(life->check(9) == "");
    }
}

TEST_CASE("a card that goes away during a boot has lost nothing when it is back") {
    for (int spared = 0; spared < 20; ++spared) {
        CAPTURE(spared);
        const auto life = with_packs(2);
        const std::string path = life->path_of(*life->pack(0));
        const auto size_bytes = static_cast<std::uint32_t>(life->card.content(path).size());
        life->card.spoil(path, size_bytes - 1);  // its captures are looked for
        REQUIRE(life->card.remove("/packs/0/index") == IoStatus::ok);
        life->card.faults.goes_away = true;
        life->card.faults.spared_reads = spared;
        life->card.faults.failing_reads = 1;
        const QueueStatus status = life->boot();
        CHECK(status == (life->card.faults.is_missing ? QueueStatus::card : QueueStatus::ok));
        CHECK(life->ledger.told_damaged.empty());
        life->card.faults = {};
        CHECK(life->check(9) == "");
    }
}

TEST_CASE("captures that are taken out do not take those along that are being gathered") {
    const auto life = with_packs(2);
    put(*life, 1);
    REQUIRE(life->queue->take_out(*life->pack(0), renumberings, 1) == QueueStatus::ok);
    CHECK(life->queue->waiting_captures() == 5);
    CHECK(life->card.open_files() <= 1);
}

TEST_CASE("what fails while a JPEG is written does not change the sha256 of the pack") {
    const auto life = with_packs(0);
    REQUIRE(life->put(20'000) == QueueStatus::ok);
    life->card.faults.failing_as = IoStatus::no_space;
    life->card.faults.spared_changes = 1;
    life->card.faults.failing_changes = 1;
    CHECK(life->put(20'000) == QueueStatus::card);
    CHECK(life->packs().size() == 1);
    CHECK(life->check() == "");
}

TEST_CASE("a card that fails once while a pack is written anew has the old one or the new one") {
    for (int spared = 0; spared < 24; ++spared) {
        CAPTURE(spared);
        const auto life = with_packs(2);
        life->card.faults.spared_changes = spared;
        life->card.faults.failing_changes = 1;
        const QueueStatus status = life->forget(1, 1);
        CHECK((status == QueueStatus::ok || status == QueueStatus::card));
        life->card.faults.failing_changes = 0;
        CHECK(life->ledger.told_damaged.empty());
        CHECK(life->check(9) == "");
    }
}

TEST_CASE("a part that the card does not give back for a while is not left out of the new pack") {
    for (int fault = 0; fault < 24 * 12; ++fault) {
        CAPTURE(fault);
        const auto life = with_packs(2);
        life->card.faults.spared_reads = fault % 24;
        life->card.faults.failing_reads = 1 + fault / 24;
        const QueueStatus status = life->forget(1, 1);
        CHECK((status == QueueStatus::ok || status == QueueStatus::card));
        life->card.faults.failing_reads = 0;
        CHECK(life->ledger.told_damaged.empty());
        CHECK(life->check(9) == "");
    }
}

TEST_CASE("a store that fails once while captures are taken out leaves the pack as it was") {
    for (int spared = 0; spared < 6; ++spared) {
        CAPTURE(spared);
        const auto life = with_packs(2);
        const QueuedPack pack = *life->pack(0);
        life->values.spared_puts = spared;
        life->values.failing_puts = 1;
        CHECK(life->queue->take_out(pack, renumberings, 2) == QueueStatus::numbers);
        CHECK(life->values.failing_puts == 0);
        CHECK(life->packs().size() == 2);
        CHECK(life->pack(0)->captures == 3);
        CHECK(files(*life, ".zip") == 2);
        REQUIRE(life->queue->take_out(*life->pack(0), renumberings, 2) == QueueStatus::ok);
        CHECK(life->packs().size() == 2);
        CHECK(life->pack(1)->captures == 2);
    }
}

TEST_CASE("where the store has kept that the new pack counts, and says that it has not, the new one counts") {
    const auto life = with_packs(2);
    const QueuedPack pack = *life->pack(0);
    life->values.lies = true;
    life->values.spared_puts = 5;
    life->values.failing_puts = 1;
    CHECK(life->queue->take_out(pack, renumberings, 2) == QueueStatus::ok);
    CHECK(life->values.failing_puts == 0);
    CHECK(life->pack(1)->captures == 2);
    CHECK(files(*life, ".zip") == 2);
}

TEST_CASE("a seq that there is not takes nothing out, and uses none up") {
    const auto life = with_packs(2);
    const PackQueue::Renumbering one{0, max_seq + 5};
    CHECK(life->queue->take_out(*life->pack(0), &one, 1) == QueueStatus::numbers);
    CHECK(life->packs().size() == 2);
    CHECK(life->queue->next_seq() == 6);
    CHECK(life->put(900) == QueueStatus::ok);
}

TEST_CASE("where nothing whole is to be taken out the pack is kept, and told, and not sent") {
    const auto life = with_packs(2);
    life->card.spoil(life->path_of(*life->pack(0)), 700);
    const PackQueue::Renumbering one{0, 100};
    CHECK(life->queue->take_out(*life->pack(0), &one, 1) == QueueStatus::damaged);
    REQUIRE(life->ledger.told_damaged.size() == 1);
    CHECK(life->ledger.told_damaged[0].first == 0);
    CHECK(life->packs().size() == 1);
    CHECK(life->pack(0)->seqs.first == 3);
    CHECK(files(*life, ".zip") == 2);
    CHECK(life->queue->next_seq() == 101);
}

TEST_CASE("a swap whose new pack cannot be read at a boot is ended when it can") {
    const auto life = with_packs(2);
    life->card.faults.failing_removes = 1;
    REQUIRE(life->forget(1, 1) == QueueStatus::ok);
    life->card.faults.bad_path = "-2.zip";
    REQUIRE(life->boot() == QueueStatus::ok);
    life->card.faults.bad_path.clear();
    CHECK(life->check(9) == "");
    CHECK(life->pack(0)->captures == 2);
}

TEST_CASE("a swap of another card takes nothing from this one") {
    const auto life = with_packs(2);
    life->card.faults.failing_removes = 1;
    const std::string path = life->path_of(*life->pack(0));
    REQUIRE(life->forget(1, 1) == QueueStatus::ok);
    REQUIRE(life->card.remove(path.substr(0, path.size() - 4) + "-2.zip") == IoStatus::ok);
    REQUIRE(life->boot() == QueueStatus::ok);
    CHECK(life->packs().size() == 2);
    CHECK(life->pack(0)->captures == 3);
}

TEST_CASE("no swap is begun before the last one is ended") {
    const auto life = with_packs(3);
    life->card.faults.failing_removes = 1;
    REQUIRE(life->forget(1, 1) == QueueStatus::ok);
    life->card.faults.failing_removes = 1;
    CHECK(life->forget(4, 4) == QueueStatus::card);
    CHECK(life->forget(4, 4) == QueueStatus::ok);
    CHECK(files(*life, ".zip") == 3);
    CHECK(life->check() == "");
}
