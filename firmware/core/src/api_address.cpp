#include "frameferry/api_address.h"

#include <array>

namespace frameferry {
namespace {

char lower(char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}

bool ends_with(std::string_view text, std::string_view end) {
    if (text.size() < end.size()) return false;
    const std::string_view tail = text.substr(text.size() - end.size());
    for (std::size_t at = 0; at < end.size(); ++at) {
        if (lower(tail[at]) != end[at]) return false;
    }
    return true;
}

bool parse_ipv4(std::string_view text, std::array<unsigned, 4>& bytes) {
    std::size_t at = 0;
    for (std::size_t byte = 0; byte < 4; ++byte) {
        if (byte != 0 && (at >= text.size() || text[at++] != '.')) return false;
        const std::size_t begin = at;
        bytes[byte] = 0;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9' && at - begin < 3) {
            bytes[byte] = bytes[byte] * 10 + static_cast<unsigned>(text[at++] - '0');
        }
        // A leading zero is octal to some resolvers: then it would be another host.
        const bool is_ambiguous = at - begin > 1 && text[begin] == '0';
        if (at == begin || bytes[byte] > 255 || is_ambiguous) return false;
    }
    return at == text.size();
}

bool is_private_ipv4(const std::array<unsigned, 4>& ip) {
    return ip[0] == 10 || ip[0] == 127 || (ip[0] == 172 && ip[1] >= 16 && ip[1] < 32) ||
           (ip[0] == 192 && ip[1] == 168) || (ip[0] == 169 && ip[1] == 254);
}

// fc00::/7, fe80::/10 and ::1. The first group must be whole: "fc::1" is 00fc::1, a public address.
bool is_private_ipv6(std::string_view text) {
    if (text == "::1") return true;
    if (text.find(':') != 4) return false;
    const char first = lower(text[0]);
    const char second = lower(text[1]);
    const char third = lower(text[2]);
    if (first != 'f') return false;
    const bool is_link_local = second == 'e' && std::string_view("89ab").find(third) != std::string_view::npos;
    return second == 'c' || second == 'd' || is_link_local;
}

}  // namespace

bool is_private_host(std::string_view host) {
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    std::array<unsigned, 4> ip{};
    if (parse_ipv4(host, ip)) return is_private_ipv4(ip);
    if (host.find(':') != std::string_view::npos) return is_private_ipv6(host);
    return (host.size() > 6 && ends_with(host, ".local")) || (host.size() == 9 && ends_with(host, "localhost"));
}

bool is_allowed(const Endpoint& endpoint, bool allow_plain_http) {
    return endpoint.uses_tls || (allow_plain_http && is_private_host(endpoint.host));
}

ApiUrl origin_of(const Url& url) {
    ApiUrl origin(url.endpoint.uses_tls ? "https://" : "http://");
    for (const char character : url.endpoint.host) origin.append(lower(character));
    return origin.append(':').append_number(url.endpoint.port);
}

}  // namespace frameferry
