#include <doctest/doctest.h>

#include <vector>

#include "frameferry/button.h"

using frameferry::Button;
using Event = frameferry::Button::Event;

namespace {

// Samples every 10 ms for so long; what was told besides `none`.
struct Hand {
    Button button{5'000};
    std::uint64_t now_ms = 0;

    std::vector<Event> hold(bool is_down, std::uint32_t for_ms) {
        std::vector<Event> told;
        for (std::uint32_t passed = 0; passed < for_ms; passed += 10, now_ms += 10) {
            const Event event = button.sample(now_ms, is_down);
            if (event != Event::none) told.push_back(event);
        }
        return told;
    }
};

}  // namespace

TEST_CASE("a press is told once") {
    Hand hand;
    CHECK(hand.hold(false, 100).empty());
    CHECK(hand.hold(true, 500) == std::vector{Event::pressed});
    CHECK(hand.button.is_down());
    CHECK(hand.hold(false, 500).empty());
    CHECK(hand.hold(true, 500) == std::vector{Event::pressed});
}

TEST_CASE("contacts that bounce are one press") {
    Hand hand;
    hand.hold(false, 100);
    for (int bounce = 0; bounce < 5; ++bounce) {
        CHECK(hand.hold(true, 20).empty());
        CHECK(hand.hold(false, 10).empty());
    }
    CHECK(hand.hold(true, 100) == std::vector{Event::pressed});
    for (int bounce = 0; bounce < 5; ++bounce) {
        CHECK(hand.hold(false, 20).empty());
        CHECK(hand.hold(true, 10).empty());
    }
    CHECK(hand.hold(false, 100).empty());
}

TEST_CASE("a spark on the wire is no press") {
    Hand hand;
    hand.hold(false, 100);
    CHECK(hand.hold(true, 20).empty());
    CHECK(hand.hold(false, 100).empty());
}

TEST_CASE("held for five seconds is told once, and a new press begins anew") {
    Hand hand;
    hand.hold(false, 100);
    CHECK(hand.hold(true, 4'900) == std::vector{Event::pressed});
    CHECK(hand.hold(true, 60'000) == std::vector{Event::held});
    hand.hold(false, 100);
    CHECK(hand.hold(true, 6'000) == std::vector{Event::pressed, Event::held});
}

TEST_CASE("a pin that is down when the device starts is neither pressed nor held until it was let go") {
    Hand hand;
    CHECK(hand.hold(true, 10'000).empty());
    CHECK(hand.hold(false, 100).empty());
    CHECK(hand.hold(true, 100) == std::vector{Event::pressed});
}
