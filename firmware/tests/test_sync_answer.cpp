#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fakes/json_tree.h"
#include "frameferry/sync.h"

using namespace frameferry;

namespace {

constexpr std::string_view device_id = "3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70";

// A request of so many objects, events and acks, and the answer to it.
struct Sync {
    std::vector<NamedPack> packs;
    std::vector<Event> events;
    std::vector<Ack> acks;
    SyncRequest request;
    std::vector<ObjectAnswer> objects;
    std::unique_ptr<SyncAnswer> answer;
    bool uses_tls = true;

    explicit Sync(std::size_t object_count = 0, std::size_t event_count = 0, std::size_t ack_count = 0)
        : packs(object_count), events(event_count), acks(ack_count), objects(object_count) {
        request.objects = {packs.data(), packs.size()};
        request.events = {events.data(), events.size()};
        request.acks = {acks.data(), acks.size()};
        answer = std::make_unique<SyncAnswer>(objects.data(), objects.size());
    }

    bool read(std::string_view text, std::size_t piece = SIZE_MAX) {
        std::vector<std::uint8_t> scratch(4096);
        SyncAnswerReader handler(request, uses_tls, *answer);
        JsonReader reader({scratch.data(), scratch.size()}, handler);
        for (std::size_t at = 0; at < text.size() && piece != SIZE_MAX; at += piece) {
            reader.write(Bytes(text.substr(at, piece)));
        }
        if (piece == SIZE_MAX) reader.write(Bytes(text));
        return reader.finish() == JsonStatus::whole && handler.is_whole();
    }
};

const std::string time_field = R"("server_time":"2025-12-26T10:16:00.000Z")";
const std::string uploads_field =
    R"("uploads":{"origin":"https://captures.s3.eu-central-1.amazonaws.com","host":"captures.s3.eu-central-1.amazonaws.com",)"
    R"("port":443,"path_prefix":"/devices/x/","query":"X-Amz-Signature=","expires_at":"2025-12-26T11:16:00.000Z"})";
const std::string receipt_field = R"("receipt":{"state":"held","key_id":"r1","signature":"c2ln"})";
const std::string place = R"({"tail":"packs/a.zip","signature":"5d1d"})";

std::string answered(const std::vector<std::string>& fields) {
    std::string text = "{" + time_field;
    for (const std::string& field : fields) text += "," + field;
    return text + "}";
}

std::string objects_field(const std::vector<std::string>& objects) {
    std::string text = "\"objects\":[";
    for (const std::string& object : objects) text += (text.back() == '[' ? "" : ",") + object;
    return text + "]";
}

// One object, with uploads beside it.
ObjectAnswer object_from(const std::string& object) {
    Sync sync(1);
    REQUIRE(sync.read(answered({uploads_field, objects_field({object})})));
    return sync.objects[0];
}

bool is_refused(const std::string& object) { return !Sync(1).read(answered({uploads_field, objects_field({object})})); }

std::string exceptions_field(std::size_t count) {
    std::string text = "\"except\":[";
    for (std::size_t at = 0; at < count; ++at) {
        text += (at == 0 ? "" : ",") + std::string("{\"seq\":") + std::to_string(at) + ",\"next_seq\":" + std::to_string(5000 + at) + "}";
    }
    return text + "]";
}

// The example of docs/protocol.md.
const std::string whole_answer = R"({
  "server_time": "2025-12-26T10:16:00.000Z",
  "settings_version": 2,
  "settings": {"interval_s": 60, "jpeg_quality": 12, "resolution": "SXGA", "motion": true,
    "upload_policy": "newest_first", "paused": false, "paused_until": "2025-12-26T11:00:00Z"},
  "commands": [{"command_id": "01KDD2GXR8000G40R40M30E209", "kind": "forget", "status": "delivered",
      "created_at": "2025-12-26T10:15:59.000Z", "expires_at": "2026-01-02T10:15:59.000Z",
      "arguments": {"from": "2025-12-25T00:00:00Z", "to": "2025-12-26T00:00:00Z"}}],
  "events": ["accepted", "duplicate", "rate_limited"],
  "acks": ["done", "not_found"],
  "receipt_keys": {"r2": "JUO5L/EJVRFHatyDadtt3JM2ZaEZeN2hQE7hBmypVZ0="},
  "uploads": {"origin": "https://captures.s3.eu-central-1.amazonaws.com", "host": "captures.s3.eu-central-1.amazonaws.com",
    "port": 443, "path_prefix": "/devices/3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70/",
    "query": "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=", "expires_at": "2025-12-26T11:16:00.000Z"},
  "objects": [
    {"receipt": {"state": "held", "key_id": "r1", "signature": "0GfnEMBmUwC8A+Andha/wKpwOHU87Ep9fRyYQCstfYJEd3blylZdwp6P3yMi17Ck3lzwi0TXNsDUA9HYhAMjDA=="},
     "except": [{"seq": 107, "next_seq": 1325}]},
    {"tail": "packs/0000000000000121-0000000000000140-60303ae22b99.zip", "signature": "5d1d2dd7a5ae93f6ba2ea1f2ddf8d6b1b8b6e0a0ff9f2f0c8d9c7c5f9f0d3c11"},
    {"conflict": 1326}, {}]
})";

}  // namespace

TEST_CASE("an answer that says only the time is whole") {
    Sync sync;
    CHECK(sync.read(answered({})));
    CHECK(sync.answer->server_time_ms == 1'766'744'160'000);
    CHECK_FALSE(sync.answer->settings);
    CHECK_FALSE(sync.answer->receipt_keys);
    CHECK(sync.answer->command_count == 0);
}

TEST_CASE("the protocol's example is read as it is meant, in pieces of any size") {
    for (const std::size_t piece : {SIZE_MAX, std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
        Sync sync(4, 3, 2);
        REQUIRE(sync.read(whole_answer, piece));
        const SyncAnswer& answer = *sync.answer;
        CHECK(answer.settings_version == 2);
        REQUIRE(answer.settings);
        CHECK(answer.settings->interval_s == 60);
        CHECK(answer.settings->resolution == Resolution::sxga);
        CHECK((answer.settings->motion && answer.settings->newest_first && !answer.settings->paused));
        CHECK(answer.settings->paused_until_ms == 1'766'746'800'000);
        REQUIRE(answer.command_count == 1);
        CHECK(answer.commands[0].id == "01KDD2GXR8000G40R40M30E209");
        CHECK(answer.commands[0].kind == CommandKind::forget);
        CHECK(answer.commands[0].created_at_ms == 1'766'744'159'000);
        CHECK(answer.commands[0].to_ms - answer.commands[0].from_ms == 86'400'000);
        CHECK(answer.events[2] == EventStatus::rate_limited);
        CHECK(answer.acks[1] == AckStatus::not_found);
        REQUIRE(answer.receipt_keys);
        CHECK(answer.receipt_keys->find("r2") != nullptr);
        CHECK(answer.uploads.host == "captures.s3.eu-central-1.amazonaws.com");
        CHECK(answer.uploads.lifetime_ms == 3'600'000);
        CHECK(answer.uploads.endpoint().port == 443);
        REQUIRE(answer.object_count == 4);
        CHECK(answer.objects[0].status == ObjectStatus::held);
        CHECK(answer.objects[0].state == ReceiptState::held);
        CHECK(answer.objects[0].key_id == "r1");
        CHECK(answer.objects[0].tail.empty());
        const auto exceptions = answer.exceptions_of(answer.objects[0]);
        REQUIRE(exceptions.count == 1);
        CHECK(exceptions[0].seq == 107);
        CHECK(exceptions[0].next_seq == 1325);
        CHECK(answer.objects[1].status == ObjectStatus::place);
        CHECK(answer.objects[1].signature.size() == 64);
        CHECK(answer.objects[2].status == ObjectStatus::conflict);
        CHECK(answer.objects[2].next_seq == 1326);
        CHECK(answer.objects[3].status == ObjectStatus::nothing);
    }
}

TEST_CASE("an answer that is cut at any byte is none") {
    for (std::size_t size = 0; size < whole_answer.size(); ++size) {
        Sync sync(4, 3, 2);
        REQUIRE_FALSE(sync.read(std::string_view(whole_answer).substr(0, size)));
    }
}

TEST_CASE("a byte that is changed makes it another answer or none, but never harms") {
    for (std::size_t at = 0; at < whole_answer.size(); ++at) {
        for (const char character : {'"', '}', '\\', '0', '\x80'}) {
            std::string text = whole_answer;
            text[at] = character;
            Sync sync(4, 3, 2);
            const bool is_whole = sync.read(text);
            REQUIRE((!is_whole || sync.answer->object_count == 4));
        }
    }
}

TEST_CASE("the order of fields does not matter") {
    Sync sync(2);
    const std::string held = R"({"except":[{"next_seq":1325,"seq":107}],"receipt":{"signature":"c2ln","key_id":"r1","state":"deleted"}})";
    REQUIRE(sync.read("{" + objects_field({held, R"({"signature":"5d1d","tail":"packs/a.zip"})"}) + "," + uploads_field + "," + time_field + "}"));
    CHECK(sync.objects[0].status == ObjectStatus::held);
    CHECK(sync.objects[0].state == ReceiptState::deleted);
    CHECK(sync.answer->exceptions_of(sync.objects[0])[0].seq == 107);
    CHECK(sync.objects[1].status == ObjectStatus::place);
    CHECK(sync.answer->uploads.lifetime_ms == 3'600'000);
}

TEST_CASE("what a newer server says more is not looked at") {
    Sync sync(1);
    const std::string more = R"("more":{"objects":[{"receipt":{}}],"server_time":5})";
    REQUIRE(sync.read("{" + more + "," + time_field + "," + more + "," + uploads_field + "," +
                      objects_field({"{" + more + "," + receipt_field + ",\"new\":[1,{}]}"}) + "}"));
    CHECK(sync.objects[0].status == ObjectStatus::held);
}

TEST_CASE("a field that is null is one that is missing") {
    Sync sync(1);
    REQUIRE(sync.read(answered({R"("settings":null,"receipt_keys":null,"commands":null,"events":null,"acks":null,"uploads":null)",
                                objects_field({R"({"tail":null,"receipt":null,"except":null,"conflict":null})"})})));
    CHECK(sync.objects[0].status == ObjectStatus::nothing);
}

TEST_CASE("an answer to another request is none") {
    CHECK_FALSE(Sync(1).read(answered({})));
    CHECK_FALSE(Sync(1).read(answered({objects_field({"{}", "{}"})})));
    CHECK_FALSE(Sync(0).read(answered({objects_field({"{}"})})));
    CHECK_FALSE(Sync(2).read(answered({objects_field({"{}"})})));
    CHECK_FALSE(Sync(0, 1).read(answered({})));
    CHECK_FALSE(Sync(0, 0).read(answered({R"("events":["accepted"])"})));
    CHECK_FALSE(Sync(0, 0, 1).read(answered({})));
    CHECK_FALSE(Sync(0, 0, 0).read(answered({R"("acks":["done"])"})));
    CHECK(Sync(2).read(answered({objects_field({"{}", "{}"})})));
}

TEST_CASE("a form that is not the protocol's makes it no answer") {
    for (const std::string text :
         {"[]", "5", "\"x\"", "{}", "{\"server_time\":5}", "{\"server_time\":\"now\"}", "{\"server_time\":null}"}) {
        CAPTURE(text);
        CHECK_FALSE(Sync().read(text));
    }
    for (const std::string field :
         {R"("settings":[])", R"("settings":5)", R"("settings":{"interval_s":"60"})", R"("settings":{"paused":1})", R"("settings":{"paused":{}})",
          R"("settings":{"paused_until":"soon"})", R"("receipt_keys":[])", R"("receipt_keys":{"r1":5})", R"("receipt_keys":{"r1":{}})",
          R"("commands":{})", R"("commands":[5])", R"("commands":[[]])", R"("commands":[null])", R"("events":{})", R"("events":[5])",
          R"("events":[[]])", R"("objects":{})", R"("objects":5)", R"("uploads":[])", R"("settings_version":"2")",
          R"("settings_version":-1)", R"("uploads":{})"}) {
        CAPTURE(field);
        CHECK_FALSE(Sync().read(answered({field})));
    }
}

TEST_CASE("a receipt that lacks something makes it no answer") {
    for (const std::string object :
         {R"({"receipt":{}})", R"({"receipt":[]})", R"({"receipt":5})", R"({"receipt":{"state":"held","key_id":"r1"}})",
          R"({"receipt":{"state":"held","signature":"x"}})", R"({"receipt":{"key_id":"r1","signature":"x"}})",
          R"({"receipt":{"state":1,"key_id":"r1","signature":"x"}})", R"({"receipt":{"state":"held","key_id":null,"signature":"x"}})",
          R"({"tail":"packs/a.zip"})", R"({"tail":5,"signature":"x"})", R"({"tail":{},"signature":"x"})", "5", "[]", "null"}) {
        CAPTURE(object);
        CHECK(is_refused(object));
    }
}

TEST_CASE("a receipt of an unknown state, key or signature is told, and believed by nobody") {
    CHECK(object_from(R"({"receipt":{"state":"promised","key_id":"r1","signature":"x"}})").state == ReceiptState::unknown);
    const std::string long_text(200, 'k');
    const ObjectAnswer object = object_from(R"({"receipt":{"state":"held","key_id":")" + long_text + R"(","signature":")" + long_text + R"("}})");
    CHECK(object.status == ObjectStatus::held);
    CHECK(object.key_id.empty());
    CHECK(object.signature.empty());
}

TEST_CASE("exceptions that lack something, or would use up the seqs, make it no answer") {
    for (const std::string exceptions :
         {"{}", "5", "[5]", "[[]]", "[{}]", R"([{"seq":1}])", R"([{"next_seq":1}])", R"([{"seq":"1","next_seq":2}])",
          R"([{"seq":-1,"next_seq":2}])", R"([{"seq":1,"next_seq":4503599627370495}])", R"([{"seq":1,"next_seq":9007199254740991}])",
          R"([{"seq":9007199254740992,"next_seq":2}])", R"([{"seq":1,"next_seq":1.5}])", "[null]"}) {
        CAPTURE(exceptions);
        CHECK(is_refused("{" + receipt_field + R"(,"except":)" + exceptions + "}"));
    }
    CHECK(is_refused(R"({"conflict":4503599627370495})"));
    CHECK(is_refused(R"({"conflict":"7"})"));
}

TEST_CASE("as many exceptions as a pack has captures are held") {
    Sync sync(1);
    REQUIRE(sync.read(answered({objects_field({"{" + exceptions_field(100) + "," + receipt_field + "}"})})));
    CHECK(sync.objects[0].status == ObjectStatus::held);
    const auto exceptions = sync.answer->exceptions_of(sync.objects[0]);
    REQUIRE(exceptions.count == 100);
    CHECK(exceptions[99].next_seq == 5099);
}

TEST_CASE("a pack with more exceptions than can be held is not taken for held") {
    for (const bool receipt_is_first : {true, false}) {
        Sync sync(2);
        const std::string many = exceptions_field(SyncAnswer::max_exceptions + 1);
        const std::string object = receipt_is_first ? "{" + receipt_field + "," + many + "}" : "{" + many + "," + receipt_field + "}";
        REQUIRE(sync.read(answered({objects_field({object, "{" + exceptions_field(3) + "," + receipt_field + "}"})})));
        CHECK(sync.objects[0].status == ObjectStatus::unreadable);
        CHECK(sync.objects[0].exception_count == 0);
        CHECK(sync.objects[1].status == ObjectStatus::held);
        CHECK(sync.answer->exceptions_of(sync.objects[1]).count == 3);
    }
}

TEST_CASE("what the exceptions of one pack leave no room for, another pack gets the next time") {
    Sync sync(3);
    const auto with = [](std::size_t count) { return "{" + exceptions_field(count) + "," + receipt_field + "}"; };
    REQUIRE(sync.read(answered({objects_field({with(100), with(100), with(28)})})));
    CHECK(sync.objects[0].status == ObjectStatus::held);
    CHECK(sync.objects[1].status == ObjectStatus::unreadable);
    CHECK(sync.objects[2].status == ObjectStatus::held);
    CHECK(sync.answer->exceptions_of(sync.objects[2]).count == 28);
}

TEST_CASE("a capture that is excepted twice is one, under its last number") {
    Sync sync(1);
    REQUIRE(sync.read(answered({objects_field({"{" + receipt_field + R"(,"except":[{"seq":7,"next_seq":8},{"seq":7,"next_seq":9}]})"})})));
    const auto exceptions = sync.answer->exceptions_of(sync.objects[0]);
    REQUIRE(exceptions.count == 1);
    CHECK(exceptions[0].next_seq == 9);
}

TEST_CASE("exceptions said in two parts are one list") {
    Sync sync(1);
    REQUIRE(sync.read(answered({objects_field(
        {R"({"except":[{"seq":7,"next_seq":8}],)" + receipt_field + R"(,"except":[{"seq":8,"next_seq":9}]})"})})));
    CHECK(sync.answer->exceptions_of(sync.objects[0]).count == 2);
}

TEST_CASE("exceptions without a receipt say nothing") {
    const ObjectAnswer object = object_from("{" + exceptions_field(2) + "}");
    CHECK(object.status == ObjectStatus::nothing);
    CHECK(object.exception_count == 0);
}

TEST_CASE("what cannot be held or sent is unreadable, and the others are not") {
    for (const std::string& object :
         {R"({"tail":")" + std::string(96, 't') + R"(","signature":"5d1d"})", R"({"tail":"packs/a.zip","signature":")" + std::string(89, 's') + R"("})",
          std::string(R"({"tail":"packs/a b.zip","signature":"5d1d"})"), std::string(R"({"tail":"packs/a\r\nX: y","signature":"5d1d"})"),
          std::string(R"({"tail":"","signature":"5d1d"})"), "{" + receipt_field + R"(,"object_key_tail":")" + std::string(200, 't') + R"("})",
          R"({"tail":"packs/a.zip","signature":"5d1d",)" + receipt_field + "}", std::string(R"({"tail":"packs/a.zip","signature":"5d1d","object_key_tail":"x"})")}) {
        CAPTURE(object);
        Sync sync(2);
        REQUIRE(sync.read(answered({uploads_field, objects_field({object, place})})));
        CHECK(sync.objects[0].status == ObjectStatus::unreadable);
        CHECK(sync.objects[1].status == ObjectStatus::place);
    }
}

TEST_CASE("a place needs to be told where, and lies within TLS if the API does") {
    CHECK_FALSE(Sync(1).read(answered({objects_field({place})})));
    const auto without = [](const std::string& part, const std::string& instead) {
        std::string field = uploads_field;
        field.replace(field.find(part), part.size(), instead);
        return !Sync(1).read(answered({field, objects_field({place})}));
    };
    CHECK(without("https://", "http://"));
    CHECK(without("https://", "ftp://"));
    CHECK(without("\"port\":443", "\"port\":0"));
    CHECK(without("\"port\":443", "\"port\":65536"));
    CHECK(without("\"port\":443,", ""));
    CHECK(without("/devices/x/", "devices/x/"));
    CHECK(without("/devices/x/", "/devices/ x/"));
    CHECK(without("/devices/x/", "/" + std::string(200, 'x')));
    CHECK(without("X-Amz-Signature=", ""));
    CHECK(without("X-Amz-Signature=", "a\\r\\nb"));
    CHECK(without("X-Amz-Signature=", std::string(3'072, 'q')));
    CHECK(without("X-Amz-Signature=", std::string(5'000, 'q')));
    CHECK(without("2025-12-26T11:16:00.000Z", "later"));
    CHECK_FALSE(without("X-Amz-Signature=", std::string(3'071, 'q')));
    Sync plain(1);
    plain.uses_tls = false;
    CHECK(plain.read(answered({uploads_field, objects_field({place})})));
}

TEST_CASE("places that have died on the way live for no time") {
    std::string field = uploads_field;
    field.replace(field.find("2025-12-26T11"), 13, "2025-12-26T09");
    Sync sync(1);
    REQUIRE(sync.read(answered({field, objects_field({place})})));
    CHECK(sync.answer->uploads.lifetime_ms == 0);
}

TEST_CASE("commands that are unknown are told, those that could not be acknowledged are not") {
    const auto command = [](const std::string& id, const std::string& kind, const std::string& arguments) {
        return R"({"command_id":")" + id + R"(","kind":")" + kind + R"(","created_at":"2025-12-26T10:15:59Z","arguments":)" + arguments + "}";
    };
    const std::string good_id = "01KDD2GXR8000G40R40M30E209";
    Sync sync;
    REQUIRE(sync.read(answered({"\"commands\":[" + command(good_id, "pause", R"({"duration_s":3600,"new":{}})") + "," +
                                command(good_id, "dance", "{}") + "," + command("short", "reboot", "{}") + "," +
                                command(good_id + "X", "reboot", "{}") + "," + command(good_id, std::string(5'000, 'k'), "null") + "," +
                                command(good_id, "pause", R"({"duration_s":"x","from":5,"to":"y"})") + "]"})));
    REQUIRE(sync.answer->command_count == 4);
    CHECK(sync.answer->commands[0].kind == CommandKind::pause);
    CHECK(sync.answer->commands[0].duration_s == 3600);
    CHECK(sync.answer->commands[1].kind == CommandKind::unknown);
    CHECK(sync.answer->commands[2].kind == CommandKind::unknown);
    CHECK(sync.answer->commands[3].duration_s == 0);
    for (const std::string bad : {"{}", R"({"command_id":"01KDD2GXR8000G40R40M30E209","kind":"pause"})",
                                  R"({"kind":"pause","created_at":"2025-12-26T10:15:59Z"})",
                                  R"({"command_id":5,"kind":"pause","created_at":"2025-12-26T10:15:59Z"})",
                                  R"({"command_id":"01KDD2GXR8000G40R40M30E209","created_at":"2025-12-26T10:15:59Z"})"}) {
        CAPTURE(bad);
        CHECK_FALSE(Sync().read(answered({"\"commands\":[" + bad + "]"})));
    }
}

TEST_CASE("every kind of command has its name") {
    const std::vector<std::string> names{"capture_now", "pause", "resume", "reboot", "repair", "rotate_token", "upload_log", "forget"};
    for (std::size_t at = 0; at < names.size(); ++at) {
        Sync sync;
        REQUIRE(sync.read(answered({R"("commands":[{"command_id":"01KDD2GXR8000G40R40M30E209","created_at":"2025-12-26T10:15:59Z","kind":")" +
                                    names[at] + "\"}]"})));
        CHECK(static_cast<std::size_t>(sync.answer->commands[0].kind) == at + 1);
    }
}

TEST_CASE("commands that do not fit come again") {
    std::string list;
    for (int at = 0; at < 30; ++at) {
        list += std::string(list.empty() ? "" : ",") + R"({"command_id":"01KDD2GXR8000G40R40M30E209","kind":"resume","created_at":"2025-12-26T10:15:59Z"})";
    }
    Sync sync;
    REQUIRE(sync.read(answered({"\"commands\":[" + list + "]"})));
    CHECK(sync.answer->command_count == max_sync_commands);
}

TEST_CASE("statuses that are unknown count as told") {
    Sync sync(0, 1, 1);
    REQUIRE(sync.read(answered({R"("events":["postponed"],"acks":["whatever"])"})));
    CHECK(sync.answer->events[0] == EventStatus::other);
    CHECK(sync.answer->acks[0] == AckStatus::other);
}

TEST_CASE("settings without a field have the server's default, and one out of range does no harm") {
    Sync sync;
    REQUIRE(sync.read(answered({R"("settings":{"interval_s":0,"jpeg_quality":200,"resolution":"8K","motion":null,"new":[1]})"})));
    CHECK(sync.answer->settings->interval_s == 30);
    CHECK(sync.answer->settings->jpeg_quality == 12);
    CHECK(sync.answer->settings->resolution == Resolution::uxga);
    CHECK_FALSE(sync.answer->settings->motion);
    REQUIRE(sync.read(answered({R"("settings":{"interval_s":99999999})"})));
    CHECK(sync.answer->settings->interval_s == 86'400);
}

TEST_CASE("every resolution has its name") {
    const std::vector<std::string> names{"QVGA", "VGA", "SVGA", "XGA", "HD", "SXGA", "UXGA", "FHD", "QXGA", "QSXGA"};
    for (std::size_t at = 0; at < names.size(); ++at) {
        Resolution resolution = Resolution::uxga;
        CHECK(parse_resolution(names[at], resolution));
        CHECK(static_cast<std::size_t>(resolution) == at);
    }
}

TEST_CASE("receipt keys replace those before, and an empty list does not") {
    Sync sync;
    REQUIRE(sync.read(answered({R"("receipt_keys":{})"})));
    CHECK_FALSE(sync.answer->receipt_keys);
    REQUIRE(sync.read(answered({R"("receipt_keys":{"r1":"Kay64UG8yvCyLhqU000LxzYeUm0L/hLIl5S8kyKWbdc=","r2":"broken","a-very-long-id-of-a-key":"x"})"})));
    REQUIRE(sync.answer->receipt_keys);
    CHECK(sync.answer->receipt_keys->count() == 1);
}

TEST_CASE("a second answer begins anew") {
    Sync sync(4, 3, 2);
    REQUIRE(sync.read(whole_answer));
    REQUIRE(sync.read(answered({R"("events":["accepted","accepted","accepted"],"acks":["done","done"])", objects_field({"{}", "{}", "{}", "{}"})})));
    CHECK_FALSE(sync.answer->settings);
    CHECK_FALSE(sync.answer->receipt_keys);
    CHECK(sync.answer->command_count == 0);
    CHECK(sync.answer->exception_count == 0);
    CHECK(sync.objects[0].status == ObjectStatus::nothing);
    CHECK(sync.objects[0].signature.empty());
}

TEST_CASE("a pack's receipt is believed for this pack alone") {
    const JsonTree tree = parse_json(read_text_file(FERRY_VECTORS "/receipts.json"));
    ReceiptKeys keys;
    REQUIRE(keys.add("r1", tree.at("keys").at("r1").at("public").text));
    const JsonTree* vector = nullptr;
    for (const JsonTree& each : tree.at("valid").elements) {
        if (each.at("what").text == "pack, held, signed with r1") vector = &each;
    }
    REQUIRE(vector != nullptr);
    NamedPack pack{{101, 120}, static_cast<std::uint32_t>(vector->at("size_bytes").number()), Sha256{}, true};
    const std::string& hex = vector->at("sha256").text;
    for (std::size_t at = 0; at < 32; ++at) pack.sha256[at] = static_cast<std::uint8_t>(std::stoul(hex.substr(at * 2, 2), nullptr, 16));
    ObjectAnswer object;
    object.status = ObjectStatus::held;
    object.state = ReceiptState::held;
    object.key_id.append("r1");
    object.signature.append(vector->at("signature").text);

    CHECK(verify(keys, device_id, pack, object) == ReceiptVerdict::valid);
    const auto verdict = [&](auto change) {
        NamedPack other = pack;
        ObjectAnswer answer = object;
        change(other, answer);
        return verify(keys, device_id, other, answer);
    };
    CHECK(verdict([](NamedPack& other, ObjectAnswer&) { other.seqs.last = 121; }) == ReceiptVerdict::bad_signature);
    CHECK(verdict([](NamedPack& other, ObjectAnswer&) { ++other.size_bytes; }) == ReceiptVerdict::bad_signature);
    CHECK(verdict([](NamedPack& other, ObjectAnswer&) { other.sha256[31] ^= 1; }) == ReceiptVerdict::bad_signature);
    CHECK(verdict([](NamedPack&, ObjectAnswer& answer) { answer.state = ReceiptState::deleted; }) == ReceiptVerdict::bad_signature);
    CHECK(verdict([](NamedPack&, ObjectAnswer& answer) { answer.tail.append("packs/other.zip"); }) == ReceiptVerdict::other_object);
    CHECK(verdict([](NamedPack&, ObjectAnswer& answer) { answer.status = ObjectStatus::unreadable; }) == ReceiptVerdict::other_object);
    CHECK(verdict([&](NamedPack& other, ObjectAnswer& answer) { answer.tail.append(pack_key_tail(other.seqs, other.sha256)); }) ==
          ReceiptVerdict::valid);
}
