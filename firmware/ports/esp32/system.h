// What the chip itself has that the core needs: locks, noise, time, and why it has started.
#pragma once

#include <freertos/FreeRTOS.h>
#include <freertos/semphr.h>

#include <cstddef>
#include <cstdint>

#include "frameferry/bytes.h"
#include "frameferry/ports.h"

namespace frameferry {

class BoardMutex final : public Mutex {
public:
    BoardMutex() : handle_(xSemaphoreCreateMutexStatic(&room_)) {}
    void lock() override { xSemaphoreTake(handle_, portMAX_DELAY); }
    bool try_lock(std::uint32_t within_ms) override { return xSemaphoreTake(handle_, pdMS_TO_TICKS(within_ms)) == pdTRUE; }
    void unlock() override { xSemaphoreGive(handle_); }

private:
    StaticSemaphore_t room_{};
    SemaphoreHandle_t handle_;
};

// True randomness only while the radio or the noise source of the boot loader runs: start Wi-Fi first.
class BoardEntropy final : public Entropy {
public:
    void fill(Room room) override;
};

// There is one.
class BoardClock final : public Clock {
public:
    std::uint64_t monotonic_ms() override;
    std::int64_t utc_ms() override;
    ClockQuality quality() override;
    std::uint32_t drift_ms() override;
    void set_utc_ms(std::int64_t utc_ms, ClockQuality quality) override;

    // There is a network: NTP sets it as soon as it answers, and every three hours from then on. Without this nothing
    // would ask before that wait is over, which stands still while the board sleeps. One thread.
    static void ask_ntp();
    // The board has slept for so long, by its own clock. One thread.
    static void slept(std::uint64_t for_ms);
};

[[nodiscard]] const char* reset_reason_name();

// Memory for what lives for ever: outside where there is PSRAM (8 MB), else nullptr.
[[nodiscard]] void* external_memory(std::size_t bytes);

// Whether TLS can begin: 64 KB of internal memory, 20 KB of it in one piece; with its buffers there already, what a
// handshake takes besides.
[[nodiscard]] bool has_memory_for_tls(bool has_buffers);

}  // namespace frameferry
