// POST /devices/sync (docs/protocol.md): what a device says, and what it is answered.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "frameferry/bytes.h"
#include "frameferry/captures.h"
#include "frameferry/inbox.h"
#include "frameferry/json_reader.h"
#include "frameferry/list.h"
#include "frameferry/pack_queue.h"
#include "frameferry/receipts.h"
#include "frameferry/settings.h"
#include "frameferry/settings_reader.h"
#include "frameferry/streams.h"

namespace frameferry {

constexpr std::size_t max_sync_objects = 100;
constexpr std::size_t max_sync_unsent = 50;
constexpr std::size_t max_sync_events = 50;
constexpr std::size_t max_sync_acks = 20;
constexpr std::size_t max_sync_commands = 20;

// How the device is. What is not known is left out, and so is what the server would refuse.
struct Health {
    std::optional<std::int32_t> battery_percent;
    std::optional<std::int32_t> rssi_dbm;
    std::optional<std::uint64_t> free_heap_bytes;
    std::optional<std::uint64_t> largest_free_block_bytes;
    std::optional<std::uint64_t> sd_free_bytes;
    std::optional<std::uint64_t> sd_total_bytes;
    std::optional<std::uint64_t> queue_depth;
    std::optional<std::uint64_t> uptime_s;
    std::optional<std::int32_t> temperature_decicelsius;
    std::string_view reset_reason;
    std::string_view firmware_version;
};

struct ClockSample {
    std::uint64_t boot_id = 0;
    std::uint64_t uptime_ms = 0;
    Seq next_seq = 0;
    std::optional<Seq> oldest_seq;  // none where no capture waits
};

// A pack as the server knows it. `is_sent`: it was put, and a receipt is wanted.
struct NamedPack {
    SeqRange seqs;
    std::uint32_t size_bytes = 0;
    Sha256 sha256{};
    bool is_sent = false;
};

// Whatever there is to say, within the limits above; with nothing at all it is a heartbeat. It must stay as it is until
// the sync has ended.
struct SyncRequest {
    const Health* health = nullptr;
    const ClockSample* clock = nullptr;
    List<NamedPack> objects;
    List<Event> events;
    List<Ack> acks;
    std::optional<std::uint64_t> settings_version;  // that of the settings that it has
    const ReceiptKeys* receipt_keys = nullptr;      // those that it has
};

class SyncRequestBody final : public BodySource {
public:
    explicit SyncRequestBody(const SyncRequest& request) : request_(request) {}
    bool write_to(ByteSink& sink) override;

private:
    const SyncRequest& request_;
};

// Where the answer's objects are put: endpoint, then path_prefix + tail + "?" + query + signature as the target.
struct UploadPlaces {
    Text<127> host;
    std::uint16_t port = 0;
    bool uses_tls = true;
    Text<127> path_prefix;
    Text<3071> query;
    std::uint32_t lifetime_ms = 0;  // from the answer on

    [[nodiscard]] Endpoint endpoint() const { return {host.view(), port, uses_tls}; }
};

enum class ObjectStatus : std::uint8_t {
    nothing,     // sent, but not there
    place,       // put it under `tail`, with `signature`
    held,        // if its receipt verifies: nothing of it is true before
    conflict,    // a single whose seq is held with other bytes: put it under `next_seq`
    unreadable,  // something that this firmware cannot hold, as more exceptions than there is room for: keep the
                 // pack, ask again later. It says nothing, least of all that anything may be deleted
};

struct ObjectAnswer {
    ObjectStatus status = ObjectStatus::nothing;
    ReceiptState state = ReceiptState::unknown;
    std::uint16_t first_exception = 0;
    std::uint16_t exception_count = 0;
    Seq next_seq = 0;     // of a conflict
    Text<16> key_id;      // of a receipt
    Text<95> tail;        // of a place; of a receipt only where its key is not that of the object as it was named
    Text<88> signature;   // of a place, to be put behind the query; of a receipt, in base64
};

enum class EventStatus : std::uint8_t { accepted, duplicate, rate_limited, other };
enum class AckStatus : std::uint8_t { done, failed, not_found, command_finished, other };

// Some 8 KB and the caller's objects: static, never on a stack. It is whole or it says nothing: only a sync that ended
// with ok may be read.
struct SyncAnswer {
    // Captures that a pack holds and the server does not, of all packs of an answer together. Those of the first pack
    // always fit, so that a queue that is worked off never gets stuck.
    static constexpr std::size_t max_exceptions = 128;
    using Exception = PackQueue::Renumbering;

    explicit SyncAnswer(ObjectAnswer* room, std::size_t count) : objects(room), object_room(count) {}

    void clear();
    [[nodiscard]] List<Exception> exceptions_of(const ObjectAnswer& object) const {
        return {exceptions.data() + object.first_exception, object.exception_count};
    }

    std::int64_t server_time_ms = 0;
    std::uint64_t settings_version = 0;
    std::optional<Settings> settings;         // none: those that the device has are right
    std::optional<ReceiptKeys> receipt_keys;  // all that count from now on, in place of those before
    UploadPlaces uploads;                     // where there is a place
    ObjectAnswer* objects;                    // in the order of the request, and as many
    std::size_t object_room;
    std::size_t object_count = 0;
    std::array<EventStatus, max_sync_events> events{};  // as above; whatever they say, the event has been told
    std::size_t event_count = 0;
    std::array<AckStatus, max_sync_acks> acks{};  // as above; whatever they say, the command is over
    std::size_t ack_count = 0;
    std::array<Command, max_sync_commands> commands{};  // what does not fit comes again
    std::size_t command_count = 0;
    std::array<Exception, max_exceptions> exceptions{};
    std::size_t exception_count = 0;
};

// Whether what was answered about this pack proves that it is held, or deleted by its owner. Only `held` with a
// `valid` receipt lets the pack go, and only after its exceptions have been taken out.
[[nodiscard]] ReceiptVerdict verify(const ReceiptKeys& keys, std::string_view device_id, const NamedPack& pack,
                                    const ObjectAnswer& object);

// The answer to one request, as it comes. Field order does not matter; unknown fields do not either. It fills the
// answer, but nobody is to look at that before `is_whole` has said that all of it has come and has the form it must
// have: as many objects, events and acks as the request, a place for what is wanted, and no place outside TLS where the
// API is inside. A receipt without a state, key or signature, a bad time, or a next_seq that would use up the
// device's seqs makes all of it no answer.
class SyncAnswerReader final : public JsonDocument {
public:
    SyncAnswerReader(const SyncRequest& request, bool uses_tls, SyncAnswer& answer);

    Next begin(std::string_view key, bool is_list) override;
    Next end(bool is_list) override;
    Next value(std::string_view key, const JsonValue& value) override;

    [[nodiscard]] bool is_whole() const override { return is_ended_; }

private:
    enum class Where : std::uint8_t {
        outside,
        top,
        settings,
        receipt_keys,
        commands,
        command,
        arguments,
        events,
        acks,
        uploads,
        objects,
        object,
        receipt,
        exceptions,
        exception,
    };

    Next enter(Where where, bool has_right_type = true);
    Next begin_at_top(std::string_view key, bool is_list);
    Next begin_command();
    Next begin_object();
    Next begin_in_object(std::string_view key, bool is_list);
    Next begin_exception();
    Next top_value(std::string_view key, const JsonValue& value);
    Next command_value(std::string_view key, const JsonValue& value);
    Next argument_value(std::string_view key, const JsonValue& value);
    Next event_value(const JsonValue& value);
    Next ack_value(const JsonValue& value);
    Next uploads_value(std::string_view key, const JsonValue& value);
    Next object_value(std::string_view key, const JsonValue& value);
    Next receipt_value(std::string_view key, const JsonValue& value);
    Next exception_value(std::string_view key, const JsonValue& value);
    Next end_command();
    Next end_object();
    Next end_exception();
    Next end_top();
    Next end_uploads();
    Next receipt_key_value(std::string_view key, const JsonValue& value);
    void keep_exception();
    void keep_text_of_object(const JsonValue& value, bool is_tail);
    [[nodiscard]] bool has_wanted_counts() const;
    [[nodiscard]] bool wants_places() const;
    ObjectAnswer& object() { return answer_.objects[answer_.object_count]; }

    const SyncRequest& request_;
    SyncAnswer& answer_;
    SettingsReader settings_;
    std::array<Where, 6> path_{};
    std::uint8_t depth_ = 0;
    // What there was of the object, upload, exception at hand.
    struct Seen {
        bool tail = false;
        bool signature = false;
        bool key_tail = false;
        bool receipt = false;
        bool state = false;
        bool key_id = false;
        bool receipt_signature = false;
        bool conflict = false;
        bool too_much = false;
    };

    Command command_;
    bool command_has_kind_ = false;
    bool command_is_good_ = true;
    SyncAnswer::Exception exception_;
    bool has_seq_ = false;
    bool has_next_seq_ = false;
    Seen seen_;
    std::int64_t expires_at_ms_ = 0;
    bool uses_tls_;
    bool has_origin_ = false;
    bool has_uploads_ = false;
    bool is_ended_ = false;
};

}  // namespace frameferry
