#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "host/options.h"

using namespace frameferry;

namespace {

std::optional<Options> parsed(std::vector<std::string> words) {
    words.insert(words.begin(), "frameferry-device");
    std::vector<char*> raw;
    for (std::string& word : words) raw.push_back(word.data());
    return parse_options(static_cast<int>(raw.size()), raw.data());
}

std::optional<Options> parsed_with(const std::vector<std::string>& more) {
    std::vector<std::string> words{"--api", "http://127.0.0.1/api", "--state", "a", "--photos", "b"};
    words.insert(words.end(), more.begin(), more.end());
    return parsed(words);
}

}  // namespace

TEST_CASE("what is not given has the station's defaults") {
    const std::optional<Options> options = parsed_with({});
    REQUIRE(options);
    CHECK(options->api_url == "http://127.0.0.1/api");
    CHECK(options->state_folder == "a");
    CHECK(options->photo_folder == "b");
    CHECK(options->code.empty());
    CHECK(options->interval_ms == 0);
    CHECK_FALSE(options->count.has_value());
    CHECK(options->pack_captures == 20);
    CHECK(options->budget_bytes == 1'073'741'824);
    CHECK_FALSE(options->newest_first);
    CHECK_FALSE(options->has_no_clock);
}

TEST_CASE("what is given is taken") {
    const std::optional<Options> options = parsed_with(
        {"--interval", "0.05", "--count", "0", "--pack-captures", "3", "--budget-mb", "2", "--newest-first", "--no-clock",
         "--code", "ABCDE-FGHJK", "--ca", "ca.pem", "--at-once", "--faults", "kill@9,drop-up:10@1/2", "--fault-seed", "0"});
    REQUIRE(options);
    CHECK(options->interval_ms == 50);
    CHECK(options->count == 0U);
    CHECK(options->pack_captures == 3);
    CHECK(options->budget_bytes == 2U << 20U);
    CHECK(options->newest_first);
    CHECK(options->has_no_clock);
    CHECK(options->sends_at_once);
    CHECK(options->code == "ABCDE-FGHJK");
    CHECK(options->ca_file == "ca.pem");
    REQUIRE(options->faults.size() == 2);
    CHECK(options->faults.at(1).after_bytes == 10);
    CHECK(options->fault_seed == 0);
}

TEST_CASE("options that make no sense are refused") {
    CHECK_FALSE(parsed({}));
    CHECK_FALSE(parsed({"--api", "http://127.0.0.1/api", "--state", "a"}));
    const std::vector<std::vector<std::string>> bad = {{"--interval", "0"},      {"--interval", "nan"},
                                                       {"--interval", "x"},      {"--interval", "1e9"},
                                                       {"--count", "-1"},        {"--count", "1.5"},
                                                       {"--pack-captures", "0"}, {"--pack-captures", "101"},
                                                       {"--budget-mb", "0"},     {"--code"},
                                                       {"--unknown"},            {"word"},
                                                       {"--faults", "none@1"},   {"--fault-seed", "x"}};
    for (const std::vector<std::string>& words : bad) {
        CAPTURE(words.front());
        CHECK_FALSE(parsed_with(words));
    }
}

TEST_CASE("who asks for help needs nothing else") {
    const std::optional<Options> options = parsed({"--help"});
    REQUIRE(options);
    CHECK(options->wants_help);
}
