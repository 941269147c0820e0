#include "frameferry/wifi_networks.h"

#include <algorithm>

#include "frameferry/kept_values.h"

namespace frameferry {
namespace {

constexpr std::string_view key = "wifi";
constexpr std::uint8_t format = 1;
constexpr std::size_t record_bytes = 512;  // five times 98, and a few

bool is_printable(char character) { return character >= ' ' && character <= '~'; }

bool is_hex(char character) {
    return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'f') ||
           (character >= 'A' && character <= 'F');
}

bool is_password(std::string_view password) {
    if (password.empty()) return true;
    if (password.size() == 64) return std::all_of(password.begin(), password.end(), is_hex);
    return password.size() >= 8 && password.size() <= 63 && std::all_of(password.begin(), password.end(), is_printable);
}

}  // namespace

bool is_possible(std::string_view ssid, std::string_view password) {
    const bool has_nul = ssid.find('\0') != std::string_view::npos;
    return !ssid.empty() && ssid.size() <= 32 && !has_nul && is_password(password);
}

void WifiNetworks::load() {
    std::array<std::uint8_t, record_bytes> room{};
    RecordReader record(room);
    const KeyValue::Found found = record.get(values_, key, format);
    was_broken_ = found == KeyValue::Found::broken;
    count_ = 0;
    if (found != KeyValue::Found::value) return;
    const std::uint64_t kept = record.number(1);
    for (std::uint64_t at = 0; at < kept && at < most; ++at) {
        WifiNetwork& network = networks_[count_];
        network.ssid = Text<32>(record.text());
        network.password = Text<64>(record.text());
        if (is_possible(network.ssid, network.password)) ++count_;
    }
    was_broken_ = !record.is_whole();
    if (was_broken_) count_ = 0;
}

bool WifiNetworks::add(std::string_view ssid, std::string_view password) {
    if (!is_possible(ssid, password)) return false;
    const WifiNetwork network{ssid, password};
    remove(network.ssid);
    insert_first(network);
    return true;
}

void WifiNetworks::insert_first(const WifiNetwork& network) {
    count_ = std::min(count_ + 1, most);
    std::move_backward(networks_.begin(), networks_.begin() + static_cast<std::ptrdiff_t>(count_ - 1),
                       networks_.begin() + static_cast<std::ptrdiff_t>(count_));
    networks_[0] = network;
}

void WifiNetworks::remove(std::string_view ssid) {
    const auto end = networks_.begin() + static_cast<std::ptrdiff_t>(count_);
    const auto left = std::remove_if(networks_.begin(), end, [&](const WifiNetwork& it) { return it.ssid == ssid; });
    count_ = static_cast<std::size_t>(left - networks_.begin());
}

bool WifiNetworks::keep() {
    std::array<std::uint8_t, record_bytes> room{};
    RecordWriter record(room, format);
    record.number(count_, 1);
    for (std::size_t at = 0; at < count_; ++at) record.text(networks_[at].ssid).text(networks_[at].password);
    return record.put(values_, key);
}

WifiRounds::Step WifiRounds::next(std::uint64_t now_ms, std::size_t networks) const {
    if (networks == 0) return {false, 0, longest_wait_ms};
    if (now_ms < not_before_ms_) return {false, 0, static_cast<std::uint32_t>(not_before_ms_ - now_ms)};
    return {true, at_ % networks, 0};
}

void WifiRounds::joined(std::size_t network) {
    at_ = network;
    tried_ = 0;
    wait_ms_ = first_wait_ms;
    not_before_ms_ = 0;
}

void WifiRounds::failed(std::uint64_t now_ms, std::size_t networks) {
    at_ = networks == 0 ? 0 : (at_ + 1) % networks;
    if (++tried_ < networks) return;
    tried_ = 0;
    not_before_ms_ = now_ms + wait_ms_;
    wait_ms_ = std::min(wait_ms_ * 2, longest_wait_ms);
}

void WifiRounds::lost(std::uint64_t now_ms) {
    tried_ = 0;
    not_before_ms_ = now_ms;
}

}  // namespace frameferry
