#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "fakes/log_text.h"
#include "fakes/memory_ports.h"
#include "frameferry/led.h"

using namespace frameferry;
using namespace memory_ports;

namespace {

constexpr int led_states = static_cast<int>(LedState::starting) + 1;

}  // namespace

TEST_CASE("every state has a rhythm of its own, and goes on and off by it") {
    std::set<std::vector<std::uint16_t>> rhythms;
    std::set<std::string> names;
    for (int state = 0; state < led_states; ++state) {
        const LedPattern pattern = led_pattern(static_cast<LedState>(state));
        REQUIRE(pattern.count % 2 == 0);
        rhythms.emplace(pattern.lengths_ms, pattern.lengths_ms + pattern.count);
        names.insert(led_state_name(static_cast<LedState>(state)));
        std::uint64_t at_ms = 1'000'000'000;
        std::uint64_t whole_ms = 0;
        for (std::size_t at = 0; at < pattern.count; ++at) whole_ms += pattern.lengths_ms[at];
        at_ms -= at_ms % whole_ms;
        for (std::size_t at = 0; at < pattern.count; ++at) {
            if (pattern.lengths_ms[at] == 0) continue;
            CHECK(led_is_on(pattern, at_ms) == (at % 2 == 0));
            CHECK(led_is_on(pattern, at_ms + pattern.lengths_ms[at] - 1) == (at % 2 == 0));
            at_ms += pattern.lengths_ms[at];
        }
    }
    CHECK(rhythms.size() == led_states);
    CHECK(names.size() == led_states);
}

TEST_CASE("lines are numbered from the boot on, and no two are of one millisecond") {
    ManualClock clock;
    CheckedMutex mutex;
    LogRing log(clock, mutex);
    LogRing::Told line;
    CHECK_FALSE(log.first_from(0, line));
    CHECK(log.end() == 0);
    log.add("boot:", "power_on");
    log.add("paired");
    clock.now_ms = 61'000;
    log.add("confirmed pack", 20);
    CHECK(log_text(log) == "1 boot: power_on\n1 paired\n61 confirmed pack 20\n");
    REQUIRE(log.first_from(1, line));
    CHECK(line.number == 1);
    CHECK(line.at_ms == 1'001);
    REQUIRE(log.first_from(2, line));
    CHECK(line.at_ms == 61'000);
    CHECK(log.end() == 3);
    CHECK_FALSE(log.first_from(3, line));
}

TEST_CASE("a log of any length keeps its last lines, and each has a bounded length") {
    ManualClock clock;
    CheckedMutex mutex;
    LogRing log(clock, mutex);
    for (std::uint64_t line = 0; line < 1'000; ++line) log.add(std::string(200, 'x'), line);
    CHECK(log_text(log).size() == LogRing::line_count * (LogRing::line_size + 1));
    LogRing::Told line;
    REQUIRE(log.first_from(3, line));
    CHECK(line.number == 1'000 - LogRing::line_count);
    log.add("tab\tand\nline");
    REQUIRE(log.first_from(1'000, line));
    CHECK(line.text.view() == "1 tab?and?line");
}
