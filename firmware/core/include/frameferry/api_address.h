// Where the API is, and whether a device may talk to it there.
#pragma once

#include <string_view>

#include "frameferry/bytes.h"
#include "frameferry/http_client.h"
#include "frameferry/ports.h"

namespace frameferry {

using ApiUrl = Text<191>;  // complete, with its stage: https://host/api

// An address that no router of the internet forwards (RFC 1918, RFC 3927, RFC 4193, loopback), or a name of the local
// link (RFC 6762).
[[nodiscard]] bool is_private_host(std::string_view host);
// TLS, or a build that allows plain HTTP and a host of the private network.
[[nodiscard]] bool is_allowed(const Endpoint& endpoint, bool allow_plain_http);

// Whose identity counts: scheme, host and port.
[[nodiscard]] ApiUrl origin_of(const Url& url);

}  // namespace frameferry
