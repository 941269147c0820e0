// The portal's DNS: every name is the portal, so that a phone that looks for the internet finds it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "frameferry/bytes.h"

namespace frameferry {

using Ipv4 = std::array<std::uint8_t, 4>;

constexpr std::size_t dns_packet_bytes = 512;  // RFC 1035 section 4.2.1

// The answer to one question: the address for A, no record for any other type, so that nobody waits for IPv6. 0 bytes
// where the packet is no question (RFC 1035): it is dropped. The reply has room for `dns_packet_bytes`.
[[nodiscard]] std::size_t answer_dns(Bytes query, const Ipv4& address, Room reply);

}  // namespace frameferry
