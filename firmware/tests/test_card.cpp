// The card as the queue uses it: what is passed on when something fails, and what must be synced first.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "fakes/fake_card.h"
#include "frameferry/card.h"

using namespace frameferry;

namespace {

struct Bench {
    explicit Bench(std::uint32_t sectors = 4096) : storage(power, sectors) {}

    Power power;
    FakeCard storage;
    Card card{storage};
};

}  // namespace

TEST_CASE("a file that cannot be as large as it is to be is not there where it is new, and is not left open") {
    Bench bench(16);
    Storage::File file = Storage::none;
    bench.storage.put_file("/small", std::vector<std::uint8_t>(512));
    CHECK(bench.card.create("/large", 17 * 512, file) == IoStatus::no_space);
    CHECK(bench.card.open_grown("/small", 17 * 512, file) == IoStatus::no_space);
    CHECK(bench.storage.paths() == std::vector<std::string>{"/small"});
    CHECK(bench.storage.open_files() == 0);
    REQUIRE(bench.card.open_grown("/small", 100, file) == IoStatus::ok);
    CHECK(bench.storage.content("/small").size() == 512);
    bench.card.close(file);
}

TEST_CASE("a card gives back what can be written, opened anew and read") {
    for (const int spared : {0, 1}) {
        Bench bench;
        REQUIRE(bench.storage.make_folder("/packs") == IoStatus::ok);
        bench.storage.put_file("/packs/settle", std::vector<std::uint8_t>(64));
        CHECK(bench.card.gives_back());
        bench.storage.faults.spared_reads = spared;
        bench.storage.faults.failing_opens = 1;
        CHECK_FALSE(bench.card.gives_back());
        CHECK(bench.storage.open_files() == 0);
    }
}

TEST_CASE("a full card gives back what is on it") {
    Bench bench(8);
    REQUIRE(bench.storage.make_folder("/packs") == IoStatus::ok);
    bench.storage.put_file("/film", std::vector<std::uint8_t>(8 * 512));
    CHECK(bench.card.gives_back());
}

TEST_CASE("what is not there is no fault of the card, and without the first folder none is made in it") {
    Bench bench;
    Storage::File file = Storage::none;
    CHECK(bench.card.open("/none", file) == IoStatus::not_found);
    CHECK(bench.card.status() == IoStatus::ok);
    bench.storage.faults.failing_makes = 1;
    CHECK(bench.card.make_folder_of({3, false}) == IoStatus::failed);
    CHECK(bench.card.make_folder_of({3, false}) == IoStatus::ok);
}

TEST_CASE("what was freed is synced before another file grows over it") {
    Bench bench;
    Storage::File trimmed = Storage::none;
    Storage::File grown = Storage::none;
    REQUIRE(bench.card.create("/trimmed", 4096, trimmed) == IoStatus::ok);
    REQUIRE(bench.card.create("/grown", 512, grown) == IoStatus::ok);
    REQUIRE(bench.storage.make_folder("/packs") == IoStatus::ok);
    REQUIRE(bench.storage.make_folder("/packs/7") == IoStatus::ok);
    const auto syncs_to_grow = [&] {
        const std::uint64_t before = bench.storage.counts.syncs;
        REQUIRE(bench.card.grow(grown, 1024) == IoStatus::ok);
        return bench.storage.counts.syncs - before;
    };
    CHECK(syncs_to_grow() == 0);
    REQUIRE(bench.card.trim(trimmed, 512) == IoStatus::ok);
    CHECK(syncs_to_grow() == 1);
    bench.card.remove_folder(7);  // in which there was nothing
    CHECK(syncs_to_grow() == 1);
    REQUIRE(bench.card.remove("/packs/none") == IoStatus::ok);
    bench.card.remove_folder(8);  // there is none
    CHECK(syncs_to_grow() == 0);
    const int changes = bench.power.changes;
    CHECK(bench.card.settle() == IoStatus::ok);
    CHECK(bench.power.changes == changes);
    REQUIRE(bench.card.trim(trimmed, 100) == IoStatus::ok);
    bench.storage.faults.failing_as = IoStatus::no_space;
    bench.storage.faults.failing_changes = 2;
    CHECK(bench.card.sync(trimmed) == IoStatus::no_space);
    CHECK(bench.card.grow(grown, 1024) == IoStatus::no_space);
    CHECK(syncs_to_grow() == 1);
    bench.card.close(trimmed);
    bench.card.close(grown);
}
