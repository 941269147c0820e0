#include "frameferry/backoff.h"

#include <doctest/doctest.h>

#include "fakes/memory_ports.h"

using namespace frameferry;
using memory_ports::SeededEntropy;

TEST_CASE("the bound of a wait doubles from two seconds to five minutes and begins anew after a success") {
    SeededEntropy entropy;
    Backoff backoff;
    for (const std::uint32_t bound_s : {2, 4, 8, 16, 32, 64, 128, 256, 300, 300}) {
        const std::uint32_t bound_ms = bound_s * 1'000;
        CHECK(backoff.bound_ms() == bound_ms);
        CHECK(backoff.failed(entropy) <= bound_ms);
    }
    backoff.succeeded();
    CHECK(backoff.bound_ms() == 2'000);
    CHECK_FALSE(backoff.is_failing());
}

TEST_CASE("five hundred failures in a row keep the bound") {
    SeededEntropy entropy;
    Backoff backoff;
    for (int failures = 0; failures < 500; ++failures) CHECK(backoff.failed(entropy) <= 300'000);
    CHECK(backoff.bound_ms() == 300'000);
}

TEST_CASE("waits use the whole range up to the bound") {
    SeededEntropy entropy;
    std::uint32_t least_ms = UINT32_MAX;
    std::uint32_t most_ms = 0;
    for (int tries = 0; tries < 2'000; ++tries) {
        Backoff backoff;
        const std::uint32_t wait_ms = backoff.failed(entropy);
        least_ms = std::min(least_ms, wait_ms);
        most_ms = std::max(most_ms, wait_ms);
    }
    CHECK(least_ms < 20);
    CHECK(most_ms > 1'980);
    CHECK(most_ms <= 2'000);
}

TEST_CASE("a Retry-After is the least wait, up to ten minutes of it") {
    SeededEntropy entropy;
    Backoff backoff;
    CHECK(backoff.failed(entropy, 90'000) == 90'000);
    CHECK(backoff.failed(entropy, 3'600'000) == 600'000);
}

TEST_CASE("a lane rests after a failure, and a success ends that") {
    SeededEntropy entropy;
    Lane lane;
    CHECK(lane.rests_for_ms(1'000) == 0);
    lane.failed(entropy, 1'000, 5'000);
    CHECK(lane.is_failing());
    CHECK(lane.rests_for_ms(1'000) == 5'000);
    CHECK(lane.rests_for_ms(5'999) == 1);
    CHECK(lane.rests_for_ms(6'000) == 0);
    CHECK(lane.is_failing());
    lane.stop_resting();
    CHECK(lane.rests_for_ms(1'000) == 5'000);  // the server asked for it
    lane.succeeded();
    CHECK_FALSE(lane.is_failing());
    entropy.constant = 1;
    lane.failed(entropy, 1'000);
    CHECK(lane.rests_for_ms(1'000) != 0);
    lane.stop_resting();
    CHECK(lane.rests_for_ms(1'000) == 0);
    CHECK(lane.is_failing());
}
