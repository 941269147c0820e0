#include <doctest/doctest.h>

#include "frameferry/wifi_joiner.h"
#include "frameferry/wifi_link.h"

using frameferry::WifiJoiner;
using frameferry::WifiLink;
using frameferry::WifiRounds;
using Link = frameferry::WifiJoiner::Link;
using Step = frameferry::WifiJoiner::Step;
using What = frameferry::WifiJoiner::Step::What;

namespace {

constexpr Link nothing_yet{};
constexpr Link address{true, false};
constexpr Link failure{false, true};

bool joins(const Step& step, std::size_t network) { return step.what == What::join && step.network == network; }

}  // namespace

TEST_CASE("it joins a network, and stays as long as that stands") {
    WifiJoiner joiner;
    CHECK(joins(joiner.step(0, 1, nothing_yet), 0));
    CHECK(joiner.is_joining());
    CHECK(joiner.step(5'000, 1, nothing_yet).what == What::nothing);
    CHECK(joiner.step(6'000, 1, address).what == What::nothing);
    CHECK_FALSE(joiner.is_joining());
    for (std::uint64_t now_ms = 7'000; now_ms < 10'000'000; now_ms += 60'000) {
        CHECK(joiner.step(now_ms, 1, address).what == What::nothing);
    }
}

TEST_CASE("a network that says no is left at once, and the next one is tried") {
    WifiJoiner joiner;
    CHECK(joins(joiner.step(0, 2, nothing_yet), 0));
    CHECK(joiner.step(500, 2, failure).what == What::leave);
    CHECK(joins(joiner.step(510, 2, nothing_yet), 1));
    CHECK(joiner.step(520, 2, failure).what == What::leave);
    const Step rest = joiner.step(530, 2, nothing_yet);
    CHECK(rest.what == What::nothing);
    CHECK(rest.wait_ms > 0);
    CHECK(rest.wait_ms <= WifiRounds::first_wait_ms);
}

TEST_CASE("a network that gives no address is left in the end") {
    WifiJoiner joiner;
    joiner.step(1'000, 1, nothing_yet);
    CHECK(joiner.step(20'999, 1, nothing_yet).what == What::nothing);
    CHECK(joiner.step(21'000, 1, nothing_yet).what == What::leave);
    CHECK_FALSE(joiner.is_joining());
}

TEST_CASE("a network that breaks is joined again in the same step") {
    WifiJoiner joiner;
    joiner.step(0, 2, nothing_yet);
    joiner.step(100, 2, failure);
    joiner.step(110, 2, nothing_yet);
    joiner.step(3'000, 2, address);
    CHECK(joins(joiner.step(900'000, 2, failure), 1));
}

TEST_CASE("an address that comes with the last moment counts") {
    WifiJoiner joiner;
    joiner.step(0, 1, nothing_yet);
    CHECK(joiner.step(25'000, 1, address).what == What::nothing);
    CHECK(joiner.step(26'000, 1, address).what == What::nothing);
}

TEST_CASE("without a network it waits") {
    WifiJoiner joiner;
    CHECK(joiner.step(0, 0, nothing_yet).what == What::nothing);
    CHECK(joiner.step(0, 0, nothing_yet).wait_ms == WifiRounds::longest_wait_ms);
}

TEST_CASE("after the radio was off it begins anew") {
    WifiJoiner joiner;
    joiner.step(0, 1, nothing_yet);
    joiner.stopped();
    CHECK_FALSE(joiner.is_joining());
    CHECK(joins(joiner.step(1'000, 1, nothing_yet), 0));
}

TEST_CASE("an access point that says that it leaves is joined again, as one that just falls silent") {
    for (void (WifiLink::*end)() : {&WifiLink::ended, &WifiLink::failed}) {
        WifiJoiner joiner;
        WifiLink link;
        joiner.step(0, 1, link.state());
        link.joins();
        link.got_address();
        CHECK(joiner.step(1'000, 1, link.state()).what == What::nothing);
        (link.*end)();
        CHECK_FALSE(link.has_address());
        CHECK(joins(joiner.step(900'000, 1, link.state()), 0));
    }
}

TEST_CASE("the end of a network that was left, told late, does not end the joining of the next one") {
    WifiJoiner joiner;
    WifiLink link;
    joiner.step(0, 2, link.state());
    link.joins();
    CHECK(joiner.step(25'000, 2, link.state()).what == What::leave);
    link.leaves();
    CHECK(joins(joiner.step(25'010, 2, link.state()), 1));
    link.joins();
    link.ended();
    CHECK(joiner.step(25'020, 2, link.state()).what == What::nothing);
    CHECK(joiner.is_joining());
    link.got_address();
    joiner.step(26'000, 2, link.state());
    CHECK_FALSE(joiner.is_joining());
    CHECK(link.has_address());
}
