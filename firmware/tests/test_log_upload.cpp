// The command `upload_log`: what was written down when the owner asked goes up as events, a line each.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fakes/device_run.h"
#include "fakes/log_text.h"

using namespace frameferry;
using device_run::Run;
using device_run::World;

namespace {

const char* const command_id = "01KDD2G0EG000G40R40M30E209";

struct Paired {
    Paired() {
        REQUIRE(run.pair());
        run.drain();
    }
    void log(int lines) {
        for (int line = 0; line < lines; ++line) run.device->log().add("line", static_cast<std::uint64_t>(line));
    }
    void ask(const char* id = command_id, std::uint64_t for_ms = 62'000) {
        world.cloud.commands.push_back({id, "upload_log", ""});
        run.go_on(for_ms, false);
    }
    // By their time.
    [[nodiscard]] std::vector<std::string> told() const {
        std::vector<std::string> lines;
        for (const auto& [name, event] : world.cloud.events) {
            if (event.at("kind").text == "log") lines.push_back(event.at("message").text);
        }
        return lines;
    }
    [[nodiscard]] std::size_t others() const { return world.cloud.events.size() - told().size(); }

    World world;
    Run run{world};
};

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

}  // namespace

TEST_CASE("the whole log goes up, a line an event, in its order, and then the command is done") {
    Paired paired;
    paired.log(50);
    const std::vector<std::string> wanted = lines_of(log_text(paired.run.device->log()));
    paired.ask();
    CHECK(paired.told() == wanted);
    CHECK(wanted.size() > 50);
    CHECK(paired.world.cloud.acks[command_id] == "done");
    CHECK(paired.world.cloud.details[command_id] == std::to_string(wanted.size()) + " lines");
}

TEST_CASE("a full ring goes up, and its oldest lines have gone") {
    Paired paired;
    paired.log(500);
    paired.ask();
    CHECK(paired.told().size() == LogRing::line_count);
    CHECK(paired.world.cloud.details[command_id] == "64 lines");
}

TEST_CASE("lines that are asked for twice are the same events, also where the clock was put right by a little") {
    Paired paired;
    paired.log(10);
    paired.ask();
    const std::size_t once = paired.told().size();
    paired.world.cloud.commands.clear();
    paired.world.clock.utc_at_zero_ms += 2'000;
    paired.log(1);
    paired.ask("01KDD2G0EG000G40R40M30E210");
    const std::size_t added = paired.run.device->log().end() - once;
    CHECK(paired.world.cloud.acks["01KDD2G0EG000G40R40M30E210"] == "done");
    CHECK(paired.told().size() <= once + added);
    CHECK(paired.told().size() > once);
}

TEST_CASE("of two that are asked for at once each is done once") {
    Paired paired;
    paired.world.cloud.commands.push_back({"01KDD2G0EG000G40R40M30E210", "upload_log", ""});
    paired.ask(command_id, 130'000);
    CHECK(paired.world.cloud.acks.size() == 2);
    CHECK(paired.world.cloud.acks[command_id] == "done");
    CHECK(paired.world.cloud.acks["01KDD2G0EG000G40R40M30E210"] == "done");
}

TEST_CASE("a log on its way takes no other event's place, and photos and events go up beside it") {
    Paired paired;
    paired.log(60);
    const std::size_t before = paired.others();
    for (int event = 0; event < 30; ++event) paired.run.device->button_pressed(), paired.run.device->capture_step();
    paired.run.take(4);
    paired.ask();
    CHECK(paired.others() == before + 30);
    CHECK(paired.told().size() == LogRing::line_count);
    CHECK(paired.world.cloud.photos.size() >= 4);
}

TEST_CASE("a log whose syncs get no answer is told once it gets through, and each line once") {
    Paired paired;
    paired.log(40);
    paired.world.network.cut_every_bytes = 9'000;
    paired.ask(command_id, 1'800'000);
    paired.world.network.cut_every_bytes = 0;
    paired.run.go_on(600'000, false);
    CHECK(paired.world.cloud.acks[command_id] == "done");
    const std::vector<std::string> told = paired.told();
    for (int line = 0; line < 40; ++line) {
        int times = 0;
        const std::string wanted = " line " + std::to_string(line);
        for (const std::string& each : told) times += each.substr(each.find(' ')) == wanted ? 1 : 0;
        CHECK(times == 1);
    }
}

TEST_CASE("lines that are gone before they could be told are not waited for") {
    Paired paired;
    paired.log(40);
    paired.world.cloud.commands.push_back({command_id, "upload_log", ""});
    while (paired.run.device->uplink_step() == 0 && paired.told().empty()) {
    }
    paired.log(200);
    paired.run.go_on(62'000, false);
    CHECK(paired.world.cloud.acks[command_id] == "done");
    CHECK(paired.world.cloud.syncs.size() < 30);
}

TEST_CASE("a log that a restart cuts off has failed, and is said so") {
    Paired paired;
    paired.log(60);
    paired.world.cloud.commands.push_back({command_id, "upload_log", ""});
    while (paired.told().empty()) paired.world.clock.now_ms += paired.run.device->uplink_step();
    CHECK(paired.world.cloud.acks.count(command_id) == 0);
    Run next(paired.world);
    next.go_on(62'000, false);
    CHECK(paired.world.cloud.acks[command_id] == "failed");
}

TEST_CASE("a server that does not take the log gets everything else, and is told that it has failed") {
    Paired paired;
    paired.world.cloud.refused_words = {"\"kind\":\"log\""};
    paired.log(5);
    paired.run.take(4);
    paired.ask(command_id, 600'000);
    CHECK(paired.world.cloud.acks[command_id] == "failed");
    CHECK(paired.told().empty());
    CHECK(paired.world.cloud.photos.size() >= 4);
    CHECK(paired.run.device->is_drained());
}

TEST_CASE("nothing secret is in a log, and no line is longer than the protocol has it") {
    Paired paired;
    paired.run.go_on(600'000);
    paired.ask();
    REQUIRE_FALSE(paired.told().empty());
    for (const std::string& line : paired.told()) {
        CHECK(line.size() <= 200);
        for (const char* secret : {"devtok", "7ZK3M", "Signature", "batch="}) {
            CHECK(line.find(secret) == std::string::npos);
        }
    }
}
