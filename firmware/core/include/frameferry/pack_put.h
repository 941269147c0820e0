// A pack into S3 by its presigned PUT, and what S3's answers mean (docs/protocol.md, "Getting a photo up").
#pragma once

#include <cstdint>

#include "frameferry/http_client.h"
#include "frameferry/pack_queue.h"
#include "frameferry/sync.h"

namespace frameferry {

enum class PutOutcome : std::uint8_t {
    stored,          // says who answered, or it was there before; only a receipt proves it
    no_answer,       // no network, a cut connection, a deadline passed
    foreign,         // something answered that is not S3
    busy,            // 5xx, SlowDown, RequestTimeout and the like
    url_refused,     // 403: it has expired, or its signer has
    digest_refused,  // the bytes that came are not those that were announced
    refused,         // any other 4xx
    pack_gone,       // the queue has it no more, or not as it was
    pack_damaged,
    card_failed,
};

struct PutResult {
    PutOutcome outcome = PutOutcome::no_answer;
    HttpResult http;
    Text<63> code;             // S3's word, where it said one
    bool is_wholly_sent = false;  // then it may be there although nobody has said so

    [[nodiscard]] std::uint32_t retry_after_ms() const;
};

// The chunk is for reading the card: 8 KiB is good.
PutResult put_pack(HttpClient& http, PackQueue& queue, const UploadPlaces& places, const QueuedPack& pack,
                   const Sha256& sha256, std::string_view signature, Room chunk);

// What waits for a Retry-After are milliseconds everywhere.
[[nodiscard]] std::uint32_t retry_after_ms(const HttpAnswer& answer);

}  // namespace frameferry
