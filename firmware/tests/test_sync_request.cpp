#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fakes/json_tree.h"
#include "fakes/text_sink.h"
#include "frameferry/sync.h"

using namespace frameferry;

namespace {

std::string written(const SyncRequest& request) {
    SyncRequestBody body(request);
    TextSink sink;
    CHECK(body.write_to(sink));
    CHECK(counted(body) == sink.text.size());
    return sink.text;
}

Health full_health() {
    Health health;
    health.battery_percent = 83;
    health.rssi_dbm = -61;
    health.free_heap_bytes = 181'000;
    health.largest_free_block_bytes = 110'592;
    health.sd_free_bytes = 28'000'000'000;
    health.sd_total_bytes = 31'000'000'000;
    health.queue_depth = 1204;
    health.uptime_s = 86'400;
    health.temperature_decicelsius = 215;
    health.reset_reason = "power_on";
    health.firmware_version = "1.4.0";
    return health;
}

}  // namespace

TEST_CASE("a sync that says nothing is an empty object") { CHECK(written(SyncRequest()) == "{}"); }

TEST_CASE("health has the fields of a heartbeat") {
    const Health health = full_health();
    SyncRequest request;
    request.health = &health;
    CHECK(
        written(request) ==
        R"({"health":{"battery_percent":83,"rssi_dbm":-61,"free_heap_bytes":181000,"largest_free_block_bytes":110592,)"
        R"("sd_free_bytes":28000000000,"sd_total_bytes":31000000000,"queue_depth":1204,"uptime_s":86400,)"
        R"("temperature_c":21.5,"reset_reason":"power_on","firmware_version":"1.4.0"}})");
}

TEST_CASE("what is not known, or what no server would take, is left out of the health") {
    Health health;
    health.battery_percent = 101;
    health.rssi_dbm = -201;
    health.temperature_decicelsius = 2'001;
    health.sd_free_bytes = max_seq + 1;
    SyncRequest request;
    request.health = &health;
    CHECK(written(request) == R"({"health":{}})");
}

TEST_CASE("the clock sample names the boot, and the oldest capture where one waits") {
    ClockSample clock{0x0f3c1a90b2d4e677, 86'400'123, 1325, 101};
    SyncRequest request;
    request.clock = &clock;
    CHECK(written(request) ==
          R"({"clock":{"boot_id":"0f3c1a90b2d4e677","uptime_ms":86400123,"next_seq":1325,"oldest_seq":101}})");
    clock.oldest_seq.reset();
    CHECK(written(request) == R"({"clock":{"boot_id":"0f3c1a90b2d4e677","uptime_ms":86400123,"next_seq":1325}})");
}

TEST_CASE("packs are named with their seqs, size and sha256, and whether they were sent") {
    Sha256 sha256{};
    sha256.fill(0xA5);
    const std::array<NamedPack, 2> packs{
        {{{101, 120}, 1'628'160, sha256, true}, {{121, 140}, 1'631'232, sha256, false}}};
    SyncRequest request;
    request.objects = {packs.data(), packs.size()};
    std::string hex;
    for (int byte = 0; byte < 32; ++byte) hex += "a5";
    CHECK(written(request) == R"({"objects":[{"first_seq":101,"last_seq":120,"size_bytes":1628160,"sha256":")" + hex +
                                  R"(","sent":true},)" +
                                  R"({"first_seq":121,"last_seq":140,"size_bytes":1631232,"sha256":")" + hex +
                                  R"("}]})");
}

TEST_CASE("events and acknowledgements say what they have") {
    std::array<Event, 3> events;
    events[0] = {EventKind::motion, 1'766'744'130'000, std::nullopt, 820, {}};
    events[1] = {EventKind::evicted, 1'766'739'600'000, SeqRange{81, 100}, std::nullopt, {}};
    events[2] = {EventKind::error, 0, std::nullopt, std::nullopt, "card: \"slow\""};
    const std::array<Ack, 2> acks{
        {{"01KDD2G0EG000G40R40M30E209", true, {}}, {"01KDD2G0EG000G40R40M30E20A", false, "no camera"}}};
    SyncRequest request;
    request.events = {events.data(), events.size()};
    request.acks = {acks.data(), acks.size()};
    CHECK(written(request) ==
          R"({"events":[{"kind":"motion","occurred_at":"2025-12-26T10:15:30.000Z","score":0.820},)"
          R"({"kind":"evicted","occurred_at":"2025-12-26T09:00:00.000Z","first_seq":81,"last_seq":100},)"
          R"({"kind":"error","message":"card: \"slow\""}],)"
          R"("acks":[{"command_id":"01KDD2G0EG000G40R40M30E209","status":"done"},)"
          R"({"command_id":"01KDD2G0EG000G40R40M30E20A","status":"failed","detail":"no camera"}]})");
}

TEST_CASE("every kind of event has its name") {
    const std::array<EventKind, 6> kinds{EventKind::motion,  EventKind::evicted, EventKind::paused,
                                         EventKind::resumed, EventKind::boot,    EventKind::error};
    const std::array<std::string, 6> names{"motion", "evicted", "paused", "resumed", "boot", "error"};
    for (std::size_t at = 0; at < kinds.size(); ++at) {
        Event event;
        event.kind = kinds[at];
        SyncRequest request;
        request.events = {&event, 1};
        CHECK(parse_json(written(request)).at("events").elements.at(0).at("kind").text == names[at]);
    }
}

TEST_CASE("no text is longer than the server takes") {
    const std::string message(300, 'm');
    Event event;
    event.message = message;
    const Ack ack{"01KDD2G0EG000G40R40M30E209", true, message};
    SyncRequest request;
    request.events = {&event, 1};
    request.acks = {&ack, 1};
    const JsonTree tree = parse_json(written(request));
    CHECK(tree.at("events").elements.at(0).at("message").text.size() == 200);
    CHECK(tree.at("acks").elements.at(0).at("detail").text.size() == 200);
}

TEST_CASE("what the device has already is named: settings and receipt keys, even where it has no key") {
    ReceiptKeys keys;
    SyncRequest request;
    request.settings_version = 3;
    request.receipt_keys = &keys;
    CHECK(written(request) == R"({"settings_version":3,"receipt_key_ids":[]})");
    keys.add("r1", PublicKey{});
    keys.add("r2", PublicKey{});
    CHECK(written(request) == R"({"settings_version":3,"receipt_key_ids":["r1","r2"]})");
}

TEST_CASE("the largest sync fits the server's limit of a body") {
    Event event{EventKind::evicted, 1'766'744'130'000, SeqRange{max_seq, max_seq}, 1'000, {}};
    event.message = "mmmm";
    const std::vector<Event> events(max_sync_events, event);
    const std::vector<NamedPack> packs(max_sync_objects, {{max_seq - 999, max_seq}, UINT32_MAX, Sha256{}, true});
    const std::vector<Ack> acks(max_sync_acks, {"01KDD2G0EG000G40R40M30E209", false, std::string_view("x")});
    const Health health = full_health();
    const ClockSample clock{UINT64_MAX, 999'999'999'999, max_seq, max_seq};
    SyncRequest request;
    request.health = &health;
    request.clock = &clock;
    request.objects = {packs.data(), packs.size()};
    request.events = {events.data(), events.size()};
    request.acks = {acks.data(), acks.size()};
    CHECK(written(request).size() < 65'536);
}
