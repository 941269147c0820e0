// POST /devices/activate and POST /devices/token (docs/protocol.md): how a device gets its credential and changes it.
#pragma once

#include <cstdint>
#include <string_view>

#include "frameferry/bytes.h"
#include "frameferry/captures.h"
#include "frameferry/json_reader.h"
#include "frameferry/receipts.h"
#include "frameferry/settings.h"
#include "frameferry/settings_reader.h"
#include "frameferry/streams.h"

namespace frameferry {

using DeviceToken = Text<127>;

// Code and nonce are kept before they are first sent, and sent again as they are until there is an answer: for ten
// minutes the same ones get the same answer.
struct ActivationRequest {
    std::string_view pairing_code;
    std::string_view nonce;  // 16 to 128 characters
    std::string_view firmware_version;
};

class ActivationRequestBody final : public BodySource {
public:
    explicit ActivationRequestBody(const ActivationRequest& request) : request_(request) {}
    bool write_to(ByteSink& sink) override;

private:
    const ActivationRequest& request_;
};

struct Activation {
    DeviceIdText device_id;
    Uuid device_uuid{};
    DeviceToken device_token;
    Settings settings;
    std::uint64_t settings_version = 0;
    Seq next_seq = 0;
    std::int64_t server_time_ms = 0;  // 0 where it was not said
    ReceiptKeys receipt_keys;
};

// Only what ended whole may be read. Without receipt keys a device could never delete: then it is no activation.
class ActivationReader final : public JsonDocument {
public:
    explicit ActivationReader(Activation& activation);

    Next begin(std::string_view key, bool is_list) override;
    Next end(bool is_list) override;
    Next value(std::string_view key, const JsonValue& value) override;
    [[nodiscard]] bool is_whole() const override { return is_ended_; }

private:
    enum class Where : std::uint8_t { outside, top, settings, receipt_keys };

    Next top_value(std::string_view key, const JsonValue& value);

    Activation& activation_;
    SettingsReader settings_;
    Where where_ = Where::outside;
    bool is_ended_ = false;
};

// The answer of /devices/token: to be kept as the pending token before it is used.
class TokenReader final : public JsonDocument {
public:
    explicit TokenReader(DeviceToken& token) : token_(token) { token_.clear(); }

    Next begin(std::string_view key, bool is_list) override;
    Next end(bool is_list) override;
    Next value(std::string_view key, const JsonValue& value) override;
    [[nodiscard]] bool is_whole() const override { return is_ended_; }

private:
    DeviceToken& token_;
    bool is_inside_ = false;
    bool is_ended_ = false;
};

// 36 characters in lower case. False for anything else.
[[nodiscard]] bool parse_uuid(std::string_view text, Uuid& uuid);

}  // namespace frameferry
