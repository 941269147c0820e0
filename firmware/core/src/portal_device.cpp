#include "frameferry/portal_device.h"

#include <array>

#include "frameferry/http_client.h"
#include "frameferry/kept_values.h"

namespace frameferry {
namespace {

constexpr std::string_view code_key = "portal_code";
constexpr std::uint8_t code_format = 1;
using CodeRecord = std::array<std::uint8_t, 64>;

}  // namespace

bool KeptForNextStart::keep_pairing_code(std::string_view code) {
    CodeRecord room{};
    return RecordWriter(room, code_format).text(pairing_code_of(code)).put(values_, code_key);
}

void KeptForNextStart::hand_over_code() {
    Url server;
    if (!parse_url(device_.api_url(), server)) return;  // whose code it is, is not known yet
    CodeRecord room{};
    RecordReader record(room);
    const KeyValue::Found found = record.get(values_, code_key, code_format);
    if (found == KeyValue::Found::nothing) return;
    const std::string_view code = found == KeyValue::Found::value ? record.text() : std::string_view{};
    // What cannot be read, or is no code, is of no use at the next start either.
    if (pairing_code_of(code).empty() || device_.pairing_code(code)) values_.erase(code_key);
}

}  // namespace frameferry
