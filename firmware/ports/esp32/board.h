// The board as a whole: the core's device, what it stands on, and the three tasks that drive it.
#pragma once

#include <freertos/FreeRTOS.h>
#include <freertos/task.h>

#include <atomic>
#include <cstdint>

#include "esp32/camera.h"
#include "esp32/card_storage.h"
#include "esp32/health.h"
#include "esp32/nvs_values.h"
#include "esp32/panel.h"
#include "esp32/portal_server.h"
#include "esp32/serial_log.h"
#include "esp32/system.h"
#include "esp32/wifi.h"
#include "frameferry/device.h"
#include "frameferry/kept_values.h"
#include "frameferry/motion.h"
#include "frameferry/portal_device.h"
#include "frameferry/task_watch.h"
#include "frameferry/watched_transport.h"
#include "frameferry/wifi_networks.h"
#include "posix/tls_transport.h"

namespace frameferry {

// Lives for ever, in internal memory.
class Board final : private Actions {
public:
    // `memory` as of `make_device_memory`.
    explicit Board(const DeviceMemory& memory);

    // Starts everything. Does not come back where the board cannot work at all.
    void begin();

private:
    // While a task has something in its hands the board does not sleep.
    class Working;

    void reboot() override;
    bool open_portal() override;

    static void capture_task(void* board);
    static void uplink_task(void* board);
    static void panel_task(void* board);
    void start_tasks();
    std::uint32_t capture();
    void look_for_motion(std::uint64_t now_ms);
    std::uint32_t uplink();
    void tend(std::uint64_t now_ms);
    void tend_network(std::uint64_t now_ms);
    void tend_buttons(std::uint64_t now_ms);
    void network_came(std::uint64_t now_ms);
    void find_a_station(std::uint64_t now_ms);
    void sleep_if_idle(std::uint64_t now_ms);
    void sleep_for(std::uint32_t ms);
    void run_portal();
    void serve(const Portal& portal, PortalServer& server);
    void restart();
    void feed_watchdog();
    [[nodiscard]] LedState light();

    NvsValues nvs_;
    BoardMutex queue_mutex_;
    BoardMutex capture_mutex_;
    BoardMutex state_mutex_;
    BoardMutex values_mutex_;
    BoardMutex log_mutex_;
    LockedValues values_{nvs_, values_mutex_};
    BoardClock clock_;
    BoardEntropy entropy_;
    CardStorage card_;
    TlsTransport transport_;
    TaskWatch watch_;
    WatchedTransport watched_transport_{transport_, clock_, watch_, TaskWatch::Task::uplink};
    BoardCamera camera_;
    BoardHealth health_;
    SerialLog serial_;
    Wifi wifi_;
    WifiNetworks networks_{values_};
    Panel panel_;
    Device device_;
    KeptForNextStart kept_{device_, values_};
    MotionEye eye_;

    TaskHandle_t capture_handle_ = nullptr;
    TaskHandle_t uplink_handle_ = nullptr;
    std::atomic<int> working_{0};
    std::atomic<std::uint32_t> capture_due_ms_{0};  // of the clock's lower 32 bits
    std::atomic<bool> is_portal_wanted_{false};
    bool was_joined_ = false;
    std::uint32_t network_due_ms_ = 0;
    std::uint64_t looked_at_ms_ = 0;
    std::uint64_t searched_at_ms_ = 0;
};

}  // namespace frameferry
