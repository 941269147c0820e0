// What concerns the device as a whole; sync_answer_objects.cpp has what concerns its packs.
#include <algorithm>

#include "frameferry/instant.h"
#include "frameferry/sync.h"

namespace frameferry {

namespace {

using Next = JsonHandler::Next;

Next go_on_if(bool is_good) { return is_good ? Next::go_on : Next::refuse; }

bool get_instant(const JsonValue& value, std::int64_t& utc_ms) {
    std::string_view text;
    return value.get(text) && parse_rfc3339(text, utc_ms);
}

CommandKind command_kind(std::string_view name) {
    constexpr std::array<std::string_view, 8> names{"capture_now", "pause",        "resume",     "reboot",
                                                    "repair",      "rotate_token", "upload_log", "forget"};
    const auto* found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? CommandKind::unknown : static_cast<CommandKind>(found - names.begin() + 1);
}

EventStatus event_status(std::string_view name) {
    if (name == "accepted") return EventStatus::accepted;
    if (name == "duplicate") return EventStatus::duplicate;
    return name == "rate_limited" ? EventStatus::rate_limited : EventStatus::other;
}

AckStatus ack_status(std::string_view name) {
    if (name == "done") return AckStatus::done;
    if (name == "failed") return AckStatus::failed;
    if (name == "not_found") return AckStatus::not_found;
    return name == "command_finished" ? AckStatus::command_finished : AckStatus::other;
}

// Another one could never be acknowledged: the server would refuse the whole sync for it.
bool is_command_id(std::string_view id) {
    return id.size() == 26 && std::all_of(id.begin(), id.end(), [](char character) {
               return (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z');
           });
}

bool is_known_part(std::string_view key) {
    constexpr std::array<std::string_view, 7> parts{"settings", "receipt_keys", "commands", "events",
                                                    "acks",     "uploads",      "objects"};
    return std::find(parts.begin(), parts.end(), key) != parts.end();
}

}  // namespace

void SyncAnswer::clear() {
    server_time_ms = 0;
    settings_version = 0;
    settings.reset();
    receipt_keys.reset();
    uploads.host.clear();
    uploads.path_prefix.clear();
    uploads.query.clear();
    uploads.port = 0;
    uploads.uses_tls = true;
    uploads.lifetime_ms = 0;
    object_count = event_count = ack_count = command_count = exception_count = 0;
}

SyncAnswerReader::SyncAnswerReader(const SyncRequest& request, bool uses_tls, SyncAnswer& answer)
    : request_(request), answer_(answer), uses_tls_(uses_tls) {
    answer_.clear();
}

Next SyncAnswerReader::enter(Where where, bool has_right_type) {
    if (!has_right_type || depth_ == path_.size()) return Next::refuse;
    path_[depth_++] = where;
    return Next::go_on;
}

Next SyncAnswerReader::begin(std::string_view key, bool is_list) {
    if (depth_ == 0) return enter(Where::top, !is_list);
    switch (path_[depth_ - 1U]) {
        case Where::top: return begin_at_top(key, is_list);
        case Where::settings: return SettingsReader::knows(key) ? Next::refuse : Next::skip;
        case Where::commands: return is_list ? Next::refuse : begin_command();
        case Where::command: return key == "arguments" ? enter(Where::arguments, !is_list) : Next::skip;
        case Where::objects: return is_list ? Next::refuse : begin_object();
        case Where::object: return begin_in_object(key, is_list);
        case Where::exceptions: return is_list ? Next::refuse : begin_exception();
        case Where::receipt_keys:
        case Where::events:
        case Where::acks: return Next::refuse;  // all of these are texts
        default: return Next::skip;
    }
}

Next SyncAnswerReader::begin_at_top(std::string_view key, bool is_list) {
    if (key == "settings") {
        settings_ = SettingsReader();
        return enter(Where::settings, !is_list);
    }
    if (key == "receipt_keys") return enter(Where::receipt_keys, !is_list);
    if (key == "commands") return enter(Where::commands, is_list);
    if (key == "events") return enter(Where::events, is_list);
    if (key == "acks") return enter(Where::acks, is_list);
    if (key == "objects") return enter(Where::objects, is_list);
    if (key != "uploads") return Next::skip;
    has_uploads_ = true;
    return enter(Where::uploads, !is_list);
}

Next SyncAnswerReader::begin_command() {
    command_ = Command();
    command_has_kind_ = false;
    command_is_good_ = true;
    return enter(Where::command);
}

Next SyncAnswerReader::end(bool /*is_list*/) {
    const Where ended = path_[--depth_];
    switch (ended) {
        case Where::settings: answer_.settings = settings_.settings(); return Next::go_on;
        case Where::command: return end_command();
        case Where::uploads: return end_uploads();
        case Where::object: return end_object();
        case Where::exception: return end_exception();
        case Where::top: return end_top();
        default: return Next::go_on;
    }
}

Next SyncAnswerReader::value(std::string_view key, const JsonValue& value) {
    if (depth_ == 0) return Next::refuse;
    const Where where = path_[depth_ - 1U];
    switch (where) {
        case Where::commands:
        case Where::objects:
        case Where::exceptions: return Next::refuse;  // all of these are objects
        case Where::events: return event_value(value);
        case Where::acks: return ack_value(value);
        case Where::receipt_keys: return receipt_key_value(key, value);
        default: break;
    }
    if (value.is_null()) return Next::go_on;  // as if it were not there
    switch (where) {
        case Where::top: return top_value(key, value);
        case Where::settings: return go_on_if(settings_.value(key, value));
        case Where::command: return command_value(key, value);
        case Where::arguments: return argument_value(key, value);
        case Where::uploads: return uploads_value(key, value);
        case Where::object: return object_value(key, value);
        case Where::receipt: return receipt_value(key, value);
        default: return exception_value(key, value);
    }
}

Next SyncAnswerReader::top_value(std::string_view key, const JsonValue& value) {
    if (key == "server_time") return go_on_if(get_instant(value, answer_.server_time_ms));
    if (key == "settings_version") return go_on_if(value.get(answer_.settings_version));
    return go_on_if(!is_known_part(key));
}

Next SyncAnswerReader::receipt_key_value(std::string_view key, const JsonValue& value) {
    if (value.type != JsonType::text) return Next::refuse;
    if (!answer_.receipt_keys) answer_.receipt_keys = ReceiptKeys();
    // What cannot be kept makes no receipt valid: that is on the safe side.
    if (value.is_whole) static_cast<void>(answer_.receipt_keys->add(key, value.text));
    return Next::go_on;
}

Next SyncAnswerReader::command_value(std::string_view key, const JsonValue& value) {
    std::string_view text;
    if (key == "created_at") return go_on_if(get_instant(value, command_.created_at_ms));
    if (key == "kind") {
        if (value.type != JsonType::text) return Next::refuse;
        command_.kind = value.get(text) ? command_kind(text) : CommandKind::unknown;
        command_has_kind_ = true;
    } else if (key == "command_id") {
        if (value.type != JsonType::text) return Next::refuse;
        command_is_good_ = value.get(command_.id) && is_command_id(command_.id);
    }
    return Next::go_on;
}

// An argument of a wrong form is none: then the command fails, and its owner reads that.
Next SyncAnswerReader::argument_value(std::string_view key, const JsonValue& value) {
    std::uint64_t number = 0;
    if (key == "duration_s" && value.get(number)) {
        command_.duration_s = static_cast<std::uint32_t>(std::min<std::uint64_t>(number, UINT32_MAX));
    } else if (key == "from") {
        static_cast<void>(get_instant(value, command_.from_ms));
    } else if (key == "to") {
        static_cast<void>(get_instant(value, command_.to_ms));
    }
    return Next::go_on;
}

Next SyncAnswerReader::end_command() {
    const bool has_id = !command_is_good_ || !command_.id.empty();
    if (!has_id || !command_has_kind_ || command_.created_at_ms == 0) return Next::refuse;
    const bool has_room = answer_.command_count < answer_.commands.size();
    if (command_is_good_ && has_room) answer_.commands[answer_.command_count++] = command_;
    return Next::go_on;
}

Next SyncAnswerReader::event_value(const JsonValue& value) {
    if (value.type != JsonType::text || answer_.event_count == answer_.events.size()) return Next::refuse;
    answer_.events[answer_.event_count++] = event_status(value.text);
    return Next::go_on;
}

Next SyncAnswerReader::ack_value(const JsonValue& value) {
    if (value.type != JsonType::text || answer_.ack_count == answer_.acks.size()) return Next::refuse;
    answer_.acks[answer_.ack_count++] = ack_status(value.text);
    return Next::go_on;
}

bool SyncAnswerReader::has_wanted_counts() const {
    return answer_.object_count == request_.objects.count && answer_.event_count == request_.events.count &&
           answer_.ack_count == request_.acks.count;
}

Next SyncAnswerReader::end_top() {
    if (answer_.server_time_ms == 0 || !has_wanted_counts()) return Next::refuse;
    if (wants_places() && !has_uploads_) return Next::refuse;
    constexpr std::int64_t longest_ms = 86'400'000;
    const std::int64_t lifetime_ms = std::clamp<std::int64_t>(expires_at_ms_ - answer_.server_time_ms, 0, longest_ms);
    answer_.uploads.lifetime_ms = static_cast<std::uint32_t>(lifetime_ms);
    is_ended_ = true;
    return Next::go_on;
}

}  // namespace frameferry
