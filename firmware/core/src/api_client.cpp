#include "frameferry/api_client.h"

#include <array>

#include "api_error.h"

namespace frameferry {

namespace {

// A body without fields.
class EmptyBody final : public BodySource {
public:
    bool write_to(ByteSink& sink) override { return sink.write(Bytes(std::string_view("{}"))); }
};

// Gives a success to one reader and an error to another.
class AnswerReaders final : public AnswerSink {
public:
    AnswerReaders(Room scratch, JsonDocument& document, ApiError& error)
        : success_(scratch, document), failure_(scratch, error) {}

    void begin(const HttpAnswer& answer) override { is_success_ = answer.code < 300; }
    bool write(Bytes bytes) override { return reader().write(bytes); }
    bool is_json() { return reader().finish() == JsonStatus::whole; }

private:
    JsonReader& reader() { return is_success_ ? success_ : failure_; }

    JsonReader success_;
    JsonReader failure_;
    bool is_success_ = false;
};

ApiOutcome outcome_without_answer(HttpStatus status) {
    const bool is_foreign = status == HttpStatus::malformed || status == HttpStatus::too_large;
    return is_foreign ? ApiOutcome::foreign : ApiOutcome::no_answer;
}

bool is_about_credentials(std::uint16_t status, std::string_view code) {
    if (status != 401 && status != 403) return false;
    return code == "invalid_credential" || code == "missing_credential" || code == "device_revoked";
}

ApiOutcome outcome_of_error(std::uint16_t status, std::string_view code) {
    if (status < 400) return ApiOutcome::foreign;  // no redirect can be
    if (status >= 500 || status == 408 || status == 425 || status == 429) return ApiOutcome::busy;
    return is_about_credentials(status, code) ? ApiOutcome::credential_refused : ApiOutcome::refused;
}

}  // namespace

ApiResult ApiClient::sync(std::string_view token, const SyncRequest& request, SyncAnswer& answer) {
    SyncRequestBody body(request);
    SyncAnswerReader reader(request, base_.endpoint.uses_tls, answer);
    const ApiResult result = post("/devices/sync", token, body, reader);
    if (result.outcome != ApiOutcome::ok) answer.clear();
    return result;
}

ApiResult ApiClient::activate(const ActivationRequest& request, Activation& activation) {
    ActivationRequestBody body(request);
    ActivationReader reader(activation);
    return post("/devices/activate", {}, body, reader);
}

ApiResult ApiClient::rotate_token(std::string_view token, DeviceToken& new_token) {
    EmptyBody body;
    TokenReader reader(new_token);
    return post("/devices/token", token, body, reader);
}

ApiResult ApiClient::post(std::string_view path, std::string_view token, BodySource& body, JsonDocument& document) {
    const std::array<HttpHeader, 3> headers{
        {{"Content-Type", "application/json"}, {"Accept", "application/json"}, {"X-Device-Token", token}}};
    HttpRequest request;
    request.method = "POST";
    request.endpoint = base_.endpoint;
    request.target = {base_.path, path};
    request.headers = {headers.data(), token.empty() ? headers.size() - 1 : headers.size()};
    request.body = &body;
    request.body_bytes = counted(body);

    ApiError error;
    AnswerReaders readers(scratch_, document, error);
    ApiResult result;
    result.http = http_.send(request, readers);
    const std::uint16_t status = result.http.answer.code;
    if (result.http.status != HttpStatus::ok) {
        result.outcome = outcome_without_answer(result.http.status);
    } else if (!readers.is_json()) {
        // Captive portals say 200 to everything.
        result.outcome = ApiOutcome::foreign;
    } else if (status < 300) {
        const bool is_ours = document.is_whole() && result.http.is_request_sent;
        result.outcome = is_ours ? ApiOutcome::ok : ApiOutcome::foreign;
    } else {
        result.code.append(error.code());
        result.next_seq = error.next_seq();
        result.outcome = error.is_whole() ? outcome_of_error(status, error.code()) : ApiOutcome::foreign;
    }
    return result;
}

}  // namespace frameferry
