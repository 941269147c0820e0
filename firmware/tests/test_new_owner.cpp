// A device that is paired anew, perhaps by somebody else: what it has of the owner before reaches nobody.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "fakes/device_run.h"
#include "fakes/log_text.h"

using namespace frameferry;
using device_run::Run;
using device_run::World;
using fake_cloud::Answer;
using fake_cloud::Request;

namespace {

const char* const command_id = "01KDD2G0EG000G40R40M30E209";
const char* const rotation_id = "01KDD2G0EG000G40R40M30E210";

// Answers the first code, as an owner's before the cloud's own: another device id, another token, a pause.
Answer first_activation() {
    return {200,
            R"({"device_id":"11111111-7d4a-4c55-9a0e-2f6b1d9c8e70","device_token":"devtok_before",)"
            R"("settings":{"interval_s":30,"paused":true},"settings_version":1,"next_seq":0,)"
            R"("server_time":"2025-12-26T10:15:30.000Z",)"
            R"("receipt_keys":{"r1":"Kay64UG8yvCyLhqU000LxzYeUm0L/hLIl5S8kyKWbdc="}})",
            {{"Content-Type", "application/json"}}};
}

// To whatever a sync says.
Answer commands(const Request& request, const std::string& list) {
    const JsonTree body = parse_json(request.body);
    const auto as_many = [&](const char* part, const std::string& each) {
        std::string text;
        if (!body.has(part)) return text;
        for (std::size_t left = body.at(part).elements.size(); left != 0; --left) text += (text.empty() ? "" : ",") + each;
        return ",\"" + std::string(part) + "\":[" + text + "]";
    };
    return {200,
            R"({"server_time":"2025-12-26T10:16:30.000Z","settings_version":1,"commands":[)" + list + "]" +
                as_many("events", "\"accepted\"") + as_many("acks", "\"done\"") + as_many("objects", "{}") + "}",
            {{"Content-Type", "application/json"}}};
}

std::string command(const std::string& id, const std::string& kind) {
    return R"({"command_id":")" + id + R"(","kind":")" + kind + R"(","created_at":"2025-12-26T10:16:00.000Z"})";
}

struct Before {
    // Is paired by somebody, and goes without a network from then on.
    void pair(Run& run) {
        bool is_paired = false;
        world.network.instead = [&](const Request& request) -> std::optional<Answer> {
            if (request.target == "/api/devices/activate") {
                is_paired = true;
                return first_activation();
            }
            return Answer{503, "{}", {}};
        };
        REQUIRE(run.device->pairing_code("AAAAAAAAAA"));
        for (int steps = 0; steps < 10 && !is_paired; ++steps) run.device->uplink_step();
        REQUIRE(run.device->is_paired());
    }
    // Anything of it in what the cloud was told.
    [[nodiscard]] bool was_told(const std::string& word) const {
        return std::any_of(world.network.requests.begin(), world.network.requests.end(), [&](const Request& request) {
            return request.header("x-device-token") == world.cloud.valid_token &&
                   request.body.find(word) != std::string::npos;
        });
    }
    World world;
};

}  // namespace

TEST_CASE("a new owner is told no event of the one before") {
    Before before;
    Run run(before.world);
    before.pair(run);
    run.device->button_pressed();
    run.go_on(5'000);
    before.world.camera.is_dead = true;
    run.device->log().add("what the one before has seen");
    before.world.network.instead = nullptr;
    REQUIRE(run.pair());
    REQUIRE(run.drain());
    CHECK(before.world.cloud.events.empty());
    CHECK(log_text(run.device->log()).find("the one before") == std::string::npos);
}

TEST_CASE("a new owner is told no event of the one before after a reboot either, at whatever write the power goes") {
    for (int cut = 1; cut < 90; ++cut) {
        Before before;
        {
            Run run(before.world);
            before.pair(run);
            run.go_on(2'000);
            before.world.network.instead = nullptr;
            before.world.values.cut_after_write = before.world.values.writes + cut;
            try {
                run.pair();
            } catch (const memory_ports::PowerCut&) {
            }
            before.world.values.cut_after_write = 0;
        }
        before.world.clock.now_ms += 1'000'000;
        Run run(before.world);
        REQUIRE(run.pair());
        REQUIRE(run.drain());
        for (const auto& event : before.world.cloud.events) {
            CHECK_MESSAGE(event.second.at("kind").text == "boot", "cut ", cut, ": ", event.first);
        }
        CHECK(before.world.cloud.events.size() <= 1);
        CHECK_FALSE(run.device->is_paused());
    }
}

TEST_CASE("no command of the owner before is carried out or told to a new one") {
    Before before;
    Run run(before.world);
    before.pair(run);
    std::string list;
    SUBCASE("the token") { list = command(rotation_id, "rotate_token"); }
    SUBCASE("the log") { list = command(command_id, "upload_log"); }
    SUBCASE("one that is done") { list = command(command_id, "capture_now"); }
    before.world.network.instead = [&](const Request& request) -> std::optional<Answer> {
        if (request.target != "/api/devices/sync") return Answer{503, "{}", {}};
        return commands(request, list);
    };
    before.world.clock.now_ms += 600'000;
    const std::size_t said = before.world.network.requests.size();
    for (int steps = 0; steps < 100 && before.world.network.requests.size() == said; ++steps) {
        before.world.clock.now_ms += 1'000;
        run.device->uplink_step();
    }
    REQUIRE(before.world.network.requests.back().target == "/api/devices/sync");
    before.world.network.instead = nullptr;
    REQUIRE(run.pair());
    run.go_on(180'000, false);
    CHECK(before.world.cloud.acks.empty());
    CHECK_FALSE(before.was_told(command_id));
    CHECK_FALSE(before.was_told("\"log\""));
    CHECK(before.world.cloud.pending_token.empty());
}

TEST_CASE("no pack of the owner before is named to a new one, not even one that was sent") {
    Before before;
    Run run(before.world);
    before.pair(run);
    run.take(3);
    run.go_on(1'000);
    before.world.network.instead = nullptr;
    REQUIRE(run.pair());
    REQUIRE(run.drain());
    CHECK(before.world.cloud.photos.empty());
    CHECK_FALSE(before.was_told("first_seq"));
}

TEST_CASE("where events cannot be got rid of the device is not paired, until they can") {
    Before before;
    Run run(before.world);
    before.pair(run);
    run.go_on(5'000);
    before.world.network.instead = nullptr;
    before.world.values.cannot_erase = true;
    REQUIRE(run.device->pairing_code("7zk3m-q9v1a"));
    for (int steps = 0; steps < 10; ++steps) {
        before.world.clock.now_ms += 60'000;
        run.device->uplink_step();
    }
    CHECK(before.world.cloud.activations > 1);
    CHECK(run.device->identity().identity().device_id == "11111111-7d4a-4c55-9a0e-2f6b1d9c8e70");
    before.world.values.cannot_erase = false;
    run.go_on(600'000, false);
    CHECK(run.device->identity().identity().device_id == fake_cloud::Cloud::device_id);
}

TEST_CASE("a device that is paired again as the same one tells what it has to tell, and ends what it was asked") {
    World world;
    Run run(world);
    REQUIRE(run.pair());
    REQUIRE(run.drain());
    world.network.close();
    world.network.on_connect = [](const Endpoint&) { return NetStatus::no_address; };
    world.camera.is_dead = true;
    run.go_on(61'000);
    world.network.on_connect = nullptr;
    world.cloud.pairing_code = "BBBBBBBBBB";
    REQUIRE(run.device->pairing_code("BBBBBBBBBB"));
    REQUIRE(run.drain());
    CHECK(world.cloud.activations == 2);
    const auto is_error = [](const auto& told) { return told.first.rfind("error ", 0) == 0; };
    CHECK(std::any_of(world.cloud.events.begin(), world.cloud.events.end(), is_error));
}
