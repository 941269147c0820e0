#include "ascii.h"
#include "frameferry/http_client.h"

namespace frameferry {

namespace {

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!ascii::same_word(text.substr(0, prefix.size()), prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

bool parse_port(std::string_view digits, std::uint16_t& port) {
    std::uint64_t number = 0;
    if (!ascii::parse_number(digits, number) || number == 0 || number > UINT16_MAX) return false;
    port = static_cast<std::uint16_t>(number);
    return true;
}

// `host`, `host:port` or `[IPv6]:port`.
bool parse_authority(std::string_view text, Endpoint& endpoint) {
    const bool is_bracketed = !text.empty() && text.front() == '[';
    const std::size_t end = is_bracketed ? text.find(']') : text.find(':');
    endpoint.host = text.substr(is_bracketed ? 1 : 0, is_bracketed && end != std::string_view::npos ? end - 1 : end);
    if (is_bracketed && end == std::string_view::npos) return false;
    if (endpoint.host.empty() || endpoint.host.find_first_of("@ \\") != std::string_view::npos) return false;
    const std::size_t after = end == std::string_view::npos ? text.size() : end + (is_bracketed ? 1U : 0U);
    if (after == text.size()) return true;
    return text[after] == ':' && parse_port(text.substr(after + 1), endpoint.port);
}

}  // namespace

bool parse_url(std::string_view text, Url& url) {
    Url parsed;
    parsed.endpoint.uses_tls = take_prefix(text, "https://");
    if (!parsed.endpoint.uses_tls && !take_prefix(text, "http://")) return false;
    parsed.endpoint.port = parsed.endpoint.uses_tls ? 443 : 80;
    const std::size_t slash = text.find_first_of("/?#");
    if (!parse_authority(text.substr(0, slash), parsed.endpoint)) return false;
    parsed.path = slash == std::string_view::npos ? std::string_view{} : text.substr(slash);
    if (!parsed.path.empty() && parsed.path.front() != '/') return false;
    url = parsed;
    return true;
}

}  // namespace frameferry
