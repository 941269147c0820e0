// The network fails at every byte of everything that is said, and in every other way: the queue drains, each photo is
// there once, and none leaves the card before a receipt that verifies.
#include <doctest/doctest.h>

#include <cstdlib>
#include <set>

#include "fakes/device_run.h"

using namespace frameferry;
using device_run::Run;
using device_run::World;
using fake_cloud::Answer;
using fake_cloud::Request;

namespace {

constexpr int photos = 6;

DeviceConfig config() {
    DeviceConfig made;
    made.limits.captures = 3;
    made.limits.pack_bytes = 16 << 10;
    return made;
}

// A device's life: it is paired, takes two packs of photos, is told to change its token, and says what happened.
void live(World& world) {
    world.cloud.commands.push_back({"01KDD2G0EG000G40R40M30E209", "rotate_token", ""});
    Run run(world, config());
    REQUIRE(run.pair());
    run.take(photos);
    REQUIRE(run.drain());
    REQUIRE(run.device->is_drained());
}

void check_promise(const World& world) {
    CHECK(world.cloud.photos.size() == photos);
    CHECK(world.cloud.doubled.empty());
    CHECK(world.removed_unproved.empty());
    CHECK_FALSE(world.network.had_two_at_once);
}

// All bytes where this runs without sanitizers (cmake/sweeps.cmake); else those around each boundary, and some of the
// others.
#ifdef FERRY_EVERY_BYTE
constexpr std::uint64_t step_bytes = 1;
#else
constexpr std::uint64_t step_bytes = 13;
#endif

std::set<std::uint64_t> places_to_cut(const World& uncut) {
    std::set<std::uint64_t> places;
    for (std::uint64_t at = 0; at < uncut.network.moved_bytes; at += step_bytes) places.insert(at);
    for (const std::uint64_t mark : uncut.network.marks) {
        for (std::uint64_t at = mark < 2 ? 0 : mark - 2; at <= mark + 2; ++at) places.insert(at);
    }
    return places;
}

void check_every_cut(NetStatus as) {
    World uncut;
    live(uncut);
    check_promise(uncut);
    for (const std::uint64_t at : places_to_cut(uncut)) {
        CAPTURE(at);
        World world;
        world.network.cut_at_byte = at;
        world.network.cut_as = as;
        live(world);
        check_promise(world);
    }
}

}  // namespace

TEST_CASE("a connection may be reset at any byte") { check_every_cut(NetStatus::reset); }

TEST_CASE("a connection may be closed in order at any byte, so that answers are truncated") {
    check_every_cut(NetStatus::closed);
}

TEST_CASE("a connection may stall at any byte") { check_every_cut(NetStatus::again); }

TEST_CASE("a network that breaks again and again drains the queue in the end") {
    for (const std::uint64_t every : {5'000U, 7'919U, 20'011U}) {
        CAPTURE(every);
        World world;
        world.network.cut_at_byte = every;
        world.network.cut_every_bytes = every;
        live(world);
        check_promise(world);
    }
}

TEST_CASE("a reset of the device after a cut at any boundary loses nothing") {
    World uncut;
    live(uncut);
    const std::set<std::uint64_t> marks(uncut.network.marks.begin(), uncut.network.marks.end());
    for (const std::uint64_t at : marks) {
        CAPTURE(at);
        World world;
        {
            Run run(world, config());
            REQUIRE(run.pair());
            run.take(photos);
            world.network.cut_at_byte = at;
            const std::uint64_t moved_before = world.network.moved_bytes;
            while (world.network.cut_at_byte != UINT64_MAX && !run.device->is_drained()) {
                world.clock.now_ms += std::min<std::uint32_t>(run.device->uplink_step(), 60'000);
            }
            CHECK(world.network.moved_bytes >= moved_before);
        }
        world.network.cut_at_byte = UINT64_MAX;
        Run run(world, config());
        REQUIRE(run.drain());
        check_promise(world);
    }
}

TEST_CASE("stale kept-alive connections cost a connection each, and nothing else") {
    World world;
    world.network.closes_after_each_answer = true;
    live(world);
    check_promise(world);
    CHECK(world.cloud.puts == 2);
}

TEST_CASE("names that are not found, refused connections and failed handshakes pass") {
    for (const NetStatus status : {NetStatus::no_address, NetStatus::refused, NetStatus::tls_failed,
                                   NetStatus::no_memory, NetStatus::timed_out}) {
        World world;
        int tries = 0;
        world.network.on_connect = [&](const Endpoint&) { return ++tries % 3 == 0 ? NetStatus::again : status; };
        live(world);
        check_promise(world);
    }
}

TEST_CASE("S3 may be out of reach for an hour while the API is not") {
    World world;
    world.network.on_connect = [&](const Endpoint& endpoint) {
        return endpoint.host == "s3.test" && world.clock.now_ms < 3'600'000 ? NetStatus::no_address : NetStatus::again;
    };
    Run run(world, config());
    REQUIRE(run.pair());
    run.take(photos);
    run.go_on(3'500'000, false);
    CHECK(world.cloud.photos.empty());
    // The owner's wishes still come through, and nobody is asked for places that cannot be used.
    CHECK(world.cloud.syncs.size() > 20);
    CHECK(world.cloud.syncs.size() < 130);
    REQUIRE(run.drain());
    check_promise(world);
}

TEST_CASE("a network that comes back ends the wait, and a code that is typed does too") {
    World world;
    world.network.on_connect = [](const Endpoint&) { return NetStatus::no_address; };
    Run run(world, config());
    REQUIRE(run.device->pairing_code("AAAA-BBBB"));
    run.go_on(3'600'000, false);
    world.network.on_connect = nullptr;
    REQUIRE(run.device->pairing_code("7ZK3M-Q9V1A"));
    run.go_on(1'000, false);
    CHECK(run.device->is_paired());
    run.take(photos);
    world.network.on_connect = [](const Endpoint&) { return NetStatus::no_address; };
    run.go_on(3'600'000, false);
    world.network.on_connect = nullptr;
    run.device->network_came_up();
    REQUIRE(run.drain(70'000));
    check_promise(world);
}

TEST_CASE("a captive portal that answers everything for an hour with a page is waited out") {
    World world;
    int pages = 0;
    world.network.instead = [&](const Request&) -> std::optional<Answer> {
        if (world.clock.now_ms > 3'600'000) return {};
        ++pages;
        return Answer{200, "<html><body>Welcome! <a href=login>Log in</a></body></html>",
                      {{"Content-Type", "text/html"}}};
    };
    Run run(world, config());
    REQUIRE(run.device->pairing_code("7ZK3M-Q9V1A"));
    run.go_on(3'700'000, false);
    REQUIRE(run.drain());
    CHECK(run.device->is_paired());
    CHECK(pages < 60);
    run.take(photos);
    REQUIRE(run.drain());
    check_promise(world);
}

TEST_CASE("a portal that comes between while packs go up deletes nothing") {
    World world;
    Run run(world, config());
    REQUIRE(run.pair());
    run.take(photos);
    int lies = 0;
    world.network.instead = [&](const Request& request) -> std::optional<Answer> {
        if (request.method != "PUT" || ++lies > 4) return {};
        return Answer{200, "<html>ok</html>", {}};
    };
    REQUIRE(run.drain());
    check_promise(world);
    CHECK(lies > 2);
}

TEST_CASE("a wrong Date before the first sync is put right by the API's own time") {
    World world;
    world.clock.set_utc_ms(1'600'000'000'000, ClockQuality::date);
    live(world);
    check_promise(world);
    const auto elapsed_ms = static_cast<std::int64_t>(world.clock.now_ms);
    const std::int64_t off_by_ms = world.clock.utc_ms() - fake_cloud::Cloud::utc_at_zero_ms - elapsed_ms;
    CHECK(std::abs(off_by_ms) < 1'000);
}
