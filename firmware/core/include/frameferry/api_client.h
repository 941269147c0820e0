// The API's routes as calls: a request goes out, and one of few things comes of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "frameferry/activation.h"
#include "frameferry/http_client.h"
#include "frameferry/json_reader.h"
#include "frameferry/sync.h"

namespace frameferry {

enum class ApiOutcome : std::uint8_t {
    ok,
    no_answer,           // no network, a cut connection, a deadline passed: see `http`
    foreign,             // something answered that does not speak the protocol: a captive portal, a proxy
    busy,                // it cannot now: 5xx, 408, 425, 429
    refused,             // 4xx: the same request will be refused again
    credential_refused,  // `invalid_credential`, `missing_credential` or `device_revoked`
};

struct ApiResult {
    ApiOutcome outcome = ApiOutcome::no_answer;
    HttpResult http;  // Retry-After and Date are in its answer. Never believe the Date of a foreign answer
    Text<39> code;    // of refused, busy and credential_refused
    std::optional<Seq> next_seq;  // beside the code `conflict`
};

// Not thread-safe; on the HttpClient that is given.
class ApiClient {
public:
    // `base` is what paths are put behind: https://host/api; its text must live as long. The scratch is for the
    // longest text of an answer: 4 KiB.
    ApiClient(HttpClient& http, const Url& base, Room scratch) : http_(http), base_(base), scratch_(scratch) {}

    // The answer is empty where the outcome is not ok.
    ApiResult sync(std::string_view token, const SyncRequest& request, SyncAnswer& answer);
    ApiResult activate(const ActivationRequest& request, Activation& activation);
    // Asked again, it is the same one until it is first used.
    ApiResult rotate_token(std::string_view token, DeviceToken& new_token);

private:
    ApiResult post(std::string_view path, std::string_view token, BodySource& body, JsonDocument& document);

    HttpClient& http_;
    Url base_;
    Room scratch_;
};

}  // namespace frameferry
