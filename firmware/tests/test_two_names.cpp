// Seqs that two packs on a card have: where the store was lost in a swap, or two names lie on one file's sectors. Each
// is in one pack for the queue, and that is sent as it was taken; the rest is told, and stays on the card.
#include <doctest/doctest.h>

#include <string>

#include "fakes/queue_fixture.h"

using namespace frameferry;
using namespace queue_fixture;

namespace {

// All of it is on the card after the power was lost, or nothing.
class Landing final : public FakeCard::Landing {
public:
    explicit Landing(bool is_all) : is_all_(is_all) {}
    std::size_t state(std::size_t /*unit*/, std::size_t states) override { return is_all_ ? states : 0; }
    std::size_t torn_bytes(std::size_t /*unit*/) override { return 0; }

private:
    bool is_all_;
};

const std::string index_path = "/packs/0/index";

}  // namespace

TEST_CASE("where the store is lost in a swap, what lies under the new file is in no pack that another one has it in") {
    for (int cut = 1; cut < 24; ++cut) {
        for (const bool lands : {false, true}) {
            CAPTURE(cut);
            CAPTURE(lands);
            const auto life = with_packs(3);
            REQUIRE(life->forget(4, 4) == QueueStatus::ok);
            life->power.cut_before = life->power.changes + cut;
            life->forget(0, 0);
            life->power.is_on = false;
            Landing landing(lands);
            QueueLife next(*life, landing, 7);
            next.values.values.clear();
            CHECK(next.check(9) == "");
            CHECK(next.check(9) == "");
        }
    }
}

TEST_CASE("a name on the sectors of another pack costs no photo but those, and has none sent twice or as garbage") {
    for (const std::string name : {"01", "03", "04", "05", "07", "900"}) {
        for (const bool has_index : {true, false}) {
            CAPTURE(name);
            CAPTURE(has_index);
            const auto life = with_packs(3);
            const QueuedPack pack = life->packs().at(1);
            const std::string suffix = name == "03" ? "-d0000000-2.zip" : "-d0000000.zip";
            life->card.link("/packs/0/" + std::string(16 - name.size(), '0') + name + suffix, life->path_of(pack));
            if (!has_index) REQUIRE(life->card.remove(index_path) == IoStatus::ok);
            for (const int photos : {0, 12, 0}) {
                life->ledger.become(pack.seqs, Fate::unknown);
                life->ledger.has_damage = true;  // where one of the two has gone, others take the sectors of both
                put(*life, photos);
                CHECK(life->check(9) == "");
            }
        }
    }
}

TEST_CASE("where the store is lost before the old pack of a swap has gone each photo is sent once") {
    const auto life = with_packs(3);
    life->card.faults.failing_removes = 1;
    REQUIRE(life->forget(0, 0) == QueueStatus::ok);
    life->values.values.clear();
    for (auto& [jpeg, photo] : life->ledger.photos) {
        if (photo.seq == 0) photo.fate = Fate::unknown;  // it is back, and nothing tells that it was forgotten
    }
    CHECK(life->check(9) == "");
    const std::size_t told = life->ledger.told_damaged.size();
    CHECK(life->check(9) == "");
    CHECK(life->ledger.told_damaged.size() == told);
    REQUIRE(life->packs().at(0).captures == 3);
    CHECK(life->damage(0, 1) == QueueStatus::damaged);
    CHECK(life->check(9) == "");
    CHECK(life->packs().at(0).captures == 2);
}

TEST_CASE("two more names on the sectors of a pack have nothing sent twice") {
    const auto life = with_packs(3);
    const QueuedPack pack = life->packs().at(0);
    for (const char* name : {"/packs/0/0000000000000001-d0000000.zip", "/packs/0/0000000000000002-d0000000.zip"}) {
        life->card.link(name, life->path_of(pack));
    }
    CHECK(life->check(9) == "");
}
