#include <algorithm>

#include "frameferry/instant.h"
#include "frameferry/sync.h"
#include "next_seq.h"

namespace frameferry {

namespace {

using Next = JsonHandler::Next;

Next go_on_if(bool is_good) { return is_good ? Next::go_on : Next::refuse; }

// What can stand in a request line.
bool is_url_text(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char character) { return character > ' ' && character <= '~'; });
}

}  // namespace

Next SyncAnswerReader::uploads_value(std::string_view key, const JsonValue& value) {
    UploadPlaces& uploads = answer_.uploads;
    if (key == "host") return go_on_if(value.get(uploads.host) && is_url_text(uploads.host));
    if (key == "path_prefix") return go_on_if(value.get(uploads.path_prefix) && is_url_text(uploads.path_prefix));
    if (key == "query") return go_on_if(value.get(uploads.query) && is_url_text(uploads.query));
    std::string_view text;
    if (key == "expires_at") return go_on_if(value.get(text) && parse_rfc3339(text, expires_at_ms_));
    if (key == "port") {
        std::uint64_t port = 0;
        if (!value.get(port) || port == 0 || port > UINT16_MAX) return Next::refuse;
        uploads.port = static_cast<std::uint16_t>(port);
    } else if (key == "origin") {
        if (!value.get(text)) return Next::refuse;
        uploads.uses_tls = text.substr(0, 8) == "https://";
        has_origin_ = uploads.uses_tls || text.substr(0, 7) == "http://";
    }
    return Next::go_on;
}

Next SyncAnswerReader::end_uploads() {
    const UploadPlaces& uploads = answer_.uploads;
    const bool leaves_tls = uses_tls_ && !uploads.uses_tls;
    const bool is_there = has_origin_ && !uploads.host.empty() && uploads.port != 0 && !uploads.query.empty() &&
                          expires_at_ms_ != 0 && uploads.path_prefix.view().substr(0, 1) == "/";
    return go_on_if(is_there && !leaves_tls);
}

bool SyncAnswerReader::wants_places() const {
    return std::any_of(answer_.objects, answer_.objects + answer_.object_count,
                       [](const ObjectAnswer& object) { return object.status == ObjectStatus::place; });
}

Next SyncAnswerReader::begin_object() {
    const bool has_room = answer_.object_count < std::min(request_.objects.count, answer_.object_room);
    if (!has_room) return Next::refuse;
    object() = ObjectAnswer();
    object().first_exception = static_cast<std::uint16_t>(answer_.exception_count);
    seen_ = Seen();
    return enter(Where::object);
}

Next SyncAnswerReader::begin_in_object(std::string_view key, bool is_list) {
    if (key == "except") return enter(Where::exceptions, is_list);
    if (key == "receipt") {
        seen_.receipt = true;
        return enter(Where::receipt, !is_list);
    }
    const bool is_known = key == "tail" || key == "signature" || key == "object_key_tail" || key == "conflict";
    return is_known ? Next::refuse : Next::skip;
}

// What does not fit, or could not be sent, makes the object unreadable, not the whole answer.
void SyncAnswerReader::keep_text_of_object(const JsonValue& value, bool is_tail) {
    const bool fits = is_tail ? value.get(object().tail) : value.get(object().signature);
    const std::string_view kept = is_tail ? object().tail.view() : object().signature.view();
    if (!fits || kept.empty() || !is_url_text(kept)) seen_.too_much = true;
}

Next SyncAnswerReader::object_value(std::string_view key, const JsonValue& value) {
    if (key == "receipt" || key == "except") return Next::refuse;
    if (key == "conflict") {
        seen_.conflict = true;
        return go_on_if(get_next_seq(value, object().next_seq));
    }
    const bool is_tail = key == "tail";
    const bool is_key_tail = key == "object_key_tail";
    if (!is_tail && !is_key_tail && key != "signature") return Next::go_on;
    if (value.type != JsonType::text) return Next::refuse;
    seen_.tail |= is_tail;
    seen_.key_tail |= is_key_tail;
    seen_.signature |= key == "signature";
    keep_text_of_object(value, is_tail || is_key_tail);
    return Next::go_on;
}

// A key or signature that does not fit is one that cannot be verified: it is left empty.
Next SyncAnswerReader::receipt_value(std::string_view key, const JsonValue& value) {
    const bool is_known = key == "state" || key == "key_id" || key == "signature";
    if (!is_known) return Next::go_on;
    if (value.type != JsonType::text) return Next::refuse;
    if (key == "state") {
        seen_.state = true;
        object().state = value.is_whole ? receipt_state(value.text) : ReceiptState::unknown;
    } else if (key == "key_id") {
        seen_.key_id = true;
        if (!value.get(object().key_id)) object().key_id.clear();
    } else {
        seen_.receipt_signature = true;
        if (!value.get(object().signature)) object().signature.clear();
    }
    return Next::go_on;
}

Next SyncAnswerReader::begin_exception() {
    exception_ = SyncAnswer::Exception();
    has_seq_ = has_next_seq_ = false;
    return enter(Where::exception);
}

Next SyncAnswerReader::exception_value(std::string_view key, const JsonValue& value) {
    if (key == "seq") return go_on_if(has_seq_ = value.get(exception_.seq) && exception_.seq <= max_seq);
    if (key == "next_seq") return go_on_if(has_next_seq_ = get_next_seq(value, exception_.next_seq));
    return Next::go_on;
}

Next SyncAnswerReader::end_exception() {
    if (!has_seq_ || !has_next_seq_) return Next::refuse;
    keep_exception();
    return Next::go_on;
}

void SyncAnswerReader::keep_exception() {
    const auto begin = answer_.exceptions.begin() + object().first_exception;
    const auto end = begin + object().exception_count;
    const auto known = std::find_if(begin, end, [this](const auto& each) { return each.seq == exception_.seq; });
    if (known != end) {
        known->next_seq = exception_.next_seq;
    } else if (answer_.exception_count == answer_.exceptions.size()) {
        seen_.too_much = true;
    } else {
        answer_.exceptions[answer_.exception_count++] = exception_;
        ++object().exception_count;
    }
}

Next SyncAnswerReader::end_object() {
    const bool receipt_is_whole = seen_.state && seen_.key_id && seen_.receipt_signature;
    if (seen_.receipt ? !receipt_is_whole : (seen_.tail && !seen_.signature)) return Next::refuse;
    // Tails and signatures of both kinds lie in the same place: with two of them nobody knows which it is.
    const bool is_mixed = seen_.receipt ? seen_.tail || seen_.signature : seen_.key_tail;
    if (seen_.too_much || is_mixed) {
        object().status = ObjectStatus::unreadable;
    } else if (seen_.receipt) {
        object().status = ObjectStatus::held;
    } else if (seen_.tail) {
        object().status = ObjectStatus::place;
    } else if (seen_.conflict) {
        object().status = ObjectStatus::conflict;
    }
    if (object().status != ObjectStatus::held) {
        answer_.exception_count = object().first_exception;
        object().exception_count = 0;
    }
    ++answer_.object_count;
    return Next::go_on;
}

ReceiptVerdict verify(const ReceiptKeys& keys, std::string_view device_id, const NamedPack& pack,
                      const ObjectAnswer& object) {
    const auto tail = pack_key_tail(pack.seqs, pack.sha256);
    if (!object.tail.empty() && object.tail != tail.view()) return ReceiptVerdict::other_object;
    const ObjectKey key = object_key(device_id, tail);
    if (object.status != ObjectStatus::held || !key.fits()) return ReceiptVerdict::other_object;
    return verify(keys, device_id,
                  {object.state, object.key_id, key, pack.size_bytes, pack.sha256, object.signature});
}

}  // namespace frameferry
