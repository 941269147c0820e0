#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "fakes/pack_check.h"
#include "fakes/queue_fixture.h"
#include "frameferry/little_endian.h"
#include "frameferry/pack_format.h"

using namespace frameferry;
using namespace queue_fixture;

namespace {

// Of the sectors that lie in a file.
void spoil_all(QueueLife& life, const std::string& path) {
    const std::size_t size = life.card.content(path).size();
    for (std::size_t at = 0; at < size; at += 7) life.card.spoil(path, static_cast<std::uint32_t>(at));
}

const std::string index_path = "/packs/0/index";

}  // namespace

TEST_CASE("without a card no photo is taken and no seq is used up, and all is well once it is there") {
    QueueLife life;
    life.card.faults.is_missing = true;
    CHECK(life.boot() == QueueStatus::card);
    CHECK(life.put(900) == QueueStatus::card);
    CHECK(life.queue->card_status() == IoStatus::no_card);
    CHECK(life.queue->next_seq() == 0);
    CHECK(life.queue->waiting_captures() == 0);
    life.card.faults.is_missing = false;
    CHECK(life.boot() == QueueStatus::ok);
    put(life, 4);
    CHECK(life.check() == "");
}

TEST_CASE("a card that is pulled out and put back has all that it had") {
    const auto life = with_packs(2);
    put(*life, 2);
    life->card.faults.is_missing = true;
    CHECK(life->put(900) == QueueStatus::card);
    CHECK(life->queue->card_status() == IoStatus::no_card);
    Sha256 sha256{};
    QueuedPack pack = life->packs().at(0);
    std::array<std::uint8_t, 16> room{};
    CHECK(life->queue->read(pack, 0, Room(room)) == QueueStatus::card);
    CHECK(life->queue->remove(pack) == QueueStatus::card);
    life->card.faults.is_missing = false;
    REQUIRE(life->queue->start(life->device_id, 5) == QueueStatus::ok);
    CHECK(life->queue->sha256(pack, sha256) == QueueStatus::gone);  // who held it asks again
    CHECK(life->queue->waiting_captures() == 8);
    CHECK(life->ledger.told_damaged.empty());
    CHECK(life->check() == "");
}

TEST_CASE("another queue's seqs and packs stay as they are where the same card is started twice") {
    const auto life = with_packs(3);
    const QueuedPack before = life->packs().at(1);
    REQUIRE(life->queue->start(life->device_id, 9) == QueueStatus::ok);
    const QueuedPack after = life->packs().at(1);
    CHECK(before.seqs.first == after.seqs.first);
    CHECK(before.version != after.version);
    CHECK(life->queue->remove(before) == QueueStatus::gone);
    CHECK(life->check() == "");
}

TEST_CASE("a card full of other things takes no photo, and takes them again when there is room") {
    QueueLife life(QueueLife::small_packs(), 512);
    life.card.put_file("/holiday/film.mov", std::vector<std::uint8_t>(511 * 512));
    REQUIRE(life.boot() == QueueStatus::ok);
    CHECK(life.put(900) == QueueStatus::no_room);
    CHECK(life.queue->card_status() == IoStatus::no_space);
    CHECK(life.queue->next_seq() == 0);
    REQUIRE(life.card.remove("/holiday/film.mov") == IoStatus::ok);
    put(life, 3);
    CHECK(life.check() == "");
}

TEST_CASE("where the card is full the oldest pack is given up, and told before") {
    QueueLife life(QueueLife::small_packs(), 512);
    REQUIRE(life.boot() == QueueStatus::ok);
    put(life, 3);
    const std::size_t index_sectors = PackIndex::slots * PackIndex::row_bytes / 512;
    life.card.put_file("/holiday/film.mov", std::vector<std::uint8_t>((512 - index_sectors - 30) * 512));
    put(life, 9);
    REQUIRE_FALSE(life.ledger.told_evicted.empty());
    CHECK(life.ledger.told_evicted[0].first == 0);
    CHECK(life.ledger.told_evicted[0].last == 2);
    CHECK(life.check() == "");
}

TEST_CASE("a pack takes what room there is where a full one's is not to be had") {
    PackLimits limits;
    limits.pack_bytes = 1U << 20U;
    QueueLife life(limits, 256);
    REQUIRE(life.boot() == QueueStatus::ok);
    put(life, 6, 20'000);
    CHECK(life.queue->waiting_captures() >= 3);
    CHECK(life.check(9) == "");
}

TEST_CASE("of a read-only card the sealed packs go up, and the open one is kept") {
    const auto life = with_packs(2);
    put(*life, 2);
    life->card.faults.is_read_only = true;
    REQUIRE(life->boot() == QueueStatus::ok);
    CHECK(life->put(900) == QueueStatus::card);
    CHECK(life->queue->card_status() == IoStatus::read_only);
    CHECK(life->queue->waiting_captures() == 8);
    Sha256 sha256{};
    CHECK(life->queue->sha256(*life->pack(0), sha256) == QueueStatus::ok);
    CHECK(life->queue->sha256(*life->pack(1), sha256) == QueueStatus::ok);
    CHECK(life->queue->sha256(*life->pack(2), sha256) == QueueStatus::card);
    CHECK(life->queue->remove(*life->pack(0)) == QueueStatus::card);
    CHECK(life->queue->waiting_captures() == 8);
    life->card.faults.is_read_only = false;
    CHECK(life->queue->sha256(*life->pack(2), sha256) == QueueStatus::damaged);  // another one: it is sealed now
    CHECK(life->queue->sha256(*life->pack(2), sha256) == QueueStatus::ok);
    CHECK(life->ledger.told_damaged.empty());
    CHECK(life->check() == "");
}

TEST_CASE("while writing fails no photo is taken, and what was there goes up later") {
    const auto life = with_packs(2);
    put(*life, 2);
    life->card.faults.fails_writes = true;
    for (int photo = 0; photo < 3; ++photo) CHECK(life->put(900) == QueueStatus::card);
    CHECK(life->queue->card_status() == IoStatus::failed);
    life->card.faults.fails_writes = false;
    put(*life, 2);
    CHECK(life->check(4) == "");
    CHECK(life->queue->waiting_captures() == 8 + 2 + 1);
}

TEST_CASE("while the sync of a capture fails it is not queued, and not twice afterwards") {
    const auto life = with_packs(1);
    put(*life, 1);
    for (int change = 1; change < 6; ++change) {
        CAPTURE(change);
        life->card.faults.bad_path = ".zip";
        CHECK(life->put(900) == QueueStatus::card);
        life->card.faults.bad_path = "";
        put(*life, 1);
    }
    CHECK(life->check(9) == "");
}

TEST_CASE("while reading fails the queue does not start, and has lost nothing when it does") {
    const auto life = with_packs(2);
    life->card.faults.fails_reads = true;
    CHECK(life->boot() == QueueStatus::card);
    CHECK(life->queue->card_status() == IoStatus::failed);
    life->card.faults.fails_reads = false;
    CHECK(life->check() == "");
    CHECK(life->ledger.told_damaged.empty());
}

TEST_CASE("of a pack with a sector that cannot be read the other captures go up") {
    for (std::size_t capture = 0; capture < 3; ++capture) {
        CAPTURE(capture);
        const auto life = with_packs(3);
        const QueuedPack pack = life->packs().at(1);
        const std::string path = life->path_of(pack);
        life->card.make_unreadable(path, static_cast<std::uint32_t>(capture) * entry_size_bytes(900) + 512);
        life->queue->distrust(pack);
        Sha256 sha256{};
        CHECK(life->queue->sha256(pack, sha256) == QueueStatus::damaged);
        REQUIRE(life->ledger.told_damaged.size() == 1);
        CHECK(life->ledger.told_damaged[0].first == pack.seqs.first + capture);
        CHECK(life->ledger.told_damaged[0].last == pack.seqs.first + capture);
        CHECK(life->queue->waiting_captures() == 8);
        life->ledger.become(life->ledger.told_damaged[0], Fate::gone);
        CHECK(life->check() == "");
    }
}

TEST_CASE("a sector that cannot be read while it is sent makes the pack another one") {
    const auto life = with_packs(2);
    const QueuedPack pack = life->packs().at(0);
    Sha256 sha256{};
    REQUIRE(life->queue->sha256(pack, sha256) == QueueStatus::ok);
    life->card.make_unreadable(life->path_of(pack), 512);
    std::vector<std::uint8_t> room(pack.size_bytes);
    CHECK(life->queue->read(pack, 0, {room.data(), room.size()}) == QueueStatus::damaged);
    CHECK(life->queue->sha256(pack, sha256) == QueueStatus::damaged);
    const QueuedPack other = life->packs().at(0);
    CHECK(other.captures == 2);
    CHECK(life->queue->sha256(other, sha256) == QueueStatus::ok);
}

TEST_CASE("a bad pack in the middle is told, kept on the card and not sent; the others are") {
    const auto life = with_packs(4);
    const QueuedPack pack = life->packs().at(1);
    const std::string path = life->path_of(pack);
    spoil_all(*life, path);
    life->queue->distrust(pack);
    Sha256 sha256{};
    CHECK(life->queue->sha256(pack, sha256) == QueueStatus::damaged);
    REQUIRE(life->ledger.told_damaged.size() == 1);
    CHECK(life->ledger.told_damaged[0].first == 3);
    CHECK(life->ledger.told_damaged[0].last == 5);
    CHECK(life->packs().size() == 3);
    life->ledger.become(pack.seqs, Fate::aside);
    CHECK(life->check() == "");
    CHECK(life->card.content(path).size() == pack.size_bytes);
    CHECK(life->ledger.told_damaged.size() == 1);  // once, and not at each boot
}

TEST_CASE("a bad pack in the middle is found at a boot without an index, and the others are sent") {
    const auto life = with_packs(4);
    const QueuedPack pack = life->packs().at(1);
    spoil_all(*life, life->path_of(pack));
    life->card.remove(index_path);
    life->ledger.become(pack.seqs, Fate::unknown);
    CHECK(life->check(9) == "");
    REQUIRE(life->ledger.told_damaged.size() == 1);
    CHECK(life->ledger.told_damaged[0].last == 0);  // nobody knows which captures it had
    CHECK(life->check() == "");
    CHECK(life->ledger.told_damaged.size() == 1);
}

TEST_CASE("files of others are left alone") {
    const auto life = with_packs(2);
    const std::vector<std::uint8_t> text(700, 'x');
    const std::vector<std::string> paths = {
        "/packs/notes.txt", "/packs/0/IMG_0001.JPG", "/packs/0/0000000000000003-00000000.zip",
        "/packs/0/0000000000000009-d0000000.zip.tmp", "/packs/0/9999999999999999-d0000000.zip",
        "/packs/trash/0000000000000001-d0000000.zip", "/packs/99999999999999999999/a", "/DCIM/100/a.jpg"};
    for (const std::string& path : paths) life->card.put_file(path, text);
    CHECK(life->check() == "");
    CHECK(life->queue->waiting_captures() == 7);
    for (const std::string& path : paths) CHECK((life->card.content(path) == text));
    CHECK(life->ledger.told_damaged.empty());
}

TEST_CASE("a folder that cannot be read is told, and costs nothing but what is in it") {
    const auto life = with_packs(2);
    REQUIRE(life->raise_next_seq(5000) == QueueStatus::ok);
    put(*life, 3);
    life->card.faults.bad_path = "/packs/0";
    REQUIRE(life->boot() == QueueStatus::ok);
    CHECK(life->queue->waiting_captures() == 3);
    CHECK(life->ledger.told_damaged.size() == 1);
    put(*life, 1);
    life->card.faults.bad_path = "";
    CHECK(life->check() == "");
}

TEST_CASE("without an index every pack is offered all the same") {
    const auto life = with_packs(4);
    REQUIRE(life->card.remove(index_path) == IoStatus::ok);
    CHECK(life->check(9) == "");
    CHECK(life->check() == "");  // it is there again
}

TEST_CASE("a spoiled index costs reading, and nothing else") {
    const auto life = with_packs(4);
    for (std::uint32_t at = 0; at < 400; at += 20) life->card.spoil(index_path, at);
    CHECK(life->check(9) == "");
    CHECK(life->check() == "");
}

TEST_CASE("an index that cannot be read or written costs reading, and nothing else") {
    const auto life = with_packs(2);
    life->card.faults.bad_path = "/index";
    REQUIRE(life->boot() == QueueStatus::ok);
    put(*life, 4);
    CHECK(life->check(9) == "");
    CHECK(life->ledger.told_damaged.empty());
}

TEST_CASE("the index of another time does not make the queue lie") {
    const auto life = with_packs(2);
    const std::vector<std::uint8_t> old = life->card.content(index_path);
    put(*life, 3);
    REQUIRE(life->remove(0) == QueueStatus::ok);
    REQUIRE(life->forget(4, 4) == QueueStatus::ok);
    life->card.put_file(index_path, old);
    CHECK(life->check(9) == "");
}

TEST_CASE("an index that lies about a sha256 is found out when the pack is distrusted") {
    const auto life = with_packs(2);
    std::vector<std::uint8_t> index = life->card.content(index_path);
    index[30] = static_cast<std::uint8_t>(index[30] ^ 1U);
    LittleEndianWriter(Room(index.data() + 60, 4)).u32(zip_crc_of(index.data(), 60));
    life->card.put_file(index_path, index);
    REQUIRE(life->boot() == QueueStatus::ok);
    const QueuedPack pack = life->packs().at(0);
    Sha256 lie{};
    REQUIRE(life->queue->sha256(pack, lie) == QueueStatus::ok);
    life->queue->distrust(pack);
    Sha256 sha256{};
    REQUIRE(life->queue->sha256(pack, sha256) == QueueStatus::ok);
    CHECK(sha256 != lie);
    CHECK(life->check() == "");
}

TEST_CASE("where the store is wiped the card tells which seq comes next") {
    const auto life = with_packs(2);
    put(*life, 2);
    life->values.values.clear();
    CHECK(life->check() == "");
}

TEST_CASE("where the store is wiped the index tells which seq comes next, although the packs are gone") {
    const auto life = with_packs(2);
    while (life->pack(0)) REQUIRE(life->remove(0) == QueueStatus::ok);
    life->values.values.clear();
    CHECK(life->check() == "");
}

TEST_CASE("where seqs cannot be kept no photo is taken, and those on the card go up") {
    const auto life = with_packs(2);
    life->values.is_broken = true;
    REQUIRE(life->boot() == QueueStatus::ok);
    CHECK(life->put(900) == QueueStatus::numbers);
    CHECK(life->queue->raise_next_seq(1000) == QueueStatus::numbers);
    CHECK(life->queue->waiting_captures() == 6);
    Sha256 sha256{};
    CHECK(life->queue->sha256(*life->pack(0), sha256) == QueueStatus::ok);
    CHECK(life->remove(0) == QueueStatus::ok);
    life->values.is_broken = false;
    CHECK(life->check() == "");
}

TEST_CASE("a store that keeps what it says it did not keep loses no photo that is taken out") {
    const auto life = with_packs(3);
    life->values.lies = true;
    life->take_out(1, 2, 100);
    life->values.lies = false;
    CHECK(life->check() == "");
}

TEST_CASE("a store that keeps nothing takes nothing out, and the pack is as it was") {
    const auto life = with_packs(3);
    life->values.is_full = true;
    CHECK(life->take_out(1, 2, 100) == QueueStatus::numbers);
    CHECK(life->packs().size() == 3);
    life->values.is_full = false;
    CHECK(life->check() == "");
}

TEST_CASE("where the card fails while captures are taken out the pack is as it was") {
    const auto life = with_packs(3);
    life->card.faults.bad_path = "0000000000000100-";
    CHECK(life->take_out(1, 2, 100) == QueueStatus::card);
    life->card.faults.bad_path = "";
    CHECK(life->packs().size() == 3);
    CHECK(life->check() == "");
}

TEST_CASE("two packs of one first seq, of which the store knows nothing any more, are offered once") {
    const auto life = with_packs(2);
    std::vector<std::uint8_t> pack = life->card.content(life->path_of(life->packs().at(0)));
    PackEntries kept;
    EntryHeader header;
    REQUIRE(parse_header({pack.data(), header_bytes}, 0, header));
    kept.push(header.entry);
    std::vector<std::uint8_t> room(8192);
    const Bytes directory = encode_directory(kept, {room.data(), room.size()});
    pack.resize(header.entry.end());
    pack.insert(pack.end(), directory.data, directory.data + directory.size);
    life->card.put_file("/packs/0/0000000000000000-d0000000-2.zip", pack);
    CHECK(life->check() == "");
}
