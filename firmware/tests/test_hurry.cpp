// Somebody waits for what there is to be sent.
#include <doctest/doctest.h>

#include "fakes/device_run.h"

using namespace frameferry;
using device_run::Run;
using device_run::World;

namespace {

// A device whose link has failed once, while somebody was waiting: its photo is sent, and the receipt to be asked for.
struct Failed {
    Failed() {
        REQUIRE(run.pair());
        run.drain();
        // The next periodic sync is a minute away then.
        for (const std::size_t before = syncs(); syncs() == before;) run.go_on(100, false);
        run.take(1);
        world.network.on_connect = [this](const Endpoint& endpoint) {
            const bool is_receipts = world.cloud.puts != 0 && endpoint.host == "api.test";
            return is_receipts ? NetStatus::refused : NetStatus::again;
        };
        run.device->send_now();
        while (run.device->link_state() != LinkState::failing) run.go_on(100, false);
        world.network.on_connect = nullptr;
        failed_at_ms = world.clock.now_ms;
    }
    [[nodiscard]] std::size_t syncs() const { return world.cloud.syncs.size(); }
    [[nodiscard]] std::uint64_t took_ms() const { return world.clock.now_ms - failed_at_ms; }

    World world;
    Run run{world};
    std::uint64_t failed_at_ms = 0;
};

}  // namespace

TEST_CASE("who still waits after a failure is heard when the wait is over, not with the next periodic sync") {
    Failed failed;
    while (!failed.run.device->is_drained() && failed.took_ms() < 300'000) {
        failed.run.device->send_now();
        failed.run.go_on(500, false);
    }
    CHECK(failed.run.device->is_drained());
    CHECK(failed.took_ms() < 10'000);
}

TEST_CASE("a wait after a failure is not cut short by who hurries") {
    Failed failed;
    int tries = 0;
    failed.world.network.on_connect = [&tries](const Endpoint&) { return ++tries, NetStatus::refused; };
    while (failed.took_ms() < 120'000) {
        failed.run.device->send_now();
        failed.run.go_on(100, false);
    }
    CHECK(tries > 2);
    CHECK(tries < 40);
}
