// A device: captures on time whatever the network does, and drains what it captured. What a port's main calls.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "frameferry/api_address.h"
#include "frameferry/capture_policy.h"
#include "frameferry/command_ledger.h"
#include "frameferry/identity.h"
#include "frameferry/kept_values.h"
#include "frameferry/led.h"
#include "frameferry/log_ring.h"
#include "frameferry/outbox.h"
#include "frameferry/pack_queue.h"
#include "frameferry/pause.h"
#include "frameferry/ports.h"
#include "frameferry/settings_store.h"
#include "frameferry/task_watch.h"
#include "frameferry/uplink.h"
#include "frameferry/wall_clock.h"
#include "frameferry/watcher.h"

namespace frameferry {

// What only the port knows of how the device is. Called from the uplink's thread.
class HealthSource {
public:
    virtual ~HealthSource() = default;
    // battery_percent, rssi_dbm, free_heap_bytes, largest_free_block_bytes, temperature_decicelsius, whatever there is.
    virtual void measure(Health& health) = 0;
};

// What only the port can do. Called from the uplink's thread.
class Actions {
public:
    virtual ~Actions() = default;
    // Need not come back. Where it does, the device does nothing more: see `has_ended`.
    virtual void reboot() = 0;
    // The owner wants the device to be paired again: open the portal, where there is one. False where there is none.
    virtual bool open_portal() = 0;
};

// Five mutexes, none of which is taken twice by one thread.
struct DeviceMutexes {
    Mutex& queue;
    Mutex& capture;
    Mutex& state;
    Mutex& values;
    Mutex& log;
};

struct DevicePorts {
    Clock& clock;
    Entropy& entropy;
    Storage& storage;
    KeyValue& values;
    Transport& transport;
    Camera& camera;
    HealthSource& health;
    Actions& actions;
    LogRing::Listener* log_listener = nullptr;
    DeviceWatcher* watcher = nullptr;
    TaskWatch* task_watch = nullptr;  // is told of a long step that gets on
};

// Given once.
struct DeviceMemory {
    QueueMemory packs;
    UplinkMemory uplink;
};

// Room for all of it, as good sizes are: `Packs` on the card, `Window` of them on their way at a time.
template <std::size_t Packs, std::size_t Window = 100>
struct DeviceRoom {
    std::array<PackRow, Packs> rows{};
    std::array<Way, Window> ways{};
    std::array<NamedPack, Window> named{};
    std::array<ObjectAnswer, Window> answers{};
    alignas(64) std::array<std::uint8_t, 8192> card{};
    alignas(64) std::array<std::uint8_t, 8192> chunk{};
    std::array<std::uint8_t, 4096> http_send{};
    std::array<std::uint8_t, 1024> http_receive{};
    std::array<std::uint8_t, 4096> json_scratch{};

    [[nodiscard]] DeviceMemory memory() {
        return {{rows.data(), Packs, card},
                {ways.data(), named.data(), answers.data(), Window, http_send, http_receive, json_scratch, chunk}};
    }
};

struct DeviceConfig {
    // Complete, with its stage: https://host/api. One that `set_api_url` has kept goes before it.
    std::string_view api_url;
    std::string_view firmware_version;
    std::string_view reset_reason = "power_on";
    // LAN mode: for a build that was made so on purpose. Only to hosts of a private network.
    bool allow_plain_http = false;
    PackLimits limits;
    HttpTimeouts timeouts;
    // For a bench: whatever the owner set. 0: what the owner set.
    std::uint32_t interval_ms = 0;
    bool always_newest_first = false;
};

enum class StartStatus : std::uint8_t {
    ok,
    no_api,           // there is no URL, it is none, or plain HTTP is not allowed there: nothing goes up
    not_paired,       // captures begin with the first pairing
    card,             // missing or failing: looked for again by `capture_step`
};

// `capture_step` and `uplink_step` belong to a thread each, everything else may come from any; `start` comes before
// all of it.
class Device final : private QueueWatcher, private UplinkHost {
public:
    Device(const DevicePorts& ports, const DeviceMutexes& mutexes, const DeviceMemory& memory,
           const DeviceConfig& config);

    // Reads what was kept, and the card. Whatever it gives, the steps may be called.
    StartStatus start();

    // Takes a photo if one is due. Gives milliseconds until the next is: to be called again then, or sooner (a second
    // is good: settings change), and at once after `motion_seen`.
    std::uint32_t capture_step();
    // One thing over the network, if one is due; may take as long as the slowest deadline. Gives milliseconds until the
    // next is due: to be called again then, or sooner (a second is good). 0: there is more to do.
    std::uint32_t uplink_step();

    // What there is goes up at once, and not with the next sync.
    void send_now() { uplink_.hurry(); }

    // Wi-Fi is there again: a wait after failures ends.
    void network_came_up() { uplink_.network_came_up(); }

    // Pauses, or ends the pause that the button began. True where the device is paused now.
    bool button_pressed();
    // 0 to 1000. Counts only while the owner wants it, at most once in five seconds: a photo at once, and an event.
    void motion_seen(std::uint32_t score_permille);
    // A code as the owner typed it. True where it is kept: the next uplink steps trade it for a credential. Also
    // for a device that is paired already.
    bool pairing_code(std::string_view typed);
    // Kept, and in force from the next start on. False where it is none that this build may talk to. "" takes that of
    // the build again.
    bool set_api_url(std::string_view url);
    // While the port's portal is open.
    void set_portal_open(bool is_open) { is_portal_open_.store(is_open); }

    [[nodiscard]] LedState led_state();
    [[nodiscard]] LinkState link_state() const { return uplink_.state(); }
    [[nodiscard]] bool is_paused() { return pause_.is_paused(); }
    [[nodiscard]] bool is_paired() const { return is_paired_.load(); }
    // After the command `reboot`, where the port came back from it.
    [[nodiscard]] bool has_ended() const { return has_ended_.load(); }
    // Nothing waits to be sent or told.
    [[nodiscard]] bool is_drained();

    // Before the first step only: it belongs to the uplink's thread.
    [[nodiscard]] const IdentityStore& identity() const { return identity_; }
    [[nodiscard]] std::string_view api_url() const { return api_url_; }
    [[nodiscard]] std::uint64_t boot_id() const { return boot_id_; }
    [[nodiscard]] PackQueue& queue() { return queue_; }
    [[nodiscard]] LogRing& log() { return log_; }
    [[nodiscard]] Settings settings() { return settings_.settings(); }
    [[nodiscard]] const Uplink& uplink() const { return uplink_; }

private:
    void evicted(SeqRange seqs) override;
    void skipped(SeqRange seqs) override;
    void damaged(SeqRange seqs, const char* reason) override;
    void silent() override;
    void got_on() override;
    bool account(Health& health, ClockSample& clock) override;
    void activated(const Activation& activation) override;
    CommandOutcome carry_out(const Command& command) override;
    void restart() override;

    void load_api_url();
    bool open_queue();
    bool is_queue_ready(std::uint64_t now_ms);
    bool notice_pause();
    bool is_motion_due(std::uint64_t now_ms, const Settings& settings);
    bool capture(bool is_wanted_now);
    bool take_and_put();
    void lost(std::string_view reason);
    CommandOutcome pause_by_command(const Command& command);
    CommandOutcome resume_by_command(const Command& command);
    CommandOutcome forget(const Command& command);

    [[nodiscard]] std::uint32_t interval_ms(const Settings& settings) const;

    DevicePorts ports_;
    DeviceWatcher unwatched_;
    DeviceWatcher& watcher_;
    DeviceMutexes mutexes_;
    DeviceConfig config_;
    LockedValues values_;
    ScopedValues server_values_;
    WallClock clock_;
    LogRing log_;
    Pause pause_;
    SettingsStore settings_;
    Outbox outbox_;
    CommandLedger ledger_;
    IdentityStore identity_;
    PackQueue queue_;
    ApiUrl api_url_;
    Url api_;
    Uplink uplink_;
    FrameTaker frames_;
    CaptureRhythm rhythm_{0};
    MotionGate motion_gate_;
    std::uint64_t boot_id_ = 0;
    std::uint64_t card_tried_at_ms_ = 0;
    bool has_api_ = false;
    bool was_paused_ = false;
    // Only loaded and stored: PSRAM has no atomic operations.
    std::atomic<std::uint32_t> motion_score_{0};  // 1 more than it; 0: none was seen
    std::atomic<bool> is_opening_queue_{false};
    std::atomic<bool> is_queue_open_{false};
    std::atomic<bool> is_losing_{false};
    std::atomic<bool> is_paired_{false};
    std::atomic<bool> is_portal_open_{false};
    std::atomic<bool> has_ended_{false};
};

}  // namespace frameferry
