// The power is cut before every single thing that changes the card or the store. Of what was not synced then, every
// subset lands (of at most eight things; else seeded samples of them), and a sector may be torn.
//
// The same test is run over the core with one sync or one check less (mutants.cmake), and must fail each time.
#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>
#include <random>
#include <stdexcept>
#include <string>

#include "fakes/queue_life.h"

using namespace frameferry;

namespace {

using Steps = std::function<void(QueueLife&)>;

struct Story {
    Steps before;  // with power
    Steps steps;
    PackLimits limits = QueueLife::small_packs();
    std::uint32_t sectors = 2048;
    int most_read_whole = 3;  // of the packs, at a boot
};

std::uint32_t seeds() {
    const char* text = std::getenv("FERRY_SEEDS");
    return text == nullptr ? 1U : static_cast<std::uint32_t>(std::max(1, std::atoi(text)));
}

// A subset, by its bits, of the last states; where `noise` is given, one landed sector is torn, and names are at any of
// the states that they went through.
class Subset final : public FakeCard::Landing {
public:
    Subset(std::uint64_t bits, std::size_t names, std::size_t units, std::mt19937* noise)
        : bits_(bits), noise_(noise) {
        if (noise != nullptr && units > names) torn_ = names + (*noise)() % (units - names);
    }

    std::size_t state(std::size_t unit, std::size_t states) override {
        if (unit == torn_) return states;
        if ((bits_ >> unit % 64U & 1U) == 0) return 0;
        return noise_ != nullptr && states > 1 ? 1 + (*noise_)() % states : states;
    }
    std::size_t torn_bytes(std::size_t unit) override {
        return unit == torn_ ? 1 + (*noise_)() % (FakeCard::sector_bytes - 1) : 0;
    }

private:
    std::uint64_t bits_;
    std::mt19937* noise_;
    std::size_t torn_ = SIZE_MAX;
};

class Cuts {
public:
    explicit Cuts(Story story) : story_(std::move(story)) {}

    // The first thing that is wrong, and how it came about.
    std::string first_problem() {
        int first = 0;
        int last = 0;
        try {
            first = changes(false);
            last = changes(true) + 1;
        } catch (const std::exception& error) {
            return std::string("with power: ") + error.what();
        }
        for (int cut = first + 1; cut <= last; ++cut) {
            const std::string problem = after_cut(cut);
            if (!problem.empty()) return problem + " (cut before change " + std::to_string(cut) + " of " +
                                         std::to_string(first + 1) + " to " + std::to_string(last) + ")";
        }
        return "";
    }
    [[nodiscard]] std::uint64_t boots() const { return boots_; }

private:
    std::unique_ptr<QueueLife> begun() const {
        auto life = std::make_unique<QueueLife>(story_.limits, story_.sectors);
        life->lay_stale_ground();
        REQUIRE(life->boot() == QueueStatus::ok);
        story_.before(*life);
        return life;
    }

    int changes(bool all) const {
        const auto life = begun();
        if (all) story_.steps(*life);
        return life->power.changes;
    }

    std::string after_cut(int cut) {
        const auto life = begun();
        life->power.cut_before = cut;
        story_.steps(*life);
        life->power.is_on = false;
        const std::size_t units = life->card.unsynced();
        std::mt19937 noise(static_cast<std::uint32_t>(cut));
        const std::uint64_t all = units <= 8 ? std::uint64_t{1} << units : 48U * seeds();
        for (std::uint64_t sample = 0; sample < all; ++sample) {
            const std::uint64_t bits = units <= 8 ? sample : (std::uint64_t{noise()} << 32U | noise());
            for (std::uint32_t torn = 0; torn <= seeds(); ++torn) {
                Subset landing(bits, life->card.unsynced_names(), units, torn == 0 ? nullptr : &noise);
                const std::string problem = after(*life, landing);
                if (!problem.empty()) return problem;
            }
        }
        return "";
    }

    std::string after(const QueueLife& life, Subset& landing) {
        ++boots_;
        QueueLife next(life, landing, 77);
        return next.check(story_.most_read_whole);
    }

    Story story_;
    std::uint64_t boots_ = 0;
};

void hold(Story story) {
    Cuts cuts(std::move(story));
    const std::string problem = cuts.first_problem();
    CHECK_MESSAGE(problem.empty(), "not held: " << problem);
    MESSAGE(cuts.boots() << " boots");
}

// With power, all of it works.
void works(QueueLife& life, QueueStatus status, QueueStatus wanted = QueueStatus::ok) {
    const bool is_held = !life.power.is_on || status == wanted;
    REQUIRE_MESSAGE(is_held, "not held: with power all of it works");
}

constexpr std::size_t first = QueueLife::stale_photos;  // that is taken in a story
constexpr std::size_t sizes[] = {512, 100, 358, 870, 512, 1300, 359, 1024};

void put(QueueLife& life, int photos) {
    for (int photo = 0; photo < photos; ++photo) works(life, life.put(sizes[life.photos_taken() % 8]));
}

void four_packs(QueueLife& life) { put(life, 13); }

}  // namespace

TEST_CASE("captures and seals outlast a power cut at every write") {
    hold({[](QueueLife&) {}, [](QueueLife& life) { put(life, 11); }});
}

TEST_CASE("packs of earlier boots, and the seqs, outlast a power cut at every write") {
    hold({four_packs, [](QueueLife& life) {
              works(life, life.boot());
              put(life, 5);
              works(life, life.raise_next_seq(200));
              put(life, 2);
              works(life, life.seal());
          }});
}

TEST_CASE("what is removed once it is held elsewhere takes nothing along at a power cut") {
    hold({four_packs, [](QueueLife& life) {
              works(life, life.remove(0));
              put(life, 6);
              works(life, life.remove(1));
              works(life, life.remove(2));
              put(life, 4);
          }});
}

TEST_CASE("what another device has left on the card is never taken for this one's, at every power cut") {
    const auto used_by_another = [](QueueLife& life) {
        put(life, 16);  // of the same sizes as those that follow
        life.change_device(0xD1);
        works(life, life.boot());
    };
    hold({used_by_another, [](QueueLife& life) {
              put(life, 7);
              works(life, life.boot());
              put(life, 4);
          }});
}

TEST_CASE("a pack on the sectors of one that looked the same is not taken for it, at every power cut") {
    const auto put_same = [](QueueLife& life, int photos) {
        for (; photos != 0; --photos) works(life, life.put(600));
    };
    hold({[put_same](QueueLife& life) { put_same(life, 9); },
          [put_same](QueueLife& life) {
              works(life, life.remove(0));
              put_same(life, 3);
              works(life, life.remove(0));
              put_same(life, 3);
          }});
}

TEST_CASE("no seq is used twice after a power cut where nothing on the card tells of it") {
    Story story{four_packs, [](QueueLife& life) {
                    life.card.faults.bad_path = "/index";
                    put(life, 2);
                    works(life, life.remove(4));
                    put(life, 3);
                    works(life, life.remove(4));
                }};
    story.most_read_whole = 9;
    hold(std::move(story));
}

TEST_CASE("eviction outlasts a power cut at every write") {
    Story story{four_packs, [](QueueLife& life) { put(life, 12); }};
    story.limits.budget_bytes = 30'000;
    hold(std::move(story));
}

TEST_CASE("captures that are taken out are there once, at every power cut") {
    hold({four_packs, [](QueueLife& life) {
              works(life, life.take_out(1, 2, 100));
              put(life, 4);
              works(life, life.take_out(0, 3, 50));
              put(life, 2);
          }});
}

TEST_CASE("what is set aside is kept, and not offered, at every power cut") {
    hold({four_packs, [](QueueLife& life) {
              works(life, life.set_aside(1));
              put(life, 3);
          }});
}

TEST_CASE("what is forgotten stays so at every power cut") {
    hold({four_packs, [](QueueLife& life) {
              works(life, life.forget(first + 4, first + 4));
              put(life, 3);
              works(life, life.forget(first + 6, first + 11));
              put(life, 3);
          }});
}

TEST_CASE("what is forgotten of a pack that is set aside stays so at every power cut, and so do the others of it") {
    const auto one_aside = [](QueueLife& life) {
        four_packs(life);
        works(life, life.set_aside(1));
    };
    hold({one_aside, [](QueueLife& life) {
              works(life, life.forget(first + 4, first + 4));
              put(life, 3);
          }});
}

TEST_CASE("a damaged pack is put right, at every power cut, and the other captures in it are whole") {
    hold({four_packs, [](QueueLife& life) {
              works(life, life.damage(1, 1), QueueStatus::damaged);
              put(life, 2);
              works(life, life.damage(2, 2), QueueStatus::damaged);
              put(life, 3);
          }});
}

TEST_CASE("a name on the sectors of another pack has nothing sent twice or as garbage, at every power cut") {
    for (const char* name : {"0000000000000001", "0000000000000004"}) {
        const auto with_two_names = [name](QueueLife& life) {
            four_packs(life);
            const QueuedPack pack = *life.pack(1);
            life.card.link("/packs/0/" + (name + std::string("-d0000000.zip")), life.path_of(pack));
            life.ledger.become(pack.seqs, Fate::unknown);
            life.ledger.has_damage = true;
        };
        hold({with_two_names, [](QueueLife& life) {
                  works(life, life.boot());
                  put(life, 6);
                  works(life, life.remove(0));
                  put(life, 3);
              }});
    }
}
