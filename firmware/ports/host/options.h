// The options of frameferry-device. But for faults, they and its exit codes are those of the station's simulated camera.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/fault_plan.h"

namespace frameferry {

struct Options {
    std::string api_url;
    std::string state_folder;
    std::string photo_folder;
    std::string code;
    std::string ca_file = "/etc/ssl/certs/ca-certificates.crt";
    std::uint32_t interval_ms = 0;  // 0: the owner's
    std::optional<std::uint32_t> count;
    std::uint16_t pack_captures = 20;
    std::uint64_t budget_bytes = std::uint64_t{1024} << 20U;
    std::vector<Fault> faults;
    std::uint32_t fault_seed = 1;
    bool newest_first = false;
    bool has_no_clock = false;
    bool sends_at_once = false;
    bool wants_help = false;
};

// Nothing where they make no sense: then it has said so on stderr.
std::optional<Options> parse_options(int count, char** words);
void print_help();

}  // namespace frameferry
