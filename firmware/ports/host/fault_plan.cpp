#include "host/fault_plan.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace frameferry {
namespace {

struct Named {
    std::string_view name;
    FaultKind kind;
    bool has_bytes;
};

constexpr std::array<Named, 19> kinds{{{"read-error", FaultKind::read_error, false},
                                       {"write-error", FaultKind::write_error, false},
                                       {"write-short", FaultKind::write_short, false},
                                       {"sync-error", FaultKind::sync_error, false},
                                       {"no-space", FaultKind::no_space, false},
                                       {"read-only", FaultKind::read_only, false},
                                       {"no-card", FaultKind::no_card, false},
                                       {"value-error", FaultKind::value_error, false},
                                       {"kill", FaultKind::kill, false},
                                       {"kill-short", FaultKind::kill_short, false},
                                       {"refused", FaultKind::refused, false},
                                       {"no-name", FaultKind::no_name, false},
                                       {"connect-stall", FaultKind::connect_stall, false},
                                       {"tls-failed", FaultKind::tls_failed, false},
                                       {"drop-up", FaultKind::drop_up, true},
                                       {"drop-down", FaultKind::drop_down, true},
                                       {"stall-up", FaultKind::stall_up, true},
                                       {"stall-down", FaultKind::stall_down, true},
                                       {"no-picture", FaultKind::no_picture, false}}};

const Named& named(FaultKind kind) {
    return *std::find_if(kinds.begin(), kinds.end(), [kind](const Named& each) { return each.kind == kind; });
}

// A whole number of nothing but digits.
std::optional<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data(), end, number);
    return error == std::errc{} && last == end ? std::optional(number) : std::nullopt;
}

std::optional<std::uint64_t> positive(std::string_view text) {
    const std::optional<std::uint64_t> number = number_of(text);
    return number && *number != 0 ? number : std::nullopt;
}

bool take_when(std::string_view text, Fault& fault) {
    const std::size_t slash = text.find('/');
    const std::size_t dots = text.find("..");
    if (slash != std::string_view::npos) {
        const std::optional<std::uint64_t> one_in = positive(text.substr(slash + 1));
        fault.one_in = one_in.value_or(0);
        return text.substr(0, slash) == "1" && one_in;
    }
    const std::optional<std::uint64_t> first = positive(text.substr(0, dots));
    if (!first) return false;
    fault.first = fault.last = *first;
    if (dots == std::string_view::npos) return true;
    const std::string_view end = text.substr(dots + 2);
    const auto last = end.empty() ? std::numeric_limits<std::uint64_t>::max() : positive(end);
    fault.last = last.value_or(0);
    return fault.last >= fault.first;
}

std::string known_kinds() {
    std::string all;
    for (const Named& each : kinds) all += (all.empty() ? "" : ", ") + std::string(each.name);
    return all;
}

std::string complaint_of(std::string_view text, Fault& fault) {
    const std::string quoted = '"' + std::string(text) + "\": ";
    const std::size_t at = text.find('@');
    const std::string_view what = text.substr(0, at);
    const std::size_t colon = what.find(':');
    const std::string_view name = what.substr(0, colon);
    const auto is_it = [name](const Named& each) { return each.name == name; };
    const auto* found = std::find_if(kinds.begin(), kinds.end(), is_it);
    if (found == kinds.end()) return quoted + "no such fault; there are " + known_kinds();
    fault.kind = found->kind;
    if (found->has_bytes != (colon != std::string_view::npos)) {
        return quoted + (found->has_bytes ? "after how many bytes? As in drop-up:5000@2" : "no bytes belong to it");
    }
    if (found->has_bytes) {
        const std::optional<std::uint64_t> bytes = number_of(what.substr(colon + 1));
        if (!bytes) return quoted + "that is no number of bytes";
        fault.after_bytes = *bytes;
    }
    const bool has_when = at != std::string_view::npos && take_when(text.substr(at + 1), fault);
    return has_when ? "" : quoted + "when? As in @3, @3..5, @3.. or @1/20";
}

// splitmix64: the same numbers with every library.
std::uint64_t mixed(std::uint64_t number) {
    number += 0x9E3779B97F4A7C15U;
    number = (number ^ (number >> 30U)) * 0xBF58476D1CE4E5B9U;
    number = (number ^ (number >> 27U)) * 0x94D049BB133111EBU;
    return number ^ (number >> 31U);
}

}  // namespace

std::optional<std::vector<Fault>> parse_faults(std::string_view spec, std::string& complaint) {
    std::vector<Fault> faults;
    for (std::string_view left = spec;;) {
        const std::size_t comma = left.find(',');
        Fault fault;
        complaint = complaint_of(left.substr(0, comma), fault);
        if (!complaint.empty()) return std::nullopt;
        faults.push_back(fault);
        if (comma == std::string_view::npos) return faults;
        left.remove_prefix(comma + 1);
    }
}

FaultPlan::FaultPlan(const std::vector<Fault>& faults, std::uint64_t seed, Listener listener,
                     std::function<void()> end_process)
    : seed_(seed), listener_(std::move(listener)), end_process_(std::move(end_process)) {
    for (const Fault& fault : faults) faults_.push_back({fault, 0});
}

const Fault* FaultPlan::strike(FaultKind kind) {
    const std::lock_guard lock(mutex_);
    const Fault* struck = nullptr;
    for (std::size_t at = 0; at < faults_.size(); ++at) {
        if (faults_[at].fault.kind != kind) continue;
        ++faults_[at].occasions;
        if (struck == nullptr && is_due(at)) struck = &faults_[at].fault;
    }
    if (struck != nullptr) listener_(named(kind).name);
    return struck;
}

bool FaultPlan::is_due(std::size_t at) const {
    const auto& [fault, occasions] = faults_[at];
    if (fault.one_in == 0) return fault.first <= occasions && occasions <= fault.last;
    return mixed(mixed(seed_ + at) + occasions) % fault.one_in == 0;
}

}  // namespace frameferry
