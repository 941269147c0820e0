// A card that gives nothing back for a while, as with a loose contact: that says nothing of the packs on it.
#include <doctest/doctest.h>

#include <array>

#include "fakes/device_run.h"
#include "fakes/queue_fixture.h"

using namespace frameferry;
using namespace queue_fixture;

namespace {

QueueStatus read_anew(QueueLife& life, std::size_t at) {
    const QueuedPack pack = life.packs().at(at);
    life.queue->distrust(pack);
    Sha256 sha256{};
    return life.queue->sha256(pack, sha256);
}

void make_all_unreadable(QueueLife& life, const QueuedPack& pack) {
    for (std::uint32_t at = 0; at < pack.size_bytes; at += FakeCard::sector_bytes) {
        life.card.make_unreadable(life.path_of(pack), at);
    }
}

}  // namespace

TEST_CASE("while the card gives nothing back no pack is set aside, and all go up when it does again") {
    const auto life = with_packs(3);
    life->card.faults.fails_reads = true;
    for (std::size_t at = 0; at < 3; ++at) CHECK(read_anew(*life, at) == QueueStatus::card);
    CHECK(life->queue->sealed_packs() == 3);
    CHECK(life->ledger.told_damaged.empty());
    CHECK(life->ledger.told_silent == 1);
    life->card.faults.fails_reads = false;
    for (std::size_t at = 0; at < 3; ++at) CHECK(read_anew(*life, at) == QueueStatus::ok);
    CHECK(life->check(9) == "");
}

TEST_CASE("a card that is silent again is told again") {
    const auto life = with_packs(2);
    for (int episode = 1; episode <= 2; ++episode) {
        life->card.faults.fails_reads = true;
        CHECK(read_anew(*life, 0) == QueueStatus::card);
        CHECK(life->ledger.told_silent == episode);
        life->card.faults.fails_reads = false;
        CHECK(read_anew(*life, 0) == QueueStatus::ok);
    }
}

TEST_CASE("while the card gives nothing back nothing is sent of it, taken out of it or forgotten") {
    const auto life = with_packs(2);
    const QueuedPack pack = life->packs().at(0);
    life->card.faults.fails_reads = true;
    std::array<std::uint8_t, 16> room{};
    CHECK(life->queue->read(pack, 0, Room(room)) == QueueStatus::card);
    CHECK(life->take_out(0, 1, 100) == QueueStatus::card);
    CHECK(life->forget(0, 5) == QueueStatus::card);
    CHECK(life->ledger.told_damaged.empty());
    life->card.faults.fails_reads = false;
    CHECK(life->packs().size() == 2);
    CHECK(life->check(9) == "");
}

TEST_CASE("reads that fail for a while, whenever and for however long, damage no pack") {
    for (int spared = 0; spared < 16; ++spared) {
        for (const int failing : {2, 3, 4, 6, 9, 17, 40, 1000}) {
            CAPTURE(spared);
            CAPTURE(failing);
            const auto life = with_packs(2);
            life->card.faults.spared_reads = spared;
            life->card.faults.failing_reads = failing;
            const QueueStatus status = read_anew(*life, 0);
            CHECK((status == QueueStatus::ok || status == QueueStatus::card));
            life->card.faults.failing_reads = 0;
            CHECK(life->ledger.told_damaged.empty());
            CHECK(life->check(9) == "");
        }
    }
}

TEST_CASE("packs of which nobody knows anything wait for a card that gives something back") {
    const auto life = with_packs(2);
    life->card.remove("/packs/0/index");
    life->card.faults.fails_reads = true;
    CHECK(life->boot() == QueueStatus::card);
    life->card.faults.fails_reads = false;
    CHECK(life->check(9) == "");
    CHECK(life->ledger.told_damaged.empty());
}

TEST_CASE("a moment in which the card gives nothing back changes no pack that is read, taken out or forgotten") {
    constexpr int of_a_moment = 5;  // a read and its second try, two packs, and what is written for that
    const auto life = with_packs(2);
    const std::uint32_t version = life->packs().at(0).version;
    for (int work = 0; work < 3; ++work) {
        CAPTURE(work);
        life->card.faults.failing_reads = of_a_moment;
        const PackQueue::Renumbering one{0, 100};
        std::uint32_t forgotten = 0;
        const QueuedPack pack = life->packs().at(0);
        CHECK((work == 0   ? read_anew(*life, 0)
               : work == 1 ? life->queue->take_out(pack, &one, 1)
                           : life->queue->forget(0, INT64_MAX, forgotten)) == QueueStatus::card);
        if (work != 2) CHECK(life->packs().at(0).version == version);
        if (work == 2) CHECK(life->packs().size() == 1);  // the other one is forgotten
        CHECK(life->card.faults.failing_reads == 0);
    }
    CHECK(life->packs().at(0).version == version);
    CHECK(life->ledger.told_damaged.empty());
}

TEST_CASE("a moment in which the card gives nothing back between a bad pack and its repair puts that off") {
    const auto life = with_packs(2);
    life->card.spoil(life->path_of(life->packs().at(0)), 700);
    life->card.faults.spared_reads = 6;  // of all of the pack
    life->card.faults.failing_reads = 5;
    CHECK(read_anew(*life, 0) == QueueStatus::card);
    CHECK(life->ledger.told_damaged.empty());
    CHECK(read_anew(*life, 0) == QueueStatus::damaged);
    CHECK(life->ledger.told_damaged.size() == 1);
}

TEST_CASE("a moment in which the card gives nothing back at a boot has it started anew") {
    const auto life = with_packs(2);
    life->card.remove("/packs/0/index");
    life->card.faults.failing_reads = 5;
    CHECK(life->boot() == QueueStatus::card);
    CHECK(life->check(9) == "");
    life->card.faults.bad_path = "/packs/";
    CHECK(life->boot() == QueueStatus::card);
    CHECK(life->ledger.told_damaged.empty());
}

TEST_CASE("of a read-only card a pack is bad where another one can be read") {
    const auto life = with_packs(2);
    make_all_unreadable(*life, life->packs().at(0));
    life->card.faults.is_read_only = true;
    CHECK(read_anew(*life, 0) == QueueStatus::damaged);
    CHECK(life->ledger.told_silent == 0);
}

TEST_CASE("a pack that cannot be read is set aside where another one can be") {
    const auto life = with_packs(3);
    const QueuedPack pack = life->packs().at(1);
    make_all_unreadable(*life, pack);
    CHECK(read_anew(*life, 1) == QueueStatus::damaged);
    CHECK(life->packs().size() == 2);
    CHECK(life->ledger.told_silent == 0);
    life->ledger.become(pack.seqs, Fate::aside);
    CHECK(life->check(9) == "");
}

TEST_CASE("the only pack cannot be read, and is set aside where what is written now can be") {
    const auto life = with_packs(1);
    const QueuedPack pack = life->packs().at(0);
    make_all_unreadable(*life, pack);
    CHECK(read_anew(*life, 0) == QueueStatus::damaged);
    CHECK(life->packs().empty());
    life->ledger.become(pack.seqs, Fate::aside);
    CHECK(life->check(9) == "");
}

TEST_CASE("the owner is told of a card that gives nothing back, and gets all photos once it does") {
    device_run::World world;
    DeviceConfig config;
    config.limits.captures = 4;
    device_run::Run run(world, config);
    REQUIRE(run.pair());
    run.take(8);
    QueuedPack pack;
    for (Seq from = 0; run.device->queue().first_from(from, pack); from = pack.seqs.last + 1) {
        run.device->queue().distrust(pack);
    }
    world.storage.fails_reads = true;
    run.go_on(180'000, false);
    CHECK(world.cloud.photos.empty());
    int told = 0;
    for (const auto& [name, event] : world.cloud.events) {
        if (event.at("kind").text != "error") continue;
        told += event.at("message").text == "the card gives nothing back; its packs stay" ? 1 : 100;
    }
    CHECK(told == 1);
    world.storage.fails_reads = false;
    CHECK(run.drain());
    CHECK(world.cloud.photos.size() == 8);
    CHECK(world.removed_unproved.empty());
}
