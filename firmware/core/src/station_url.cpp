#include "frameferry/station_url.h"

#include <algorithm>

namespace frameferry {
namespace {

bool is_of_a_path(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '/' || character == '-' || character == '_' ||
           character == '.';
}

}  // namespace

ApiUrl station_url(const Ipv4& address, std::uint16_t port, std::string_view path) {
    constexpr std::size_t longest_path = 63;
    if (path.empty()) path = "/api";
    const bool is_path =
        path.front() == '/' && path.size() <= longest_path && std::all_of(path.begin(), path.end(), is_of_a_path);
    if (!is_path || port == 0) return {};
    Text<15> host;
    for (const std::uint8_t part : address) host.append(host.empty() ? "" : ".").append_number(part);
    if (!is_private_host(host)) return {};
    ApiUrl url("http://");
    return url.append(host).append(':').append_number(port).append(path), url;
}

}  // namespace frameferry
