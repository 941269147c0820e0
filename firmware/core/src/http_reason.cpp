#include "frameferry/http_reason.h"

namespace frameferry {
namespace {

std::string_view reason_of_net(NetStatus status) {
    switch (status) {
        case NetStatus::closed: return "the other side hung up";
        case NetStatus::reset: return "it broke";
        case NetStatus::timed_out: return "out of time";
        case NetStatus::no_address: return "the name does not resolve";
        case NetStatus::refused: return "nobody listens, or no way there";
        case NetStatus::tls_failed: return "TLS failed";
        case NetStatus::no_memory: return "too little memory for TLS";
        default: return {};
    }
}

std::string_view stage_of(HttpStatus status) {
    switch (status) {
        case HttpStatus::not_connected: return "no connection";
        case HttpStatus::not_sent: return "not sent";
        case HttpStatus::no_answer: return "no answer";
        case HttpStatus::cut: return "answer cut off";
        case HttpStatus::malformed: return "foreign answer, not HTTP";
        case HttpStatus::too_large: return "foreign answer, too large";
        case HttpStatus::bad_request: return "the request cannot be written";
        case HttpStatus::source_failed: return "what was to be sent cannot be had";
        default: return "foreign answer";
    }
}

}  // namespace

HttpReason reason_of(const HttpResult& result) {
    HttpReason reason(stage_of(result.status));
    if (result.answer.code != 0) reason.append(", status ").append_number(result.answer.code);
    const std::string_view net = reason_of_net(result.net);
    if (result.status != HttpStatus::ok && !net.empty()) reason.append(": ").append(net);
    return reason;
}

}  // namespace frameferry
