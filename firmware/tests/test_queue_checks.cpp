// What the queue checks before it believes a card, an index, a store or who asks, one check after the other:
// mutants.cmake takes each of them away.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "fakes/queue_fixture.h"

using namespace frameferry;
using namespace queue_fixture;

namespace {

const std::string index_path = "/packs/0/index";

// The store is lost, and the device starts anew.
Seq next_seq_of_card(QueueLife& life) {
    life.values.values.clear();
    REQUIRE(life.boot() == QueueStatus::ok);
    return life.queue->next_seq();
}

bool tells_true_sha256(QueueLife& life, const QueuedPack& pack) {
    Sha256 sha256{};
    if (life.queue->sha256(pack, sha256) != QueueStatus::ok) return false;
    return sha256_of(life.card.content(life.path_of(pack))) == std::vector<std::uint8_t>(sha256.begin(), sha256.end());
}

bool has_file(const QueueLife& life, const std::string& path) {
    const auto paths = life.card.paths();
    return std::find(paths.begin(), paths.end(), path) != paths.end();
}

QueueStatus ask(QueueLife& life, const QueuedPack& pack) {
    Sha256 sha256{};
    life.queue->distrust(pack);
    return life.queue->sha256(pack, sha256);
}

}  // namespace

TEST_CASE("a pack that is put right for another reason is told with its new sha256") {
    auto life = with_packs(2);
    const QueuedPack pack = *life->pack(0);
    life->card.spoil(life->path_of(pack), header_at(*life, pack, 1) + 60);
    const PackQueue::Renumbering one{0, 100};
    CHECK(life->queue->take_out(pack, &one, 1) == QueueStatus::damaged);
    REQUIRE(life->pack(0)->captures == 2);
    CHECK(tells_true_sha256(*life, *life->pack(0)));
}

TEST_CASE("an index that is gone under the queue costs reading, and nothing else") {
    auto life = with_packs(3);
    REQUIRE(life->card.remove(index_path) == IoStatus::ok);
    for (const QueuedPack& pack : life->packs()) CHECK(tells_true_sha256(*life, pack));
}

TEST_CASE("a row that could not be written is not read, whatever lies there") {
    auto life = with_packs(1);
    put(*life, 2);
    write_row(*life, {{3, 5}, 3, 1, 0}, 1, false, 3);
    life->card.faults.bad_path = "/index";
    put(*life, 4);
    life->card.faults.bad_path.clear();
    CHECK(tells_true_sha256(*life, *life->pack(1)));
}

TEST_CASE("a row of the other file of two is not that of this one") {
    auto life = with_packs(2);
    write_row(*life, *life->pack(0), 5, true, 3);
    REQUIRE(life->boot() == QueueStatus::ok);
    CHECK(tells_true_sha256(*life, *life->pack(0)));
}

TEST_CASE("a row of another device's index is not this one's") {
    auto life = with_packs(2);
    ++life->device_id[0];
    write_row(*life, *life->pack(0), 5, false, 3);
    --life->device_id[0];
    REQUIRE(life->boot() == QueueStatus::ok);
    CHECK(tells_true_sha256(*life, *life->pack(0)));
}

TEST_CASE("who holds a pack that the index has told wrongly is told so once it is read") {
    auto life = with_packs(2);
    write_row(*life, *life->pack(0), 5, false, 2);
    REQUIRE(life->boot() == QueueStatus::ok);
    const QueuedPack held = *life->pack(0);
    REQUIRE(held.captures == 2);
    CHECK(ask(*life, held) == QueueStatus::gone);
    CHECK(ask(*life, held) == QueueStatus::gone);
    CHECK(life->pack(0)->captures == 3);
    CHECK(tells_true_sha256(*life, *life->pack(0)));
}

TEST_CASE("with an index no pack is read at a boot") {
    auto life = with_packs(3);
    life->card.counts = {};
    REQUIRE(life->boot() == QueueStatus::ok);
    CHECK(life->card.counts.reads <= 8);  // of the index
    CHECK(life->card.counts.opens <= 1);
}

TEST_CASE("what is set aside is not read at a boot, nor told anew") {
    auto life = with_packs(2);
    const QueuedPack pack = *life->pack(0);
    for (std::uint32_t at = 0; at < pack.size_bytes; at += 7) life->card.spoil(life->path_of(pack), at);
    CHECK(ask(*life, pack) == QueueStatus::damaged);
    const std::size_t told_before = life->ledger.told_damaged.size();
    REQUIRE(life->boot() == QueueStatus::ok);
    CHECK(life->ledger.told_damaged.size() == told_before);
}

TEST_CASE("a pack whose file has vanished is offered no more") {
    auto life = with_packs(2);
    const QueuedPack pack = *life->pack(0);
    put(*life, 3);
    life->queue->distrust(pack);
    Sha256 sha256{};
    CHECK(life->queue->sha256(*life->pack(1), sha256) == QueueStatus::ok);
    REQUIRE(life->card.remove(life->path_of(pack)) == IoStatus::ok);
    CHECK(ask(*life, pack) == QueueStatus::gone);
    CHECK(life->packs().size() == 2);
}

TEST_CASE("a card that is away while a pack is asked for costs nothing") {
    auto life = with_packs(2);
    const QueuedPack pack = *life->pack(0);
    life->card.faults.is_missing = true;
    CHECK(ask(*life, pack) == QueueStatus::card);
    const PackQueue::Renumbering one{0, 100};
    CHECK(life->queue->take_out(pack, &one, 1) == QueueStatus::card);
    life->card.faults.is_missing = false;
    CHECK(life->packs().size() == 2);
    CHECK(told(*life).empty());
    CHECK(tells_true_sha256(*life, pack));
}

TEST_CASE("a read past a pack's end says that the pack is another one") {
    auto life = with_packs(1);
    const QueuedPack pack = *life->pack(0);
    CHECK(life->queue->read(pack, 0, Room(life->io).first(600)) == QueueStatus::ok);
    CHECK(life->queue->read(pack, pack.size_bytes + 1, Room(life->io).first(1)) == QueueStatus::gone);
    CHECK(life->queue->read(pack, pack.size_bytes - 1, Room(life->io).first(2)) == QueueStatus::gone);
}

TEST_CASE("nothing is done to a pack that is gone, not even where no other is left") {
    auto life = booted();
    life->rows.resize(65);
    PackQueue queue(life->card, life->values, life->entropy, life->mutex, life->ledger,
                    {life->rows.data() + 1, 64, Room(life->io)}, life->limits);
    REQUIRE(queue.start(life->device_id, 1) == QueueStatus::ok);
    const std::vector<std::uint8_t> jpeg(900, 1);
    for (Seq seq = 0; seq < 3; ++seq) REQUIRE(queue.put({}, {jpeg.data(), jpeg.size()}, seq) == QueueStatus::ok);
    QueuedPack pack;
    REQUIRE(queue.first_from(0, pack));
    life->rows[0] = life->rows[1];
    REQUIRE(queue.remove(pack) == QueueStatus::ok);
    Sha256 sha256{};
    queue.distrust(pack);
    CHECK(queue.sha256(pack, sha256) == QueueStatus::gone);
    CHECK(queue.read(pack, 0, Room(life->io).first(1)) == QueueStatus::gone);
    CHECK(queue.set_aside(pack, "refused") == QueueStatus::gone);
    CHECK(queue.take_out(pack, nullptr, 0) == QueueStatus::gone);
    CHECK(queue.remove(pack) == QueueStatus::gone);
}

TEST_CASE("who holds a pack that was set aside is told that it is gone") {
    auto life = with_packs(1);
    const QueuedPack pack = *life->pack(0);
    REQUIRE(life->set_aside(0) == QueueStatus::ok);
    CHECK(life->queue->read(pack, 0, Room(life->io).first(1)) == QueueStatus::gone);
}

TEST_CASE("the pack that was sealed last is read again too where it is distrusted") {
    auto life = with_packs(1);
    const QueuedPack pack = *life->pack(0);
    life->card.spoil(life->path_of(pack), 700);
    CHECK(ask(*life, pack) == QueueStatus::damaged);
    CHECK(life->pack(0)->captures == 2);
}

TEST_CASE("seqs do not go back, and are never more than there are") {
    auto life = with_packs(2);
    CHECK(life->queue->raise_next_seq(2) == QueueStatus::ok);
    CHECK(life->queue->next_seq() == 6);
    CHECK(life->queue->raise_next_seq(max_seq + 1) == QueueStatus::numbers);
    CHECK(life->queue->next_seq() == 6);
}

TEST_CASE("seqs that are reserved are used where the store cannot be read at a second start") {
    auto life = with_packs(1);
    life->values.is_broken = true;
    REQUIRE(life->boot() == QueueStatus::ok);
    CHECK(life->put(900) == QueueStatus::numbers);  // another queue knows nothing of them
    life->values.is_broken = false;
    REQUIRE(life->boot() == QueueStatus::ok);
    put(*life, 1);
    life->values.is_broken = true;
    REQUIRE(life->queue->start(life->device_id, 9) == QueueStatus::ok);
    CHECK(life->put(900) == QueueStatus::ok);
}

TEST_CASE("before it has started the queue takes nothing") {
    auto life = with_packs(1);
    life->card.faults.fails_reads = true;
    REQUIRE(life->boot() == QueueStatus::card);
    life->card.faults.fails_reads = false;
    CHECK(life->put(900) == QueueStatus::card);
}

TEST_CASE("a pack has 100 captures at the most, whatever the limit is") {
    PackLimits limits;
    limits.captures = 1'000;
    auto life = booted(limits);
    put(*life, 101, 300);
    CHECK(life->queue->sealed_packs() == 1);
    CHECK(life->pack(0)->captures == 100);
}

TEST_CASE("a pack has 64 MiB at the most, whatever the limit is") {
    PackLimits limits;
    limits.captures = 100;
    limits.pack_bytes = UINT32_MAX;
    limits.budget_bytes = 400U << 20U;
    auto life = booted(limits, 140'000);
    put(*life, 1, 1U << 20U);
    CHECK(life->queue->size_bytes() == max_pack_bytes);
}

TEST_CASE("where there is no row left and nothing can go no photo is taken") {
    auto life = booted(QueueLife::small_packs(), 4096, 6);
    put(*life, 6);
    life->card.faults.failing_removes = 100;
    CHECK(life->put(900) == QueueStatus::no_room);
}

TEST_CASE("where no folder can be made no photo is taken, and that is the card's fault") {
    auto life = booted();
    life->card.faults.fails_writes = true;
    CHECK(life->put(900) == QueueStatus::card);
}

TEST_CASE("the index of a folder stays as long as a pack is in it") {
    auto life = with_packs(2);
    REQUIRE(life->queue->raise_next_seq(1024) == QueueStatus::ok);
    put(*life, 3);
    CHECK(has_file(*life, index_path));
    REQUIRE(life->remove(0) == QueueStatus::ok);
    CHECK(has_file(*life, index_path));
    REQUIRE(life->remove(0) == QueueStatus::ok);
    CHECK_FALSE(has_file(*life, index_path));
}

TEST_CASE("what is no folder or pack of this device does not make the queue lie") {
    auto life = with_packs(2);
    for (const char* folder : {"/packs/99999999999999999999999", "/packs/9999999999999", "/packs/36893488147419103239",
                               "/packs/12a", "/packs/0/0000000000000900-d0000000.zip"}) {
        REQUIRE(life->card.make_folder(folder) == IoStatus::ok);
    }
    for (const char* path : {"/packs/7", "/packs/0/0000000000009000-d0000000.zip", "/packs/0/0000000000000901-d1000000.zip",
                             "/packs/0/000000000000090"}) {
        life->card.put_file(path, {1, 2, 3});
    }
    CHECK(next_seq_of_card(*life) == 6);
    CHECK(told(*life).empty());
    CHECK(life->packs().size() == 2);
    put(*life, 3);
    CHECK(life->packs().size() == 3);
}

TEST_CASE("a folder's number tells how far seqs have come, also where it is empty or cannot be read") {
    auto life = with_packs(1);
    REQUIRE(life->card.make_folder("/packs/5") == IoStatus::ok);
    CHECK(next_seq_of_card(*life) == 5 * 1024);
    life->card.faults.bad_path = "/packs/5";
    CHECK(next_seq_of_card(*life) == 6 * 1024);
    CHECK(told(*life).size() == 1);
}

TEST_CASE("the name of a pack in which nothing was written yet is used up") {
    auto life = with_packs(1);
    life->card.put_file("/packs/0/0000000000000007-d0000000.zip", std::vector<std::uint8_t>(2'000));
    CHECK(next_seq_of_card(*life) == 8);
    CHECK(told(*life).empty());
}

TEST_CASE("the one of two of the same seq that does not count is gone for good") {
    auto life = with_packs(2);
    const std::string path = life->path_of(*life->pack(0));
    const std::vector<std::uint8_t> half(1'000);
    life->card.put_file(path.substr(0, path.size() - 4) + "-2.zip", half);
    REQUIRE(life->boot() == QueueStatus::ok);
    REQUIRE(life->packs().size() == 2);
    CHECK(tells_true_sha256(*life, *life->pack(0)));
    REQUIRE(life->remove(0) == QueueStatus::ok);
    REQUIRE(life->boot() == QueueStatus::ok);
    CHECK(life->packs().size() == 1);
    CHECK(told(*life).empty());
}

TEST_CASE("where nobody knows how much room there is, nothing is given up for it") {
    auto life = with_packs(2);
    life->card.faults.fails_space = true;
    REQUIRE(life->boot() == QueueStatus::ok);
    put(*life, 6);
    CHECK(life->packs().size() == 4);
}

TEST_CASE("of a small card the queue takes half") {
    auto life = booted(QueueLife::small_packs(), 400);
    for (int packs = 0; packs < 60; ++packs) put(*life, 3);
    CHECK(life->queue->size_bytes() <= 200 * 512);
    CHECK_FALSE(life->ledger.told_evicted.empty());
}

TEST_CASE("of a pack with steps nobody is told what never was in it") {
    auto life = booted();
    put(*life, 1);
    REQUIRE(life->queue->raise_next_seq(200) == QueueStatus::ok);
    put(*life, 2);
    QueuedPack pack = *life->pack(0);
    SUBCASE("where all of it is lost") {
        for (std::uint32_t at = 0; at < pack.size_bytes; at += 7) life->card.spoil(life->path_of(pack), at);
        CHECK(ask(*life, pack) == QueueStatus::damaged);
        CHECK(told(*life) == Told{{0, 0}});
    }
    SUBCASE("where its directory is half right") {
        change_name(*life, pack, 0);
        change_name(*life, pack, 1, 17);
        CHECK(ask(*life, pack) == QueueStatus::damaged);
        CHECK(told(*life).empty());
    }
}

TEST_CASE("what is lost is told, by the directory, and by what lies before a whole capture") {
    auto life = with_packs(2);
    const QueuedPack pack = *life->pack(1);
    life->card.spoil(life->path_of(pack), header_at(*life, pack, 0) + 60);
    SUBCASE("with a directory") { CHECK(ask(*life, pack) == QueueStatus::damaged); }
    SUBCASE("without one, at a boot without an index") {
        change_name(*life, pack, 1, 17);
        REQUIRE(life->card.remove(index_path) == IoStatus::ok);
        REQUIRE(life->boot() == QueueStatus::ok);
    }
    CHECK(told(*life) == Told{{3, 3}});
    CHECK(life->pack(1)->captures == 2);
}

TEST_CASE("what is lost is told once, also where the pack cannot be put right at once") {
    auto life = with_packs(2);
    const QueuedPack pack = *life->pack(0);
    life->card.spoil(life->path_of(pack), 700);
    life->card.faults.is_read_only = true;
    CHECK(ask(*life, pack) == QueueStatus::card);
    CHECK(ask(*life, *life->pack(0)) == QueueStatus::card);
    life->card.faults.is_read_only = false;
    CHECK(ask(*life, *life->pack(0)) == QueueStatus::damaged);
    CHECK(told(*life) == Told{{0, 0}});
}

TEST_CASE("what is lost later is told although the pack was put right before without a loss") {
    auto life = with_packs(2);
    change_name(*life, *life->pack(1), 1, 17);
    CHECK(ask(*life, *life->pack(1)) == QueueStatus::damaged);
    CHECK(told(*life).empty());
    life->card.spoil(life->path_of(*life->pack(1)), 700);
    CHECK(ask(*life, *life->pack(1)) == QueueStatus::damaged);
    CHECK(told(*life) == Told{{3, 3}});
}
