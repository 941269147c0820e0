#include "frameferry/activation.h"

#include <algorithm>

#include "ascii.h"
#include "frameferry/instant.h"
#include "frameferry/json_writer.h"
#include "next_seq.h"

namespace frameferry {

namespace {

using Next = JsonHandler::Next;

Next go_on_if(bool is_good) { return is_good ? Next::go_on : Next::refuse; }

// It will stand in a header.
bool get_token(const JsonValue& value, DeviceToken& token) {
    const auto is_word = [](char character) { return character > ' ' && character <= '~'; };
    return value.get(token) && !token.empty() && std::all_of(token.view().begin(), token.view().end(), is_word);
}

}  // namespace

bool ActivationRequestBody::write_to(ByteSink& sink) {
    JsonWriter json(sink);
    json.begin_object().key("pairing_code").text(request_.pairing_code).key("nonce").text(request_.nonce);
    if (!request_.firmware_version.empty()) json.key("firmware_version").text(request_.firmware_version, 200);
    json.end_object();
    return json.ok();
}

ActivationReader::ActivationReader(Activation& activation) : activation_(activation) { activation_ = Activation(); }

Next ActivationReader::begin(std::string_view key, bool is_list) {
    if (where_ == Where::outside) {
        where_ = Where::top;
        return go_on_if(!is_list);
    }
    if (where_ == Where::settings) return SettingsReader::knows(key) ? Next::refuse : Next::skip;
    if (where_ == Where::receipt_keys) return Next::refuse;
    if (key == "settings") {
        where_ = Where::settings;
        return go_on_if(!is_list);
    }
    if (key != "receipt_keys") return Next::skip;
    where_ = Where::receipt_keys;
    return go_on_if(!is_list);
}

Next ActivationReader::end(bool /*is_list*/) {
    if (where_ != Where::top) {
        where_ = Where::top;
        return Next::go_on;
    }
    activation_.settings = settings_.settings();
    const bool has_identity = !activation_.device_id.empty() && !activation_.device_token.empty();
    is_ended_ = has_identity && activation_.receipt_keys.count() != 0;
    return go_on_if(is_ended_);
}

Next ActivationReader::value(std::string_view key, const JsonValue& value) {
    if (where_ == Where::outside) return Next::refuse;
    if (where_ == Where::receipt_keys) {
        if (value.type != JsonType::text) return Next::refuse;
        if (value.is_whole) static_cast<void>(activation_.receipt_keys.add(key, value.text));
        return Next::go_on;
    }
    if (value.is_null()) return Next::go_on;
    return where_ == Where::settings ? go_on_if(settings_.value(key, value)) : top_value(key, value);
}

Next ActivationReader::top_value(std::string_view key, const JsonValue& value) {
    if (key == "device_id") {
        return go_on_if(value.get(activation_.device_id) && parse_uuid(activation_.device_id, activation_.device_uuid));
    }
    if (key == "device_token") return go_on_if(get_token(value, activation_.device_token));
    if (key == "settings_version") return go_on_if(value.get(activation_.settings_version));
    if (key == "next_seq") return go_on_if(get_next_seq(value, activation_.next_seq));
    if (key == "server_time") {
        std::string_view text;
        return go_on_if(value.get(text) && parse_rfc3339(text, activation_.server_time_ms));
    }
    return Next::go_on;
}

Next TokenReader::begin(std::string_view /*key*/, bool is_list) {
    if (is_inside_) return Next::skip;
    is_inside_ = true;
    return go_on_if(!is_list);
}

Next TokenReader::end(bool /*is_list*/) {
    is_ended_ = !token_.empty();
    return go_on_if(is_ended_);
}

Next TokenReader::value(std::string_view key, const JsonValue& value) {
    if (!is_inside_) return Next::refuse;
    return key == "device_token" ? go_on_if(get_token(value, token_)) : Next::go_on;
}

bool parse_uuid(std::string_view text, Uuid& uuid) {
    constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (text.size() != form.size()) return false;
    Uuid parsed{};
    std::size_t digits = 0;
    for (std::size_t at = 0; at < form.size(); ++at) {
        const int digit = ascii::hex_digit(text[at]);
        const bool is_dash = form[at] == '-';
        if (is_dash != (text[at] == '-')) return false;
        if (is_dash) continue;
        if (digit < 0 || ascii::lower(text[at]) != text[at]) return false;
        auto& byte = parsed[digits++ / 2];
        byte = static_cast<std::uint8_t>(byte << 4U | digit);
    }
    uuid = parsed;
    return true;
}

}  // namespace frameferry
