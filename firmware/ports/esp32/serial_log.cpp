#include "esp32/serial_log.h"

#include <driver/usb_serial_jtag.h>
// Last: it defines macros of common words.
#include <Arduino.h>

namespace frameferry {
namespace {

// Not 0, with which the core waits for weeks: it counts down from there before it looks whether it has arrived at 0.
constexpr std::uint32_t computer_within_ms = 10;

void print(std::string_view text) { Serial.write(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()); }

}  // namespace

void SerialLog::begin() {
    Serial.begin(115200);
    Serial.setTxTimeoutMs(computer_within_ms);
}

void SerialLog::logged(std::string_view line) {
    print(line);
    print("\r\n");
}

void SerialLog::tell(const PortalAccess& access) {
    print("portal: network ");
    print(access.ssid);
    print("  password ");
    print(access.password);
    print("  http://192.168.4.1/\r\n");
}

bool SerialLog::is_watched() { return usb_serial_jtag_is_connected(); }

}  // namespace frameferry
