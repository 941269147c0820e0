#include "esp32/board.h"

#include <esp_mac.h>
#include <esp_sleep.h>
#include <esp_system.h>
#include <esp_task_wdt.h>

#include <algorithm>
#include <array>

#include "esp32/station_finder.h"
#include "esp32/trusted_roots.h"
#include "frameferry/lock.h"
#include "frameferry/sleep_plan.h"

#ifndef FERRY_API_URL
#define FERRY_API_URL ""
#endif
#ifndef FERRY_VERSION
#define FERRY_VERSION "unknown"
#endif
#ifndef FERRY_PLAIN_HTTP
#define FERRY_PLAIN_HTTP 0
#endif
#ifndef FERRY_LIGHT_SLEEP
#define FERRY_LIGHT_SLEEP 1
#endif

namespace frameferry {
namespace {

constexpr bool allow_plain_http = FERRY_PLAIN_HTTP != 0;
constexpr BaseType_t core = 1;  // core 0 is the radio's
constexpr std::uint32_t capture_stack_bytes = 8'192;
constexpr std::uint32_t uplink_stack_bytes = 12'288;  // a handshake takes most of it
constexpr std::uint32_t panel_stack_bytes = 10'240;  // the portal, on top of NVS
constexpr std::uint32_t longest_wait_ms = 1'000;
constexpr std::uint32_t look_every_ms = 1'000;  // for motion: a frame takes some hundred milliseconds to decode
constexpr std::uint32_t panel_every_ms = 10;
constexpr std::uint32_t search_every_ms = 60'000;
constexpr std::uint32_t watchdog_ms = 60'000;
constexpr std::uint32_t feed_every_ms = 1'000;

// docs/firmware.md has the budget of internal memory; on the host, pointers are larger.
static_assert(sizeof(void*) != 4 || sizeof(Board) <= 60'000);

DeviceConfig config() {
    DeviceConfig config;
    config.api_url = FERRY_API_URL;
    config.firmware_version = "esp32s3/" FERRY_VERSION;
    config.reset_reason = reset_reason_name();
    config.allow_plain_http = allow_plain_http;
    return config;
}

// At least a tick, so that the tasks below have their turn.
void rest(std::uint32_t ms) {
    ulTaskNotifyTake(pdTRUE, pdMS_TO_TICKS(std::clamp<std::uint32_t>(ms, 1, longest_wait_ms)));
}

std::uint32_t lower_bits(std::uint64_t ms) { return static_cast<std::uint32_t>(ms); }

void feed_watchdog_of(std::uint32_t timeout_ms) {
    const esp_task_wdt_config_t config{timeout_ms, 1U << 0U, true};  // and core 0's idle task, as before
    esp_task_wdt_reconfigure(&config);
    esp_task_wdt_add(nullptr);
}

}  // namespace

class Board::Working {
public:
    explicit Working(Board& board) : board_(board) { ++board_.working_; }
    ~Working() { --board_.working_; }
    Working(const Working&) = delete;
    Working& operator=(const Working&) = delete;

private:
    Board& board_;
};

Board::Board(const DeviceMemory& memory)
    : transport_(clock_, entropy_, trusted_roots_pem, has_memory_for_tls),
      device_({clock_, entropy_, card_, nvs_, watched_transport_, camera_, health_, *this, &serial_,
               nullptr, &watch_},
              {queue_mutex_, capture_mutex_, state_mutex_, values_mutex_, log_mutex_}, memory, config()) {}

// Wi-Fi before the camera: for the noise that keys and ids are made of, and because a weak supply bears one at a time.
void Board::begin() {
    SerialLog::begin();
    panel_.begin();
    const bool is_nvs_good = nvs_.begin();
    const bool is_radio_good = wifi_.begin();
    const bool is_camera_good = camera_.begin();
    health_.begin();
    networks_.load();
    device_.start();
    kept_.hand_over_code();
    if (!is_nvs_good) device_.log().add("NVS cannot be read: hold BOOT to set the device up anew");
    if (!is_radio_good) device_.log().add("no radio");
    if (!is_camera_good) device_.log().add("no camera");
    start_tasks();
}

void Board::start_tasks() {
    xTaskCreatePinnedToCore(&Board::capture_task, "capture", capture_stack_bytes, this, 5, &capture_handle_, core);
    xTaskCreatePinnedToCore(&Board::uplink_task, "uplink", uplink_stack_bytes, this, 3, &uplink_handle_, core);
    xTaskCreatePinnedToCore(&Board::panel_task, "panel", panel_stack_bytes, this, 2, nullptr, core);
}

void Board::capture_task(void* board) {
    for (;;) rest(static_cast<Board*>(board)->capture());
}

std::uint32_t Board::capture() {
    const Working working(*this);
    watch_.came_round(TaskWatch::Task::capture, clock_.monotonic_ms());
    look_for_motion(clock_.monotonic_ms());
    const std::uint32_t due_in_ms = device_.capture_step();
    capture_due_ms_.store(lower_bits(clock_.monotonic_ms()) + due_in_ms);
    return due_in_ms;
}

void Board::look_for_motion(std::uint64_t now_ms) {
    if (!device_.settings().motion || device_.is_paused()) return eye_.forget();
    if (now_ms - looked_at_ms_ < look_every_ms) return;
    looked_at_ms_ = now_ms;
    const Lock lock(capture_mutex_);  // a command may take a photo at the same time
    if (device_.is_paused()) return eye_.forget();  // since then
    const MotionLook look = camera_.look(eye_) ? eye_.end() : MotionLook{};
    if (look.has_moved) device_.motion_seen(look.score_permille);
}

void Board::uplink_task(void* board) {
    for (;;) rest(static_cast<Board*>(board)->uplink());
}

// Without a network nothing is tried: what fails for want of one would only make the waits longer.
std::uint32_t Board::uplink() {
    watch_.came_round(TaskWatch::Task::uplink, clock_.monotonic_ms());
    if (!wifi_.is_joined() || device_.has_ended()) return longest_wait_ms;
    const Working working(*this);
    return device_.uplink_step();
}

void Board::panel_task(void* board) {
    Board& self = *static_cast<Board*>(board);
    feed_watchdog_of(watchdog_ms);
    for (;;) {
        self.tend(self.clock_.monotonic_ms());
        vTaskDelay(pdMS_TO_TICKS(panel_every_ms));
    }
}

void Board::tend(std::uint64_t now_ms) {
    feed_watchdog();
    tend_buttons(now_ms);
    tend_network(now_ms);
    panel_.show(light(), now_ms);
    if (is_portal_wanted_.load()) run_portal();
    sleep_if_idle(now_ms);
}

void Board::tend_buttons(std::uint64_t now_ms) {
    if (panel_.pause_button(now_ms) == Button::Event::pressed) device_.button_pressed();
    if (panel_.boot_button(now_ms) == Button::Event::held) is_portal_wanted_.store(true);
}

void Board::tend_network(std::uint64_t now_ms) {
    network_due_ms_ = wifi_.step(now_ms, networks_);
    const bool is_joined = wifi_.is_joined();
    if (is_joined && !was_joined_) network_came(now_ms);
    was_joined_ = is_joined;
    if (!is_joined) return;
    wifi_.set_burst(device_.uplink().is_draining());
    if constexpr (allow_plain_http) find_a_station(now_ms);
}

void Board::network_came(std::uint64_t now_ms) {
    BoardClock::ask_ntp();
    searched_at_ms_ = now_ms - search_every_ms;
    device_.network_came_up();
    xTaskNotifyGive(uplink_handle_);
}

void Board::find_a_station(std::uint64_t now_ms) {
    if (!device_.api_url().empty() || now_ms - searched_at_ms_ < search_every_ms) return;
    searched_at_ms_ = now_ms;
    const ApiUrl url = find_station();
    if (!url.empty() && device_.set_api_url(url)) restart();
}

LedState Board::light() {
    const LedState state = device_.led_state();
    return wifi_.is_joined() ? state : led_state_without_network(state);
}

void Board::sleep_if_idle(std::uint64_t now_ms) {
    if (FERRY_LIGHT_SLEEP == 0) return;
    SleepFacts facts;
    facts.now_ms = now_ms;
    facts.led = light();
    facts.has_network = wifi_.is_joined() || wifi_.is_joining();
    facts.is_working = working_.load() != 0;
    facts.is_button_down = Panel::is_any_down();
    facts.wants_motion = device_.settings().motion && !device_.is_paused();
    facts.is_watched = SerialLog::is_watched();
    // Overdue is a difference that is negative.
    const auto due_in_ms = static_cast<std::int32_t>(capture_due_ms_.load() - lower_bits(now_ms));
    facts.capture_due_ms = static_cast<std::uint32_t>(std::max<std::int32_t>(due_in_ms, 0));
    facts.network_due_ms = network_due_ms_;
    if (const std::uint32_t ms = sleep_ms(facts); ms != 0) sleep_for(ms);
}

// Tasks of a higher priority on this core are all waiting, or this one would not run; ticks stand still meanwhile.
void Board::sleep_for(std::uint32_t ms) {
    wifi_.stop();
    panel_.dark();
    Panel::let_buttons_wake();
    esp_sleep_enable_timer_wakeup(std::uint64_t{1000} * ms);
    const std::uint64_t asleep_at_ms = clock_.monotonic_ms();
    esp_light_sleep_start();
    BoardClock::slept(clock_.monotonic_ms() - asleep_at_ms);
    {
        const Lock lock(capture_mutex_);
        camera_.woke();
    }
    esp_task_wdt_reset();
    xTaskNotifyGive(capture_handle_);
    xTaskNotifyGive(uplink_handle_);
}

bool Board::open_portal() {
    is_portal_wanted_.store(true);
    return true;
}

// Ends with a restart: what was saved is in force then, and what was not is as it was.
void Board::run_portal() {
    nvs_.begin_anew();
    std::array<std::uint8_t, 6> mac{};
    esp_read_mac(mac.data(), ESP_MAC_WIFI_SOFTAP);
    const PortalAccess access = portal_access(values_, entropy_, Bytes(mac).from(4));
    const List<Text<32>> nearby = wifi_.scan();
    Portal portal(networks_, kept_, allow_plain_http);
    PortalServer server(portal, clock_);
    const bool is_open = wifi_.open_access_point(access.ssid, access.password) && server.open();
    SerialLog::tell(access);
    device_.log().add(is_open ? "portal open" : "the portal cannot be opened");
    device_.set_portal_open(is_open);
    portal.open(clock_.monotonic_ms(), nearby);
    if (is_open) serve(portal, server);
    restart();
}

// Photos are taken meanwhile. BOOT, held once more, ends it.
void Board::serve(const Portal& portal, PortalServer& server) {
    for (;;) {
        server.serve(panel_every_ms);
        const std::uint64_t now_ms = clock_.monotonic_ms();
        feed_watchdog();
        if (panel_.pause_button(now_ms) == Button::Event::pressed) device_.button_pressed();
        const bool is_ended = panel_.boot_button(now_ms) == Button::Event::held;
        if (is_ended || portal.is_over(now_ms)) return;
        panel_.show(device_.led_state(), now_ms);
    }
}

void Board::reboot() { restart(); }

// Between two photos: what is under way with the card is waited for, which may outlast the watchdog where a card is read
// without its index, but not for what hangs. From the panel's task or the uplink's.
void Board::restart() {
    const PatientLock lock(capture_mutex_, feed_every_ms, [this] { feed_watchdog(); });
    esp_restart();
}

// Of the panel's task; for others it does nothing. Where a task hangs the watchdog starts the board anew.
void Board::feed_watchdog() {
    if (watch_.are_all_alive(clock_.monotonic_ms())) esp_task_wdt_reset();
}

}  // namespace frameferry
