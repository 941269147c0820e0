// Looks for a station in the network (mDNS).
#pragma once

#include "frameferry/station_url.h"

namespace frameferry {

// Blocks for three seconds at most. Empty where none is found.
[[nodiscard]] ApiUrl find_station();

}  // namespace frameferry
