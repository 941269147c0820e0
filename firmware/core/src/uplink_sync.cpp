// What the uplink says in a sync, and what it makes of the answer.
#include <algorithm>

#include "frameferry/api_address.h"
#include "frameferry/uplink.h"

namespace frameferry {

void Uplink::sync() {
    seal_what_may_go();
    if (!compose()) return;
    asked_at_ms_ = clock_.monotonic_ms();
    answered(say());
}

// False where what was to be said alone is not there any more.
bool Uplink::compose() {
    const bool is_alone = suspects_.are_there() && suspects_.next(parts_);
    request_ = {};
    if (is_alone) {
        const bool was_empty = parts_.is_empty();
        compose_alone();
        if (!was_empty && parts_.is_empty()) {
            suspects_.succeeded();
            return false;
        }
    } else {
        compose_all();
    }
    request_.objects = {memory_.named, parts_.object_count};
    request_.events = {events_.data(), parts_.event_count + parts_.log_count};
    request_.acks = {acks_.data(), parts_.ack_count};
    if (settings_.version() != SettingsStore::no_version) request_.settings_version = settings_.version();
    request_.receipt_keys = &identity_.identity().receipt_keys;
    return true;
}

void Uplink::compose_all() {
    parts_.clear();
    parts_.has_account = !is_account_refused_;
    if (parts_.has_account) add_account();
    CommandLedger::Entry* due = nullptr;
    while (parts_.ack_count < max_sync_acks && (due = ledger_.due(parts_.ack_count)) != nullptr) add_ack(*due);
    const std::size_t events = outbox_.first(told_.data(), told_.size());
    while (parts_.event_count < events) {
        parts_.events[parts_.event_count] = told_[parts_.event_count].number;
        add_event();
    }
    add_log();
    if (!is_queue_open_.load()) return;
    parts_.object_count = drain_.to_ask(memory_.named, asked_.data(), std::min(memory_.window, max_sync_objects));
    for (std::size_t at = 0; at < parts_.object_count; ++at) {
        parts_.objects[at] = {asked_[at], memory_.named[at].seqs};
    }
}

void Uplink::compose_alone() {
    if (parts_.has_account) add_account();
    if (parts_.ack_count != 0) {
        const CommandLedger::Entry* entry = ledger_.find(parts_.acks[0]);
        parts_.ack_count = 0;
        if (entry != nullptr && entry->is_ack_due) add_ack(*entry);
    }
    if (parts_.event_count != 0) {
        const bool is_there = outbox_.find(parts_.events[0], told_[0]);
        parts_.event_count = 0;
        if (is_there) add_event();
    }
    if (parts_.log_count != 0) add_log();
    if (parts_.object_count != 0) {
        const SyncParts::Object& object = parts_.objects[0];
        asked_[0] = object.way;
        parts_.object_count = drain_.to_ask_alone(object.way, object.seqs, memory_.named[0]) ? 1 : 0;
    }
}

void Uplink::add_account() {
    health_ = {};
    clock_sample_ = {};
    if (host_.account(health_, clock_sample_)) request_.clock = &clock_sample_;
    request_.health = &health_;
}

void Uplink::add_ack(const CommandLedger::Entry& entry) {
    parts_.acks[parts_.ack_count] = entry.id;
    acks_[parts_.ack_count] = {entry.id, entry.is_done(), entry.detail};
    ++parts_.ack_count;
}

void Uplink::add_event() {
    events_[parts_.event_count] = told_[parts_.event_count].event;
    ++parts_.event_count;
}

// As many lines as there is room for beside the events. They stay in the ring until they are told: kept as events, they
// would push out what must not be forgotten.
void Uplink::add_log() {
    parts_.log_count = 0;
    if (log_upload_.command.id.empty()) return;
    LogRing::Told line;
    std::uint32_t next = log_upload_.next;
    for (std::size_t at = parts_.event_count; at < events_.size() && log_.first_from(next, line); ++at) {
        if (line.number >= log_upload_.end) break;
        next = line.number + 1;
        told_[at].message = Outbox::Message(line.text);
        events_[at] = {EventKind::log, log_utc_at_zero_ms_ + static_cast<std::int64_t>(line.at_ms), {}, {},
                       told_[at].message.view()};
        ++parts_.log_count;
    }
    log_upload_.told_next = next;
}

// While a token is being changed both are tried, the new one first: its first use ends the old one.
ApiResult Uplink::say() {
    ++syncs_;
    const Identity& identity = identity_.identity();
    const bool has_pending = !identity.pending_token.empty();
    ApiResult result = api_->sync(has_pending ? identity.pending_token : identity.token, request_, answer_);
    if (result.outcome == ApiOutcome::ok) identity_.accepted(true);
    if (has_pending && result.outcome == ApiOutcome::credential_refused && result.code == "invalid_credential") {
        result = api_->sync(identity.token, request_, answer_);
        if (result.outcome == ApiOutcome::ok) identity_.accepted(false);
    }
    return result;
}

void Uplink::answered(const ApiResult& result) {
    const bool is_ours = result.outcome != ApiOutcome::ok && result.outcome != ApiOutcome::no_answer &&
                         result.outcome != ApiOutcome::foreign;
    if (is_ours) clock_.heard(result.http.answer.date_ms);
    switch (result.outcome) {
        case ApiOutcome::ok: return heed();
        case ApiOutcome::credential_refused: return credential_refused(result);
        case ApiOutcome::refused: return failed(result);
        case ApiOutcome::busy:
            // They say of themselves that they pass.
            if (result.http.answer.code != 429 && result.http.answer.code != 503) return failed(result);
            break;
        case ApiOutcome::no_answer:
        case ApiOutcome::foreign: break;
    }
    rest(result, "sync:");
}

// Keys before receipts, and commands last: one may end this run.
void Uplink::heed() {
    lane_.succeeded();
    suspects_.succeeded();
    state_.store(LinkState::online);
    has_synced_ = true;
    is_refused_ = false;
    synced_at_ms_ = clock_.monotonic_ms();
    clock_.heard(answer_.server_time_ms);
    if (answer_.receipt_keys) identity_.keep_receipt_keys(*answer_.receipt_keys);
    if (answer_.settings && !settings_.change(*answer_.settings, answer_.settings_version)) {
        log_.add("settings in force, but not kept");
    }
    if (answer_.settings || request_.settings_version) settings_.confirmed(answer_.server_time_ms);
    for (std::size_t at = 0; at < parts_.event_count; ++at) outbox_.told(parts_.events[at]);
    for (std::size_t at = 0; at < parts_.ack_count; ++at) {
        CommandLedger::Entry* entry = ledger_.find(parts_.acks[at]);
        if (entry != nullptr) CommandLedger::acknowledged(*entry);
    }
    if (!log_upload_.command.id.empty()) log_told();
    void_foreign_places();
    const Identity& identity = identity_.identity();
    drain_.answered(asked_.data(), answer_, identity.device_id, identity.receipt_keys, asked_at_ms_);
    for (std::size_t at = 0; at < answer_.command_count && !has_ended_; ++at) take_command(answer_.commands[at]);
}

// A LAN's server may send packs elsewhere, but not without TLS and out of the private network.
void Uplink::void_foreign_places() {
    const UploadPlaces& uploads = answer_.uploads;
    if (uploads.port == 0 || is_allowed(uploads.endpoint(), allow_plain_http_)) return;
    for (std::size_t at = 0; at < answer_.object_count; ++at) {
        ObjectAnswer& object = answer_.objects[at];
        if (object.status == ObjectStatus::place) object.status = ObjectStatus::unreadable;
    }
}

void Uplink::take_command(const Command& command) {
    CommandLedger::Entry* known = ledger_.find(command.id);
    // The server asks for what is being done as well.
    if (known != nullptr && known->state == CommandLedger::State::begun) return;
    if (known != nullptr) return CommandLedger::ask_again(*known);
    switch (command.kind) {
        case CommandKind::unknown: return ledger_.end(command, false, "not supported by this device");
        case CommandKind::rotate_token:
            if (rotation_.id.empty()) rotation_ = command;
            return;
        case CommandKind::upload_log: return begin_log(command);
        default: return carry_out(command);
    }
}

// One at a time: the server names a second one again. The lines wait for the next sync; a reboot loses them, and then
// the command has failed.
void Uplink::begin_log(const Command& command) {
    if (!log_upload_.command.id.empty()) return;
    if (!ledger_.begin(command)) return ledger_.end(command, false, "cannot be kept");
    constexpr std::int64_t same_ms = 5'000;
    const std::int64_t utc_at_zero_ms = clock_.utc_at(0);
    const std::int64_t off_by_ms = utc_at_zero_ms - log_utc_at_zero_ms_;
    // The same line under the same time is the same event, however often the log is asked for.
    if (off_by_ms > same_ms || off_by_ms < -same_ms) log_utc_at_zero_ms_ = utc_at_zero_ms;
    log_upload_ = {command, 0, log_.end(), 0, 0};
}

// Done once all that there was when the owner asked has been told; meanwhile the oldest may have gone.
void Uplink::log_told() {
    log_upload_.told += static_cast<std::uint32_t>(parts_.log_count);
    if (parts_.log_count != 0) log_upload_.next = log_upload_.told_next;
    LogRing::Told line;
    if (log_.first_from(log_upload_.next, line) && line.number < log_upload_.end) return;
    ledger_.end(log_upload_.command, true, Text<20>().append_number(log_upload_.told).append(" lines"));
    log_upload_ = {};
}

// Begun in what is kept first: if the power goes in between, it is not begun again.
void Uplink::carry_out(const Command& command) {
    const bool may_be_twice = command.kind == CommandKind::pause || command.kind == CommandKind::resume;
    if (!ledger_.begin(command) && !may_be_twice) return ledger_.end(command, false, "cannot be kept");
    const CommandOutcome outcome = host_.carry_out(command);
    if (!outcome.ends_run) return ledger_.end(command, outcome.is_done, outcome.detail);
    has_ended_ = true;
    http_.close();
    host_.restart();
}

void Uplink::failed(const ApiResult& result) {
    const bool is_refusal = result.outcome == ApiOutcome::refused;
    const Suspects::Verdict verdict = suspects_.failed(parts_, is_refusal);
    log_.add("sync refused:", result.code);
    if (verdict == Suspects::Verdict::to_blame) give_up(is_refusal, result.code);
    if (is_refusal && verdict != Suspects::Verdict::wait) return;
    ApiResult waiting = result;
    if (is_refusal && !waiting.http.answer.says_retry_after) {
        waiting.http.answer.says_retry_after = true;
        waiting.http.answer.retry_after_s = sync_every_ms / 1000;
    }
    rest(waiting, "sync:");
}

// The server does not take this, said alone.
void Uplink::give_up(bool is_refusal, std::string_view code) {
    if (parts_.has_account) is_account_refused_ = true;
    for (std::size_t at = 0; at < parts_.event_count; ++at) outbox_.told(parts_.events[at]);
    for (std::size_t at = 0; at < parts_.ack_count; ++at) {
        CommandLedger::Entry* entry = ledger_.find(parts_.acks[at]);
        if (entry != nullptr) CommandLedger::acknowledged(*entry);
    }
    if (parts_.log_count != 0) {
        ledger_.end(log_upload_.command, false, code);
        log_upload_ = {};
    }
    for (std::size_t at = 0; at < parts_.object_count; ++at) drain_.refused_alone(asked_[at], !is_refusal, code);
}

}  // namespace frameferry
