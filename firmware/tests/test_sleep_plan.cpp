#include <doctest/doctest.h>

#include <initializer_list>

#include "fakes/device_run.h"
#include "frameferry/sleep_plan.h"

using frameferry::LedState;
using frameferry::sleep_ms;
using frameferry::SleepFacts;

namespace {

SleepFacts in_the_woods() {
    SleepFacts facts;
    facts.now_ms = 10'000'000;
    facts.led = LedState::no_network;
    facts.capture_due_ms = 30'000;
    facts.network_due_ms = 60'000;
    return facts;
}

}  // namespace

TEST_CASE("without a network it sleeps until a second before the next photo") {
    CHECK(sleep_ms(in_the_woods()) == 29'000);
}

TEST_CASE("it wakes to look for a network") {
    SleepFacts facts = in_the_woods();
    facts.network_due_ms = 7'000;
    CHECK(sleep_ms(facts) == 7'000);
}

TEST_CASE("it sleeps through a pause, a minute at a time") {
    SleepFacts facts = in_the_woods();
    facts.led = LedState::paused;
    facts.capture_due_ms = 3'600'000;
    facts.network_due_ms = 3'600'000;
    CHECK(sleep_ms(facts) == 60'000);
}

TEST_CASE("a device that is paused and far from any network lets its board sleep") {
    device_run::World world;
    device_run::Run run(world);
    REQUIRE(run.pair());
    REQUIRE(run.device->button_pressed());
    SleepFacts facts = in_the_woods();
    facts.capture_due_ms = run.device->capture_step();
    facts.led = run.device->led_state();
    CHECK(facts.led == LedState::paused);
    CHECK(sleep_ms(facts) == 60'000);
}

TEST_CASE("it stays awake where something is done, watched or told") {
    const auto changed = [](auto change) {
        SleepFacts facts = in_the_woods();
        change(facts);
        return sleep_ms(facts);
    };
    CHECK(changed([](SleepFacts& facts) { facts.has_network = true; }) == 0);
    CHECK(changed([](SleepFacts& facts) { facts.is_working = true; }) == 0);
    CHECK(changed([](SleepFacts& facts) { facts.is_button_down = true; }) == 0);
    CHECK(changed([](SleepFacts& facts) { facts.wants_motion = true; }) == 0);
    CHECK(changed([](SleepFacts& facts) { facts.is_watched = true; }) == 0);
    CHECK(changed([](SleepFacts& facts) { facts.now_ms = 119'999; }) == 0);
    CHECK(changed([](SleepFacts& facts) { facts.now_ms = 120'000; }) != 0);
}

TEST_CASE("a state that its owner must see keeps it awake") {
    for (const LedState led : {LedState::fault, LedState::portal, LedState::not_paired, LedState::refused,
                               LedState::draining, LedState::ready, LedState::starting}) {
        SleepFacts facts = in_the_woods();
        facts.led = led;
        CHECK(sleep_ms(facts) == 0);
    }
}

TEST_CASE("a nap of less than two seconds is none") {
    SleepFacts facts = in_the_woods();
    facts.capture_due_ms = 2'999;
    CHECK(sleep_ms(facts) == 0);
    facts.capture_due_ms = 3'000;
    CHECK(sleep_ms(facts) == 2'000);
    facts.capture_due_ms = 0;
    CHECK(sleep_ms(facts) == 0);
    facts = in_the_woods();
    facts.network_due_ms = 1'999;
    CHECK(sleep_ms(facts) == 0);
}
