#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "host/fault_plan.h"

using namespace frameferry;

namespace {

std::string complaint_of(const std::string& spec) {
    std::string complaint;
    const bool is_taken = parse_faults(spec, complaint).has_value();
    CHECK(is_taken == complaint.empty());
    return complaint;
}

// On which of the first occasions it strikes.
std::vector<int> struck(const std::string& spec, FaultKind kind, std::uint64_t seed = 1, int occasions = 20) {
    std::string complaint;
    FaultPlan plan(parse_faults(spec, complaint).value(), seed, [](std::string_view) {}, [] {});
    std::vector<int> all;
    for (int occasion = 1; occasion <= occasions; ++occasion) {
        if (plan.strikes(kind)) all.push_back(occasion);
    }
    return all;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a fault strikes on the occasions that are named, and no other kind does") {
    CHECK(struck("read-error@3", FaultKind::read_error) == std::vector<int>{3});
    CHECK(struck("read-error@3..5", FaultKind::read_error) == std::vector<int>{3, 4, 5});
    CHECK(struck("read-error@18..", FaultKind::read_error) == std::vector<int>{18, 19, 20});
    CHECK(struck("read-error@2,read-error@7", FaultKind::read_error) == std::vector<int>{2, 7});
    CHECK(struck("read-error@1..", FaultKind::write_error).empty());
}

TEST_CASE("by chance it strikes about as often as it is said to, and with one seed always on the same occasions") {
    const std::vector<int> once = struck("refused@1/10", FaultKind::refused, 7, 10'000);
    CHECK(once.size() > 800);
    CHECK(once.size() < 1'200);
    CHECK(once == struck("refused@1/10", FaultKind::refused, 7, 10'000));
    CHECK(once != struck("refused@1/10", FaultKind::refused, 8, 10'000));
    CHECK(struck("refused@1/1", FaultKind::refused, 7, 5) == std::vector<int>{1, 2, 3, 4, 5});
}

TEST_CASE("two faults of a plan have chances of their own") {
    const auto one = struck("refused@1/2,no-name@1/2", FaultKind::refused, 1, 200);
    CHECK(one != struck("refused@1/2,no-name@1/2", FaultKind::no_name, 1, 200));
}

TEST_CASE("a drop says after how many bytes") {
    std::string complaint;
    const auto faults = parse_faults("drop-up:5000@2,stall-down:0@1..", complaint);
    REQUIRE(faults);
    REQUIRE(faults->size() == 2);
    CHECK(faults->at(0).kind == FaultKind::drop_up);
    CHECK(faults->at(0).after_bytes == 5000);
    CHECK(faults->at(1).after_bytes == 0);
}

TEST_CASE("who strikes is told") {
    std::string complaint;
    std::vector<std::string> told;
    FaultPlan plan(parse_faults("no-space@2", complaint).value(), 1,
                   [&](std::string_view name) { told.emplace_back(name); }, [] {});
    CHECK_FALSE(plan.strikes(FaultKind::no_space));
    CHECK(told.empty());
    CHECK(plan.strikes(FaultKind::no_space));
    CHECK(told == std::vector<std::string>{"no-space"});
}

TEST_CASE("what is no fault is refused, and the complaint says which and why") {
    CHECK(complaint_of("read-error@1,kill@1/50,drop-down:0@2..9,stall-up:1@3..").empty());
    CHECK(has(complaint_of("read-eror@1"), "\"read-eror@1\": no such fault; there are read-error, "));
    CHECK(has(complaint_of("refused@1,"), "\"\": no such fault"));
    CHECK(has(complaint_of(""), "no such fault"));
    CHECK(has(complaint_of("drop-up@2"), "\"drop-up@2\": after how many bytes?"));
    CHECK(has(complaint_of("drop-up:@2"), "no number of bytes"));
    CHECK(has(complaint_of("drop-up:-5@2"), "no number of bytes"));
    CHECK(has(complaint_of("refused:5@2"), "no bytes belong to it"));
    for (const std::string when : {"", "@", "@0", "@x", "@3x", "@5..3", "@..3", "@0..", "@2/3", "@1/0", "@1/", "@/4"}) {
        CAPTURE(when);
        CHECK(has(complaint_of("refused" + when), "when? As in @3"));
    }
}
