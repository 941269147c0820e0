// All lines of a log, each ended by a line end.
#pragma once

#include <string>

#include "frameferry/log_ring.h"

inline std::string log_text(frameferry::LogRing& log) {
    std::string all;
    frameferry::LogRing::Told line;
    for (std::uint32_t next = 0; log.first_from(next, line); next = line.number + 1) {
        all.append(line.text.view()).append("\n");
    }
    return all;
}
