// What takes long with a full and slow card, while a watchdog waits for each task.
#include <doctest/doctest.h>

#include "fakes/device_run.h"

using namespace frameferry;
using device_run::Run;
using device_run::World;
using Task = TaskWatch::Task;

namespace {

constexpr int packs = 50;
constexpr std::uint64_t read_takes_ms = 10'000;
constexpr std::uint64_t capture_hangs_after_ms = 600'000;
constexpr std::uint64_t uplink_hangs_after_ms = 900'000;

DeviceConfig config() {
    DeviceConfig made;
    made.limits.captures = 1;
    return made;
}

// A paired device with packs on its card.
struct Full {
    Full() {
        REQUIRE(run.pair());
        run.take(packs);
        began_ms = world.clock.now_ms;
        world.watch.came_round(Task::capture, began_ms);
        world.watch.came_round(Task::uplink, began_ms);
    }
    // From here on each read takes its time; `as_it_reads` is what happens meanwhile.
    template <class AsItReads>
    void slow_down(AsItReads as_it_reads) {
        world.storage.before_read = [this, as_it_reads] {
            world.clock.now_ms += read_takes_ms;
            as_it_reads();
            times_dead += world.watch.are_all_alive(world.clock.now_ms) ? 0 : 1;
        };
    }
    void forget() {
        world.cloud.commands.push_back(
            {"01KDD2G0EG000G40R40M30E209", "forget", R"({"from":"2025-01-01T00:00:00Z","to":"2025-01-02T00:00:00Z"})"});
        run.device->uplink_step();
    }
    [[nodiscard]] std::uint64_t took_ms() const { return world.clock.now_ms - began_ms; }

    World world;
    Run run{world, config()};
    std::uint64_t began_ms = 0;
    int times_dead = 0;
};

}  // namespace

TEST_CASE("forgetting on a full card is life of the task that does it, however long it lasts") {
    Full full;
    full.slow_down([&full] { full.world.watch.came_round(Task::capture, full.world.clock.now_ms); });
    full.forget();
    CHECK(full.took_ms() > 2 * uplink_hangs_after_ms);
    CHECK(full.times_dead == 0);
}

TEST_CASE("while one task forgets, the other is found out when it hangs") {
    Full full;
    full.slow_down([] {});
    full.forget();
    CHECK(full.took_ms() > capture_hangs_after_ms);
    CHECK(full.times_dead > 0);
}

TEST_CASE("a card without an index that is put in again is read pack by pack, and both tasks wait for it alive") {
    Full full;
    full.world.storage.is_away = true;
    full.run.device->capture_step();
    for (auto file = full.world.storage.files.begin(); file != full.world.storage.files.end();) {
        const bool is_index = file->first.find("/index") != std::string::npos;
        file = is_index ? full.world.storage.files.erase(file) : std::next(file);
    }
    full.world.storage.is_away = false;
    full.world.clock.now_ms += 5'000;
    full.slow_down([] {});
    full.run.device->capture_step();
    CHECK(full.took_ms() > uplink_hangs_after_ms);
    CHECK(full.times_dead == 0);
    CHECK(full.run.device->queue().sealed_packs() >= packs);
}
