// A session with the cloud, one TLS context at a time: sync (API), close, put pack after pack (S3, one kept-alive
// connection), sync for receipts and the next places, and so on until the queue is drained.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "frameferry/api_client.h"
#include "frameferry/backoff.h"
#include "frameferry/command_ledger.h"
#include "frameferry/drain.h"
#include "frameferry/http_client.h"
#include "frameferry/identity.h"
#include "frameferry/log_ring.h"
#include "frameferry/outbox.h"
#include "frameferry/pack_queue.h"
#include "frameferry/settings_store.h"
#include "frameferry/suspects.h"
#include "frameferry/sync.h"
#include "frameferry/wall_clock.h"
#include "frameferry/watcher.h"

namespace frameferry {

constexpr std::uint32_t sync_every_ms = 60'000;
constexpr std::uint32_t busy_sync_every_ms = 300'000;  // while packs go up, which need syncs of their own
constexpr std::uint32_t refused_retry_ms = 3'600'000;  // a credential that was refused

// What came of a command.
struct CommandOutcome {
    bool is_done = true;
    bool ends_run = false;  // a restart: the next run acknowledges it
    CommandLedger::Detail detail;

    static CommandOutcome failed(std::string_view why) { return {false, false, CommandLedger::Detail(why)}; }
};

// What the uplink asks of the device around it. Called from its thread.
class UplinkHost {
public:
    virtual ~UplinkHost() = default;
    // False where there is no clock sample, because the seqs are not known.
    virtual bool account(Health& health, ClockSample& clock) = 0;
    // The identity is another one.
    virtual void activated(const Activation& activation) = 0;
    // All kinds but rotate_token and upload_log.
    virtual CommandOutcome carry_out(const Command& command) = 0;
    // After a command that ends this run. May not come back.
    virtual void restart() = 0;
};

struct UplinkMemory {
    Way* ways = nullptr;
    NamedPack* named = nullptr;
    ObjectAnswer* answers = nullptr;
    std::size_t window = 0;  // of each; 100 is good
    Room http_send;          // 4 KiB
    Room http_receive;       // 1 KiB
    Room json_scratch;       // 4 KiB
    Room chunk;              // 8 KiB, aligned for the card
};

struct UplinkParts {
    Transport& transport;
    Clock& clock;
    Entropy& entropy;
    PackQueue& queue;
    WallClock& wall_clock;
    IdentityStore& identity;
    SettingsStore& settings;
    Outbox& outbox;
    CommandLedger& ledger;
    LogRing& log;
    UplinkHost& host;
    DeviceWatcher& watcher;
    bool always_newest_first = false;
};

// How it stands with the cloud.
enum class LinkState : std::uint8_t {
    unpaired,  // has no credential, and no code to get one with
    pairing,
    refused,  // the cloud has shut it out
    unknown,  // nothing was tried yet
    failing,  // the last try failed
    online,
};

class Uplink {
public:
    Uplink(const UplinkParts& parts, const UplinkMemory& memory, bool allow_plain_http, HttpTimeouts timeouts);

    // What the routes are put behind; its text lives as long. Before the first step.
    void set_api(const Url& api) { api_.emplace(http_, api, memory_.json_scratch); }

    // One bounded thing over the network, if one is due. Gives milliseconds until the next is; 0 after something was
    // done. To be called again then, or sooner: where nothing is due it costs little.
    std::uint32_t step(std::string_view firmware_version);

    // Photos and events do not wait for the next sync. From any thread.
    void hurry() { hurry_.store(true); }
    // There is a network again, or another one: a wait after failures ends. From any thread.
    void network_came_up() { is_network_new_.store(true); }
    // The queue can be asked for packs: not before it is started. From any thread.
    void set_queue_open(bool is_open) { is_queue_open_.store(is_open); }

    // From any thread.
    [[nodiscard]] LinkState state() const { return state_.load(); }
    [[nodiscard]] bool is_draining() const { return is_draining_.load(); }

    [[nodiscard]] std::uint32_t syncs() const { return syncs_; }
    [[nodiscard]] std::uint32_t connections() const { return http_.connections(); }
    [[nodiscard]] const Drain& drain() const { return drain_; }

private:
    // What was written down when the owner asked for it, on its way to him.
    struct LogUpload {
        Command command;         // with an id: it is under way
        std::uint32_t next = 0;  // line
        std::uint32_t end = 0;
        std::uint32_t told = 0;       // lines, until now
        std::uint32_t told_next = 0;  // `next` once what is being said is told
    };

    std::uint32_t activate(const IdentityStore::Begun& begun, std::string_view firmware_version);
    bool take_on(const Activation& activation, std::string_view code);
    bool forget_owner();
    std::uint32_t step_paired();
    [[nodiscard]] std::uint32_t sync_due_in_ms();
    void heed_hurry();
    void seal_what_may_go();
    [[nodiscard]] bool is_newest_first() { return always_newest_first_ || settings_.settings().newest_first; }
    void put(Way& way);
    void rotate();

    void sync();
    bool compose();
    void compose_all();
    void compose_alone();
    void add_account();
    void add_ack(const CommandLedger::Entry& entry);
    void add_event();
    void add_log();
    ApiResult say();
    void answered(const ApiResult& result);
    void heed();
    void void_foreign_places();
    void take_command(const Command& command);
    void begin_log(const Command& command);
    void log_told();
    void carry_out(const Command& command);
    void failed(const ApiResult& result);
    void give_up(bool is_refusal, std::string_view code);
    void credential_refused(const ApiResult& result);
    void rest(const ApiResult& result, std::string_view what);

    WallClock& clock_;
    Entropy& entropy_;
    PackQueue& queue_;
    IdentityStore& identity_;
    SettingsStore& settings_;
    Outbox& outbox_;
    CommandLedger& ledger_;
    LogRing& log_;
    UplinkHost& host_;
    DeviceWatcher& watcher_;
    bool always_newest_first_;
    UplinkMemory memory_;
    HttpClient http_;
    std::optional<ApiClient> api_;
    bool allow_plain_http_;
    Drain drain_;
    Suspects suspects_;
    Lane lane_;
    PairingCode tried_code_;

    // What is being said. It stays as it is until the sync has ended.
    SyncParts parts_;
    SyncRequest request_;
    Health health_;
    ClockSample clock_sample_;
    std::array<Outbox::Told, SyncParts::max_events> told_{};
    std::array<Event, SyncParts::max_events> events_{};
    std::array<Ack, max_sync_acks> acks_{};
    std::array<std::uint16_t, max_sync_objects> asked_{};
    SyncAnswer answer_;
    std::uint64_t asked_at_ms_ = 0;

    Command rotation_;  // with an id: a token is to be changed
    LogUpload log_upload_;
    std::uint64_t synced_at_ms_ = 0;
    std::uint64_t refused_until_ms_ = 0;
    std::int64_t log_utc_at_zero_ms_ = 0;  // a line has one time in all that is told of this boot
    bool has_synced_ = false;
    bool is_hurrying_ = false;
    bool is_refused_ = false;
    bool is_account_refused_ = false;
    bool has_ended_ = false;
    std::uint32_t syncs_ = 0;
    // Only loaded and stored: PSRAM has no atomic operations.
    std::atomic<bool> hurry_{false};
    std::atomic<bool> is_network_new_{false};
    std::atomic<bool> is_queue_open_{false};
    std::atomic<bool> is_draining_{false};
    std::atomic<LinkState> state_{LinkState::unknown};
};

}  // namespace frameferry
