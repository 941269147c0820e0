// A sync, and what it may be answered.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "frameferry/sync.h"

namespace sync_fixture {

using namespace frameferry;

inline constexpr std::string_view device_id = "3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70";

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

inline const std::string time_field = R"("server_time":"2025-12-26T10:16:00.000Z")";
inline const std::string uploads_field =
    R"("uploads":{"origin":"https://captures.s3.eu-central-1.amazonaws.com","host":"captures.s3.eu-central-1.amazonaws.com",)"
    R"("port":443,"path_prefix":"/devices/x/","query":"X-Amz-Signature=","expires_at":"2025-12-26T11:16:00.000Z"})";
inline const std::string receipt_field = R"("receipt":{"state":"held","key_id":"r1","signature":"c2ln"})";
inline const std::string place = R"({"tail":"packs/a.zip","signature":"5d1d"})";

inline std::string answered(const std::vector<std::string>& fields) {
    std::string text = "{" + time_field;
    for (const std::string& field : fields) text += "," + field;
    return text + "}";
}

inline std::string objects_field(const std::vector<std::string>& objects) {
    std::string text = "\"objects\":[";
    for (const std::string& object : objects) text += (text.back() == '[' ? "" : ",") + object;
    return text + "]";
}

// One object, with uploads beside it.
inline ObjectAnswer object_from(const std::string& object) {
    Sync sync(1);
    REQUIRE(sync.read(answered({uploads_field, objects_field({object})})));
    return sync.objects[0];
}

inline bool is_refused(const std::string& object) {
    return !Sync(1).read(answered({uploads_field, objects_field({object})}));
}

inline std::string exceptions_field(std::size_t count) {
    std::string text = "\"except\":[";
    for (std::size_t at = 0; at < count; ++at) {
        text += (at == 0 ? "" : ",") + std::string("{\"seq\":") + std::to_string(at) +
                ",\"next_seq\":" + std::to_string(5000 + at) + "}";
    }
    return text + "]";
}

// The example of docs/protocol.md.
inline const std::string whole_answer = R"({
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

}  // namespace sync_fixture
