// The URL of a station that was found in the network.
#pragma once

#include <cstdint>
#include <string_view>

#include "frameferry/api_address.h"
#include "frameferry/captive_dns.h"

namespace frameferry {

constexpr const char* station_service = "_frameferry";  // over _tcp (RFC 6763); `path` in its TXT record: see below
constexpr std::string_view station_path_key = "path";

// `path` is what its TXT record says; "/api" where it says nothing. Empty where that is none, and where the address is
// not of a private network.
[[nodiscard]] ApiUrl station_url(const Ipv4& address, std::uint16_t port, std::string_view path);

}  // namespace frameferry
