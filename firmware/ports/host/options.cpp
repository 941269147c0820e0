#include "host/options.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace frameferry {
namespace {

constexpr double most_pack_captures = 100;
constexpr double longest_interval_s = 86'400;
constexpr double largest_budget_mb = 1e6;
constexpr double largest_seed = std::numeric_limits<std::uint32_t>::max();
constexpr double largest_count = std::numeric_limits<std::uint32_t>::max();

// More than 0 and at most so much. Nothing where it is no number.
std::optional<double> positive(const char* text, double most) {
    char* end = nullptr;
    const double number = std::strtod(text, &end);
    const bool is_number = end != text && *end == '\0' && std::isfinite(number);
    return is_number && number > 0 && number <= most ? std::optional(number) : std::nullopt;
}

std::optional<double> positive_whole(const char* text, double most) {
    const std::optional<double> number = positive(text, most);
    return number && std::floor(*number) == *number ? number : std::nullopt;
}

std::optional<double> whole(const char* text, double most) {
    return std::strcmp(text, "0") == 0 ? std::optional(0.0) : positive_whole(text, most);
}

bool take_number(Options& options, const char* name, const char* value) {
    const auto is = [name](const char* other) { return std::strcmp(name, other) == 0; };
    std::optional<double> number;
    if (is("--interval") && (number = positive(value, longest_interval_s))) {
        options.interval_ms = static_cast<std::uint32_t>(std::max(1.0, *number * 1000));
    } else if (is("--count") && (number = whole(value, largest_count))) {
        options.count = static_cast<std::uint32_t>(*number);
    } else if (is("--pack-captures") && (number = positive_whole(value, most_pack_captures))) {
        options.pack_captures = static_cast<std::uint16_t>(*number);
    } else if (is("--budget-mb") && (number = positive_whole(value, largest_budget_mb))) {
        options.budget_bytes = static_cast<std::uint64_t>(*number) << 20U;
    } else if (is("--fault-seed") && (number = whole(value, largest_seed))) {
        options.fault_seed = static_cast<std::uint32_t>(*number);
    }
    return number.has_value();
}

bool take_flag(Options& options, const char* name) {
    const auto is = [name](const char* other) { return std::strcmp(name, other) == 0; };
    if (is("--newest-first")) return options.newest_first = true;
    if (is("--at-once")) return options.sends_at_once = true;
    if (is("--no-clock")) return options.has_no_clock = true;
    if (is("--help") || is("-h")) return options.wants_help = true;
    return false;
}

bool take_faults(Options& options, const char* spec, std::string& complaint) {
    const std::optional<std::vector<Fault>> faults = parse_faults(spec, complaint);
    if (faults) options.faults = *faults;
    return faults.has_value();
}

bool take_value(Options& options, const char* name, const char* value, std::string& complaint) {
    struct Named {
        const char* name;
        std::string Options::*text;
    };
    constexpr std::array<Named, 5> texts = {{{"--api", &Options::api_url},
                                             {"--state", &Options::state_folder},
                                             {"--photos", &Options::photo_folder},
                                             {"--code", &Options::code},
                                             {"--ca", &Options::ca_file}}};
    for (const Named& named : texts) {
        if (std::strcmp(name, named.name) != 0) continue;
        options.*named.text = value;
        return true;
    }
    if (std::strcmp(name, "--faults") == 0) return take_faults(options, value, complaint);
    return take_number(options, name, value);
}

}  // namespace

std::optional<Options> parse_options(int count, char** words) {
    Options options;
    std::string complaint;
    for (int at = 1; at < count; ++at) {
        if (take_flag(options, words[at])) continue;
        if (at + 1 < count && take_value(options, words[at], words[at + 1], complaint)) {
            ++at;
            continue;
        }
        if (complaint.empty()) complaint = "no such option, or not with this value; see --help";
        std::fprintf(stderr, "frameferry-device: %s: %s\n", words[at], complaint.c_str());
        return std::nullopt;
    }
    const bool is_complete = !options.api_url.empty() && !options.state_folder.empty() && !options.photo_folder.empty();
    if (is_complete || options.wants_help) return options;
    std::fprintf(stderr, "frameferry-device: --api, --state and --photos are needed; see --help\n");
    return std::nullopt;
}

void print_help() {
    std::puts(
        "frameferry-device: a camera's firmware on this machine. Prints a JSON object a line for each step.\n"
        "  --api URL          the API with its stage: https://host/api\n"
        "  --state DIR        identity and queue; for one device at a time\n"
        "  --photos DIR       send the JPEGs of DIR, over and over\n"
        "  --code CODE        the owner's pairing code; without it the identity in DIR is used\n"
        "  --interval S       seconds between photos, instead of the owner's setting\n"
        "  --count N          end when N photos were taken, 0 or more, and all that was queued is confirmed\n"
        "  --ca FILE          whom to trust, as PEM (this machine's authorities)\n"
        "  --pack-captures N  photos in a full pack, 1 to 100 (20)\n"
        "  --budget-mb MB     most that is queued (1024)\n"
        "  --newest-first     whatever the owner set\n"
        "  --at-once          no photo waits for the next sync or for a pack to fill\n"
        "  --no-clock         begin without knowing the time, as a board does\n"
        "  --faults SPEC      what goes wrong, and when: write-error@3,drop-up:5000@1/4 (docs/firmware-core.md)\n"
        "  --fault-seed N     which of them, where it is by chance (1)\n"
        "Ends with 0 when it is told to stop or --count is done, with 1 when the cloud refuses the code or the\n"
        "credential, with 2 for options that make no sense, with 137 where a fault has killed it.");
}

}  // namespace frameferry
