// Whatever is done to a queue in whatever order, and whenever the power goes, it holds what a plain list would: the
// ledger of fakes/queue_life.h. FERRY_SEEDS=1000 runs that many lives instead of some hundred.
#include <doctest/doctest.h>

#include <cstdlib>
#include <memory>
#include <random>
#include <string>

#include "fakes/queue_life.h"

using namespace frameferry;

namespace {

class AnyLanding final : public FakeCard::Landing {
public:
    AnyLanding(std::mt19937& dice, std::size_t units) : dice_(dice), torn_(dice() % (units + 1)) {}
    std::size_t state(std::size_t /*unit*/, std::size_t states) override { return dice_() % (states + 1); }
    std::size_t torn_bytes(std::size_t unit) override { return unit == torn_ ? 1 + dice_() % 511 : 0; }

private:
    std::mt19937& dice_;
    std::size_t torn_;
};

class RandomDevice {
public:
    explicit RandomDevice(std::uint32_t seed) : dice_(seed) {
        PackLimits limits = QueueLife::small_packs();
        limits.captures = static_cast<std::uint16_t>(1 + dice_() % 5);
        limits.budget_bytes = 20'000 + dice_() % 60'000;
        life_ = std::make_unique<QueueLife>(limits, 1200, 8 + dice_() % 20);
        life_->lay_stale_ground(false);
        REQUIRE(life_->boot() == QueueStatus::ok);
    }

    // The first thing that is wrong.
    std::string run(int boots) {
        for (int boot = 0; boot < boots; ++boot) {
            life_->power.cut_before = life_->power.changes + 1 + static_cast<int>(dice_() % 60);
            while (life_->power.is_on) step();
            lose_power();
            // Again while it starts, now and then.
            while (dice_() % 3 == 0) {
                life_->power.cut_before = 1 + static_cast<int>(dice_() % 8);
                life_->boot();
                life_->power.is_on = false;
                lose_power();
            }
            const std::string problem = life_->check(30);
            if (!problem.empty()) return problem + " (boot " + std::to_string(boot) + ")";
        }
        return "";
    }

private:
    void step() {
        const std::size_t pack = dice_() % 4;
        switch (dice_() % 16) {
            case 0: return static_cast<void>(life_->seal());
            case 1: return static_cast<void>(life_->remove(pack));
            case 2: return static_cast<void>(life_->remove(life_->queue->sealed_packs() - 1));
            case 3: return static_cast<void>(life_->take_out(pack, 1 + dice_() % 3, dice_() % 2 * (life_->queue->next_seq() + dice_() % 90)));
            case 4: return static_cast<void>(life_->set_aside(pack));
            case 5: return forget();
            case 6: return static_cast<void>(life_->raise_next_seq(life_->queue->next_seq() + dice_() % 1500));
            case 7: return static_cast<void>(dice_() % 4 == 0 && life_->pack(pack) ? life_->damage(pack, 0) : life_->seal());
            default: life_->put(8 + dice_() % 2000);
        }
    }

    void forget() {
        const std::size_t first = dice_() % (life_->photos_taken() + 1);
        life_->forget(first, first + dice_() % 4);
    }

    void lose_power() {
        AnyLanding landing(dice_, life_->card.unsynced());
        life_ = std::make_unique<QueueLife>(*life_, landing, dice_());
    }

    std::mt19937 dice_;
    std::unique_ptr<QueueLife> life_;
};

std::uint32_t lives() {
    const char* text = std::getenv("FERRY_SEEDS");
    return text == nullptr ? 150U : static_cast<std::uint32_t>(std::max(1, std::atoi(text)));
}

}  // namespace

TEST_CASE("a queue that anything is done to holds what it said that it holds") {
    for (std::uint32_t seed = 1; seed <= lives(); ++seed) {
        CAPTURE(seed);
        RandomDevice device(seed);
        const std::string problem = device.run(8);
        REQUIRE_MESSAGE(problem.empty(), "not held: " << problem);
    }
}
