#include "frameferry/instant.h"
#include "frameferry/json_writer.h"
#include "frameferry/sync.h"

namespace frameferry {

namespace {

constexpr std::size_t longest_text = 200;  // characters, of every text that a device says

void write(JsonWriter& json, std::string_view key, const std::optional<std::uint64_t>& value) {
    if (value && *value <= max_seq) json.key(key).number(*value);
}

void write(JsonWriter& json, std::string_view key, std::string_view text) {
    if (!text.empty()) json.key(key).text(text, longest_text);
}

void write_within(JsonWriter& json, std::string_view key, const std::optional<std::int32_t>& value, std::int32_t least,
                  std::int32_t most, unsigned decimals = 0) {
    if (value && *value >= least && *value <= most) json.key(key).decimal(*value, decimals);
}

void write_health(JsonWriter& json, const Health& health) {
    json.key("health").begin_object();
    write_within(json, "battery_percent", health.battery_percent, 0, 100);
    write_within(json, "rssi_dbm", health.rssi_dbm, -200, 100);
    write(json, "free_heap_bytes", health.free_heap_bytes);
    write(json, "largest_free_block_bytes", health.largest_free_block_bytes);
    write(json, "sd_free_bytes", health.sd_free_bytes);
    write(json, "sd_total_bytes", health.sd_total_bytes);
    write(json, "queue_depth", health.queue_depth);
    write(json, "uptime_s", health.uptime_s);
    write_within(json, "temperature_c", health.temperature_decicelsius, -1000, 2000, 1);
    write(json, "reset_reason", health.reset_reason);
    write(json, "firmware_version", health.firmware_version);
    json.end_object();
}

Text<16> boot_id_text(std::uint64_t boot_id) {
    Text<16> text;
    for (unsigned shift = 64; shift != 0; shift -= 4) text.append("0123456789abcdef"[boot_id >> (shift - 4) & 15U]);
    return text;
}

void write_clock(JsonWriter& json, const ClockSample& clock) {
    json.key("clock").begin_object();
    json.key("boot_id").text(boot_id_text(clock.boot_id));
    json.key("uptime_ms").number(clock.uptime_ms);
    json.key("next_seq").number(clock.next_seq);
    write(json, "oldest_seq", clock.oldest_seq);
    json.end_object();
}

void write_seqs(JsonWriter& json, SeqRange seqs) {
    json.key("first_seq").number(seqs.first);
    json.key("last_seq").number(seqs.last);
}

void write_pack(JsonWriter& json, const NamedPack& pack) {
    json.begin_object();
    write_seqs(json, pack.seqs);
    json.key("size_bytes").number(pack.size_bytes);
    json.key("sha256").text(Text<64>().append_hex(pack.sha256));
    if (pack.is_sent) json.key("sent").boolean(true);
    json.end_object();
}

std::string_view event_name(EventKind kind) {
    switch (kind) {
        case EventKind::motion: return "motion";
        case EventKind::evicted: return "evicted";
        case EventKind::skipped: return "skipped";
        case EventKind::paused: return "paused";
        case EventKind::resumed: return "resumed";
        case EventKind::boot: return "boot";
        case EventKind::log: return "log";
        default: return "error";
    }
}

void write_event(JsonWriter& json, const Event& event) {
    json.begin_object();
    json.key("kind").text(event_name(event.kind));
    if (event.occurred_at_ms > 0) json.key("occurred_at").text(to_rfc3339(event.occurred_at_ms));
    if (event.score_permille) json.key("score").decimal(*event.score_permille, 3);
    if (event.seqs) write_seqs(json, *event.seqs);
    write(json, "message", event.message);
    json.end_object();
}

void write_ack(JsonWriter& json, const Ack& ack) {
    json.begin_object();
    json.key("command_id").text(ack.command_id);
    json.key("status").text(ack.is_done ? "done" : "failed");
    write(json, "detail", ack.detail);
    json.end_object();
}

template <class T>
void write_list(JsonWriter& json, std::string_view key, const List<T>& list, void (*write_one)(JsonWriter&, const T&)) {
    if (list.empty()) return;
    json.key(key).begin_list();
    for (const T& each : list) write_one(json, each);
    json.end_list();
}

void write_key_ids(JsonWriter& json, const ReceiptKeys& keys) {
    json.key("receipt_key_ids").begin_list();
    for (std::size_t at = 0; at < keys.count(); ++at) json.text(keys[at].id);
    json.end_list();
}

}  // namespace

bool SyncRequestBody::write_to(ByteSink& sink) {
    JsonWriter json(sink);
    json.begin_object();
    if (request_.health != nullptr) write_health(json, *request_.health);
    if (request_.clock != nullptr) write_clock(json, *request_.clock);
    write_list(json, "objects", request_.objects, write_pack);
    write_list(json, "events", request_.events, write_event);
    write_list(json, "acks", request_.acks, write_ack);
    write(json, "settings_version", request_.settings_version);
    if (request_.receipt_keys != nullptr) write_key_ids(json, *request_.receipt_keys);
    json.end_object();
    return json.ok();
}

}  // namespace frameferry
