#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fakes/memory_ports.h"
#include "frameferry/wifi_networks.h"

using frameferry::is_possible;
using frameferry::WifiNetworks;
using frameferry::WifiRounds;
using memory_ports::MemoryValues;

namespace {

std::vector<std::string> names(const WifiNetworks& networks) {
    std::vector<std::string> found;
    for (std::size_t at = 0; at < networks.count(); ++at) found.emplace_back(networks[at].ssid.view());
    return found;
}

}  // namespace

TEST_CASE("a network has a name of 1 to 32 bytes and a password that WPA takes") {
    CHECK(is_possible("Garden", "12345678"));
    CHECK(is_possible("Garden", ""));
    CHECK(is_possible("Garden", std::string(63, 'x')));
    CHECK(is_possible("Garden", std::string(64, 'f')));
    CHECK(is_possible(std::string(32, '\xc3'), "12345678"));
    CHECK_FALSE(is_possible("", "12345678"));
    CHECK_FALSE(is_possible(std::string(33, 'x'), "12345678"));
    CHECK_FALSE(is_possible(std::string("a\0b", 3), "12345678"));
    CHECK_FALSE(is_possible("Garden", "1234567"));
    CHECK_FALSE(is_possible("Garden", std::string(64, 'x')));
    CHECK_FALSE(is_possible("Garden", "12345678\xc3\xa9"));
}

TEST_CASE("what was kept is there after a restart, the last one added first") {
    MemoryValues values;
    WifiNetworks networks(values);
    networks.load();
    CHECK(networks.count() == 0);
    CHECK(networks.add("Home", "home-password"));
    CHECK(networks.add("Phone", "phone-password"));
    CHECK(networks.keep());

    WifiNetworks again(values);
    again.load();
    CHECK(names(again) == std::vector<std::string>{"Phone", "Home"});
    CHECK(again[1].password == "home-password");
    CHECK_FALSE(again.was_broken());
}

TEST_CASE("a network that is added again has its new password, and is the first") {
    MemoryValues values;
    WifiNetworks networks(values);
    networks.add("Home", "old-password");
    networks.add("Phone", "phone-password");
    networks.add("Home", "new-password");
    CHECK(names(networks) == std::vector<std::string>{"Home", "Phone"});
    CHECK(networks[0].password == "new-password");
}

TEST_CASE("of six networks the oldest goes; one that is removed leaves no hole") {
    MemoryValues values;
    WifiNetworks networks(values);
    for (const char* name : {"a", "b", "c", "d", "e", "f"}) CHECK(networks.add(name, "12345678"));
    CHECK(names(networks) == std::vector<std::string>{"f", "e", "d", "c", "b"});
    networks.remove("d");
    networks.remove("nobody");
    CHECK(names(networks) == std::vector<std::string>{"f", "e", "c", "b"});
}

TEST_CASE("an impossible network is not added, and pushes none out") {
    MemoryValues values;
    WifiNetworks networks(values);
    networks.add("Home", "12345678");
    CHECK_FALSE(networks.add("Phone", "short"));
    CHECK(names(networks) == std::vector<std::string>{"Home"});
}

TEST_CASE("five networks of the longest names and passwords can be kept") {
    MemoryValues values;
    WifiNetworks networks(values);
    for (const char last : {'1', '2', '3', '4', '5'}) networks.add(std::string(31, 'n') + last, std::string(64, 'f'));
    CHECK(networks.keep());
    WifiNetworks again(values);
    again.load();
    CHECK(again.count() == 5);
    CHECK(again[0].password.size() == 64);
}

TEST_CASE("a list that cannot be read is empty and says so") {
    MemoryValues values;
    WifiNetworks networks(values);
    networks.add("Home", "12345678");
    networks.keep();
    values.values.at("wifi").front() ^= 1U;
    WifiNetworks again(values);
    again.load();
    CHECK(again.was_broken());
    CHECK(again.count() == 0);
}

TEST_CASE("a list that cannot be kept says so") {
    MemoryValues values;
    values.is_full = true;
    WifiNetworks networks(values);
    networks.add("Home", "12345678");
    CHECK_FALSE(networks.keep());
}

TEST_CASE("without a network there is nothing to join") {
    const WifiRounds rounds;
    CHECK_FALSE(rounds.next(0, 0).is_join);
    CHECK(rounds.next(0, 0).wait_ms == WifiRounds::longest_wait_ms);
}

TEST_CASE("each network has its turn, then it waits, longer each time up to a minute") {
    WifiRounds rounds;
    std::uint64_t now_ms = 1'000;
    std::uint32_t expected_ms = WifiRounds::first_wait_ms;
    for (int round = 0; round < 8; ++round) {
        for (std::size_t network = 0; network < 3; ++network) {
            const WifiRounds::Step step = rounds.next(now_ms, 3);
            CHECK(step.is_join);
            CHECK(step.network == network);
            rounds.failed(now_ms, 3);
        }
        const WifiRounds::Step rest = rounds.next(now_ms, 3);
        CHECK_FALSE(rest.is_join);
        CHECK(rest.wait_ms == expected_ms);
        now_ms += rest.wait_ms;
        expected_ms = expected_ms * 2 < WifiRounds::longest_wait_ms ? expected_ms * 2 : WifiRounds::longest_wait_ms;
    }
    CHECK(expected_ms == WifiRounds::longest_wait_ms);
}

TEST_CASE("a network that broke is tried again at once, and the others after it") {
    WifiRounds rounds;
    rounds.failed(0, 2);
    rounds.joined(1);
    rounds.lost(500'000);
    CHECK(rounds.next(500'000, 2).is_join);
    CHECK(rounds.next(500'000, 2).network == 1);
    rounds.failed(500'000, 2);
    CHECK(rounds.next(500'000, 2).network == 0);
}

TEST_CASE("after a success the waits are short again") {
    WifiRounds rounds;
    for (int round = 0; round < 10; ++round) rounds.failed(0, 1);
    rounds.joined(0);
    rounds.lost(9'000);
    rounds.failed(9'000, 1);
    CHECK(rounds.next(9'000, 1).wait_ms == WifiRounds::first_wait_ms);
}

TEST_CASE("a list that has become shorter names no network beyond it") {
    WifiRounds rounds;
    rounds.joined(4);
    rounds.lost(0);
    CHECK(rounds.next(0, 2).network < 2);
}
