#include "esp32/system.h"

#include <esp_heap_caps.h>
#include <esp_netif_sntp.h>
#include <esp_random.h>
#include <esp_system.h>
#include <esp_timer.h>
#include <sys/time.h>

#include <atomic>

#include "frameferry/clock_drift.h"

namespace frameferry {

namespace {

// Awake: the crystal of 40 MHz. Asleep: the RC oscillator of 136 kHz, which is measured against it before each sleep,
// but over ten of its periods only, and while the chip is warm: some per cent at the worst (docs/firmware-core.md).
constexpr ClockDrift::Rates rates{20, 50'000};

// SNTP's callback has no argument of ours.
std::atomic<ClockQuality> known{ClockQuality::never_set};
ClockDrift drift{rates};

std::uint64_t uptime_ms() { return static_cast<std::uint64_t>(esp_timer_get_time()) / 1000; }

void was_set(ClockQuality quality) {
    drift.was_set(uptime_ms());
    known.store(quality);
}

}  // namespace

void BoardEntropy::fill(Room room) { esp_fill_random(room.data, room.size); }

// Goes on through light sleep: esp_timer is corrected by the RTC's clock.
std::uint64_t BoardClock::monotonic_ms() { return uptime_ms(); }

std::int64_t BoardClock::utc_ms() {
    if (quality() == ClockQuality::never_set) return 0;  // what the RTC has kept through a reset is nobody's word
    timeval now{};
    gettimeofday(&now, nullptr);
    return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_usec / 1000;
}

ClockQuality BoardClock::quality() { return known.load(); }

std::uint32_t BoardClock::drift_ms() { return drift.ms(uptime_ms()); }

void BoardClock::set_utc_ms(std::int64_t utc_ms, ClockQuality quality) {
    const timeval time{static_cast<time_t>(utc_ms / 1000), static_cast<suseconds_t>(utc_ms % 1000 * 1000)};
    settimeofday(&time, nullptr);
    was_set(quality);
}

void BoardClock::slept(std::uint64_t for_ms) { drift.slept(for_ms); }

void BoardClock::ask_ntp() {
    static bool is_begun = false;
    if (is_begun) {
        esp_netif_sntp_start();  // anew
        return;
    }
    is_begun = true;
    esp_sntp_config_t config = ESP_NETIF_SNTP_DEFAULT_CONFIG("pool.ntp.org");
    config.wait_for_sync = false;
    config.sync_cb = [](timeval*) { was_set(ClockQuality::ntp); };  // after the clock was set
    esp_netif_sntp_init(&config);
}

const char* reset_reason_name() {
    switch (esp_reset_reason()) {
        case ESP_RST_POWERON: return "power_on";
        case ESP_RST_SW: return "software";
        case ESP_RST_PANIC: return "panic";
        case ESP_RST_INT_WDT:
        case ESP_RST_TASK_WDT:
        case ESP_RST_WDT: return "watchdog";
        case ESP_RST_DEEPSLEEP: return "deep_sleep";
        case ESP_RST_BROWNOUT: return "brownout";
        case ESP_RST_EXT: return "pin";
        default: return "unknown";
    }
}

void* external_memory(std::size_t bytes) { return heap_caps_calloc(1, bytes, MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT); }

bool has_memory_for_tls(bool has_buffers) {
    constexpr std::uint32_t internal = MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT;
    const std::size_t free_bytes = heap_caps_get_free_size(internal);
    if (has_buffers) return free_bytes >= 20'000;
    return free_bytes >= 64'000 && heap_caps_get_largest_free_block(internal) >= 20'000;
}

}  // namespace frameferry
