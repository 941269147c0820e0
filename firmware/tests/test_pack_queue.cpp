#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fakes/pack_check.h"
#include "fakes/queue_fixture.h"
#include "frameferry/pack_format.h"

using namespace frameferry;
using namespace queue_fixture;

namespace {

std::vector<Seq> first_seqs(QueueLife& life) {
    std::vector<Seq> seqs;
    for (const QueuedPack& pack : life.packs()) seqs.push_back(pack.seqs.first);
    return seqs;
}

}  // namespace

TEST_CASE("captures are counted from 0 and lie in packs of so many") {
    const auto life = booted();
    Seq oldest = 0;
    CHECK_FALSE(life->queue->oldest_seq(oldest));
    CHECK(life->queue->size_bytes() == 0);
    put(*life, 7);
    CHECK(first_seqs(*life) == std::vector<Seq>{0, 3});
    CHECK(life->queue->sealed_packs() == 2);
    CHECK(life->queue->waiting_captures() == 7);
    CHECK(life->queue->next_seq() == 7);
    REQUIRE(life->queue->oldest_seq(oldest));
    CHECK(oldest == 0);
    REQUIRE(life->seal() == QueueStatus::ok);
    REQUIRE(life->seal() == QueueStatus::ok);  // nothing to seal
    CHECK(first_seqs(*life) == std::vector<Seq>{0, 3, 6});
    CHECK(life->check() == "");
}

TEST_CASE("a queue with an open pack only knows its oldest capture") {
    const auto life = booted();
    put(*life, 2);
    Seq oldest = 9;
    REQUIRE(life->queue->oldest_seq(oldest));
    CHECK(oldest == 0);
    CHECK(life->queue->size_bytes() != 0);
}

TEST_CASE("packs are found from a seq on, and up to one") {
    const auto life = booted();
    put(*life, 9);
    QueuedPack pack;
    REQUIRE(life->queue->first_from(1, pack));
    CHECK(pack.seqs.first == 3);
    CHECK(pack.seqs.last == 5);
    CHECK(pack.captures == 3);
    REQUIRE(life->queue->first_from(6, pack));
    CHECK(pack.seqs.first == 6);
    CHECK_FALSE(life->queue->first_from(7, pack));
    REQUIRE(life->queue->last_up_to(max_seq, pack));
    CHECK(pack.seqs.first == 6);
    REQUIRE(life->queue->last_up_to(7, pack));
    CHECK(pack.seqs.first == 3);
    REQUIRE(life->queue->last_up_to(2, pack));
    CHECK(pack.seqs.first == 0);
    CHECK_FALSE(life->queue->last_up_to(1, pack));
}

TEST_CASE("what is no photo of a pack is not taken") {
    const auto life = booted();
    Seq seq = 0;
    CHECK(life->queue->put({}, {}, seq) == QueueStatus::not_a_pack);
    const std::vector<std::uint8_t> huge(max_jpeg_bytes + 1);
    CHECK(life->queue->put({}, {huge.data(), huge.size()}, seq) == QueueStatus::not_a_pack);
    CHECK(life->queue->next_seq() == 0);
}

TEST_CASE("a capture that is larger than a pack should be has one of its own") {
    PackLimits limits = QueueLife::small_packs();
    limits.pack_bytes = 8192;
    const auto life = booted(limits);
    put(*life, 1, 100);
    put(*life, 1, 30'000);
    put(*life, 1, 100);
    CHECK(life->check() == "");
    CHECK(first_seqs(*life).size() == 4);  // and that of the check
}

TEST_CASE("a pack has captures of one boot only") {
    const auto life = booted();
    put(*life, 2);
    REQUIRE(life->queue->start(life->device_id, 77) == QueueStatus::ok);
    put(*life, 1);
    REQUIRE(life->seal() == QueueStatus::ok);
    CHECK(life->packs().size() == 2);
    CHECK(life->check() == "");
}

TEST_CASE("a pack spans less than 1000 seqs") {
    const auto life = booted();
    put(*life, 1);
    REQUIRE(life->raise_next_seq(999) == QueueStatus::ok);
    put(*life, 1);
    REQUIRE(life->raise_next_seq(1000) == QueueStatus::ok);
    put(*life, 1);
    CHECK(first_seqs(*life) == std::vector<Seq>{0});
    CHECK(life->check() == "");
}

TEST_CASE("a folder of packs that are all gone goes too, but the newest stays") {
    const auto life = booted();
    put(*life, 3);
    REQUIRE(life->raise_next_seq(2 * seqs_per_folder) == QueueStatus::ok);
    put(*life, 3);
    REQUIRE(life->raise_next_seq(5 * seqs_per_folder) == QueueStatus::ok);
    put(*life, 3);
    while (life->pack(0)) REQUIRE(life->remove(0) == QueueStatus::ok);
    CHECK(life->card.paths() == std::vector<std::string>{"/packs/5/index"});
    CHECK(life->check() == "");
}

TEST_CASE("the last seq there is is given once") {
    const auto life = booted();
    REQUIRE(life->raise_next_seq(max_seq) == QueueStatus::ok);
    put(*life, 1);
    CHECK(life->put(900) == QueueStatus::numbers);
    CHECK(life->queue->raise_next_seq(max_seq + 1) == QueueStatus::numbers);
    CHECK(life->seal() == QueueStatus::ok);
    QueuedPack pack;
    REQUIRE(life->queue->last_up_to(max_seq, pack));
    CHECK(pack.seqs.last == max_seq);
}

TEST_CASE("what is set aside is given up first, then the oldest") {
    PackLimits limits = QueueLife::small_packs();
    limits.budget_bytes = 24'000;
    const auto life = booted(limits);
    put(*life, 9);
    REQUIRE(life->set_aside(1) == QueueStatus::ok);
    REQUIRE(life->ledger.told_damaged.size() == 1);
    CHECK(life->ledger.told_damaged[0].first == 3);
    CHECK(life->queue->waiting_captures() == 6);
    put(*life, 12);
    REQUIRE(life->ledger.told_evicted.size() >= 2);
    CHECK(life->ledger.told_evicted[0].first == 3);
    CHECK(life->ledger.told_evicted[1].first == 0);
    CHECK(life->queue->size_bytes() <= 24'000);
    CHECK(life->check() == "");
}

TEST_CASE("where the memory has no row for another pack the oldest is given up") {
    const auto life = booted(QueueLife::small_packs(), 4096, 3 + PackRows::spare);
    put(*life, 15);
    CHECK(life->queue->sealed_packs() == 3);
    REQUIRE(life->ledger.told_evicted.size() == 2);
    CHECK(life->check() == "");
}

TEST_CASE("who holds a pack that has become another one is told so") {
    const auto life = booted();
    put(*life, 6);
    const QueuedPack before = *life->pack(0);
    REQUIRE(life->forget(1, 1) == QueueStatus::ok);
    Sha256 sha256{};
    std::array<std::uint8_t, 8> room{};
    CHECK(life->queue->sha256(before, sha256) == QueueStatus::gone);
    CHECK(life->queue->read(before, 0, Room(room)) == QueueStatus::gone);
    CHECK(life->queue->remove(before) == QueueStatus::gone);
    CHECK(life->queue->set_aside(before, "refused") == QueueStatus::gone);
    CHECK(life->queue->take_out(before, nullptr, 0) == QueueStatus::gone);
    const QueuedPack after = *life->pack(0);
    CHECK(after.captures == 2);
    CHECK(after.size_bytes < before.size_bytes);
    CHECK(life->queue->read(after, after.size_bytes - 4, Room(room)) == QueueStatus::gone);  // more than it has
    CHECK(life->check() == "");
}

TEST_CASE("captures that are taken out have new seqs not below those asked for, and are told no more under the old") {
    const auto life = booted();
    put(*life, 9);
    REQUIRE(life->take_out(1, 2, 500) == QueueStatus::ok);
    CHECK(first_seqs(*life) == std::vector<Seq>{0, 6, 500});
    CHECK(life->pack(2)->captures == 2);
    CHECK(life->queue->next_seq() == 502);
    REQUIRE(life->ledger.told_skipped.size() == 1);
    CHECK(life->ledger.told_skipped[0].first == 9);
    CHECK(life->ledger.told_skipped[0].last == 499);
    CHECK(life->check() == "");
}

TEST_CASE("seqs that are far apart do not make a pack that spans too much") {
    const auto life = booted();
    put(*life, 3);
    const std::array<PackQueue::Renumbering, 2> renumberings{{{0, 100}, {2, 3000}}};
    REQUIRE(life->queue->take_out(*life->pack(0), renumberings.data(), renumberings.size()) == QueueStatus::ok);
    REQUIRE(life->packs().size() == 1);
    CHECK(life->pack(0)->seqs.first == 3000);
    CHECK(life->pack(0)->seqs.last == 3001);
}

TEST_CASE("a pack of which nothing is to be taken out just goes") {
    const auto life = booted();
    put(*life, 3);
    REQUIRE(life->queue->take_out(*life->pack(0), nullptr, 0) == QueueStatus::ok);
    CHECK(life->packs().empty());
}

TEST_CASE("forgetting counts captures, takes a whole pack where it must, and leaves what was not synced") {
    const auto life = booted();
    put(*life, 9);
    const Jpeg jpeg(700, 7);
    Seq seq = 0;
    const CaptureMeta not_synced{0, 0, QueueLife::captured_at_ms(4), false};
    REQUIRE(life->queue->put(not_synced, {jpeg.data(), jpeg.size()}, seq) == QueueStatus::ok);
    std::uint32_t forgotten = 0;
    const std::int64_t from_ms = QueueLife::captured_at_ms(2);
    REQUIRE(life->queue->forget(from_ms, QueueLife::captured_at_ms(6), forgotten) == QueueStatus::ok);
    CHECK(forgotten == 4);
    CHECK(first_seqs(*life) == std::vector<Seq>{0, 6, 9});
    REQUIRE(life->queue->forget(from_ms, QueueLife::captured_at_ms(6), forgotten) == QueueStatus::ok);
    CHECK(forgotten == 0);
}

TEST_CASE("a pack that keeps its first seq twice over has both names in turn") {
    const auto life = booted();
    put(*life, 3);
    REQUIRE(life->forget(2, 2) == QueueStatus::ok);
    CHECK(life->path_of(*life->pack(0)) == "/packs/0/0000000000000000-d0000000-2.zip");
    CHECK(life->check() == "");
    REQUIRE(life->forget(1, 1) == QueueStatus::ok);
    CHECK(life->path_of(*life->pack(0)) == "/packs/0/0000000000000000-d0000000.zip");
    CHECK(life->check() == "");
}

TEST_CASE("forgetting reaches what is set aside, and leaves the others of it there, set aside") {
    const auto life = booted();
    put(*life, 6);
    REQUIRE(life->set_aside(0) == QueueStatus::ok);
    REQUIRE(life->forget(1, 1) == QueueStatus::ok);
    std::vector<CheckedCapture> captures;
    CHECK(check_pack(life->card.content("/packs/0/0000000000000000-d0000000-2.zip"), captures) == "");
    REQUIRE(captures.size() == 2);
    CHECK(captures[0].seq == 0);
    CHECK(captures[1].seq == 2);
    CHECK(first_seqs(*life) == std::vector<Seq>{3});
    CHECK(life->queue->waiting_captures() == 3);
    CHECK(life->check() == "");
    REQUIRE(life->forget(0, 2) == QueueStatus::ok);
    const std::vector<std::string> paths = life->card.paths();
    for (const std::string& path : paths) CHECK(path.find("0000000000000000-") == std::string::npos);
    CHECK(life->check() == "");
}

TEST_CASE("no file stays open that nobody uses") {
    const auto life = booted();
    put(*life, 9);
    REQUIRE(life->take_out(1, 2, 500) == QueueStatus::ok);
    REQUIRE(life->forget(0, 0) == QueueStatus::ok);
    CHECK(life->check() == "");
    CHECK(life->card.open_files() <= 2);  // the open pack, and the one that was read last
    life->queue.reset();
    CHECK(life->card.open_files() == 0);
}

TEST_CASE("seqs are set aside in blocks, so that the store is written once in 64 captures") {
    PackLimits limits = QueueLife::small_packs();
    limits.captures = 100;
    const auto life = booted(limits);
    put(*life, 128, 20);
    CHECK(life->values.writes == 2);
}
