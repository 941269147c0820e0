#include "frameferry/uplink.h"

#include <algorithm>

#include "frameferry/api_address.h"
#include "frameferry/http_reason.h"

namespace frameferry {
namespace {

constexpr std::uint32_t unpaired_look_ms = 60'000;
constexpr std::uint32_t keep_open_ms = 5'000;  // a connection with nothing to do for longer gives its memory back

}  // namespace

Uplink::Uplink(const UplinkParts& parts, const UplinkMemory& memory, bool allow_plain_http, HttpTimeouts timeouts)
    : clock_(parts.wall_clock),
      entropy_(parts.entropy),
      queue_(parts.queue),
      identity_(parts.identity),
      settings_(parts.settings),
      outbox_(parts.outbox),
      ledger_(parts.ledger),
      log_(parts.log),
      host_(parts.host),
      watcher_(parts.watcher),
      always_newest_first_(parts.always_newest_first),
      memory_(memory),
      http_(parts.transport, parts.clock, {memory.http_send, memory.http_receive}, timeouts),
      allow_plain_http_(allow_plain_http),
      drain_(parts.queue, parts.outbox, parts.log, parts.wall_clock, parts.entropy, parts.watcher,
             Ways(memory.ways, memory.window)),
      answer_(memory.answers, memory.window) {}

std::uint32_t Uplink::step(std::string_view firmware_version) {
    if (has_ended_ || !api_) return never_ms;
    if (is_network_new_.load()) {
        is_network_new_.store(false);
        lane_.stop_resting();
        drain_.stop_resting();
    }
    const IdentityStore::Begun begun = identity_.begun();
    if (!begun.code.empty()) return activate(begun, firmware_version);
    if (!identity_.is_paired()) {
        state_.store(LinkState::unpaired);
        return unpaired_look_ms;
    }
    const std::uint64_t now_ms = clock_.monotonic_ms();
    if (is_refused_ && now_ms < refused_until_ms_) return static_cast<std::uint32_t>(refused_until_ms_ - now_ms);
    const std::uint32_t wait_ms = step_paired();
    if (wait_ms > keep_open_ms) http_.close();
    return wait_ms;
}

std::uint32_t Uplink::activate(const IdentityStore::Begun& begun, std::string_view firmware_version) {
    // Somebody stands before it and waits, and a code lives for ten minutes.
    if (tried_code_ != begun.code.view()) lane_.stop_resting();
    tried_code_ = begun.code;
    const std::uint32_t rest_ms = lane_.rests_for_ms(clock_.monotonic_ms());
    if (rest_ms != 0) return rest_ms;
    state_.store(LinkState::pairing);
    Activation activation;
    const ApiResult result = api_->activate({begun.code, begun.nonce, firmware_version}, activation);
    if (result.outcome == ApiOutcome::ok && take_on(activation, begun.code)) {
        log_.add("paired as", activation.device_id);
        lane_.succeeded();
        is_refused_ = has_synced_ = is_account_refused_ = false;
        clock_.heard(activation.server_time_ms);
        host_.activated(activation);
        return 0;
    }
    const bool is_useless = result.code == "pairing_code_invalid" || result.code == "invalid_body";
    if (result.outcome == ApiOutcome::refused && is_useless) {
        log_.add("pairing code refused");
        watcher_.refused(result.code);
        identity_.give_up(begun.code);
        state_.store(is_refused_ ? LinkState::refused : LinkState::unknown);
        return 0;
    }
    rest(result, "pairing:");
    return lane_.rests_for_ms(clock_.monotonic_ms());
}

// Another device id may be another owner's. What was to be told to the one before goes first: if the power goes in between,
// the code is still there, and nobody is told what was meant for somebody else. False where something cannot be kept, or
// cannot be got rid of: then the same is asked again.
bool Uplink::take_on(const Activation& activation, std::string_view code) {
    const bool is_same = identity_.is_paired() && identity_.identity().device_id == activation.device_id.view();
    return (is_same || forget_owner()) && identity_.complete(activation, code);
}

bool Uplink::forget_owner() {
    // Until a device is paired nobody owns what it does.
    const bool had_owner = identity_.is_paired();
    if (had_owner) log_.clear();
    rotation_ = {};
    log_upload_ = {};
    suspects_.forget();
    drain_.forget_ways();
    const bool are_events_gone = outbox_.clear(had_owner);
    const bool are_commands_gone = ledger_.clear();
    // Their number may be one of the next server's settings too.
    return settings_.doubt() && are_events_gone && are_commands_gone;
}

std::uint32_t Uplink::step_paired() {
    if (is_queue_open_.load()) drain_.look(is_newest_first());
    heed_hurry();
    const std::uint32_t sync_in_ms = sync_due_in_ms();
    const std::uint32_t put_in_ms = is_queue_open_.load() ? drain_.put_due_in_ms() : never_ms;
    is_draining_.store(!lane_.is_failing() && !drain_.is_failing() && !drain_.is_idle());
    if (sync_in_ms == 0) {
        if (rotation_.id.empty()) {
            sync();
        } else {
            rotate();
        }
        return 0;
    }
    if (put_in_ms != 0) return std::min(sync_in_ms, put_in_ms);
    put(*drain_.next_put());
    return 0;
}

std::uint32_t Uplink::sync_due_in_ms() {
    const std::uint64_t now_ms = clock_.monotonic_ms();
    const std::uint32_t rest_ms = lane_.rests_for_ms(now_ms);
    if (rest_ms != 0) return rest_ms;
    const bool has_more_to_say = !rotation_.id.empty() || !log_upload_.command.id.empty() || ledger_.has_news();
    if (!has_synced_ || suspects_.are_there() || has_more_to_say) return 0;
    if (is_hurrying_ && outbox_.size() != 0 && clock_.is_set()) return 0;  // none is told while nobody knows the time
    const std::uint64_t due_at_ms = synced_at_ms_ + (drain_.is_busy() ? busy_sync_every_ms : sync_every_ms);
    if (due_at_ms <= now_ms) return 0;
    const auto periodic_ms = static_cast<std::uint32_t>(due_at_ms - now_ms);
    return is_queue_open_.load() ? std::min(periodic_ms, drain_.sync_due_in_ms(is_hurrying_)) : periodic_ms;
}

// A hurry lasts until all that there was is said, or until something fails: then it waits like everything else.
void Uplink::heed_hurry() {
    if (hurry_.load()) {
        // Before it is heeded: one that comes in between is heeded with it.
        hurry_.store(false);
        is_hurrying_ = true;
        if (is_queue_open_.load() && queue_.seal() == QueueStatus::ok) drain_.look(is_newest_first());
    }
    const bool has_said_all = drain_.is_idle() && !drain_.waits_for_receipts() && outbox_.size() == 0;
    // Not for as long as nothing has succeeded: who still hurries once the wait is over is heard.
    const bool is_resting = lane_.rests_for_ms(clock_.monotonic_ms()) != 0;
    if (has_said_all || is_resting || drain_.is_failing()) is_hurrying_ = false;
}

// No capture waits for its pack to fill where the link has nothing to do, or where it is to overtake the rest. Without
// a link they gather.
void Uplink::seal_what_may_go() {
    if (!is_queue_open_.load() || lane_.is_failing()) return;
    const bool newest_first = is_newest_first();
    if (!drain_.is_idle() && (!newest_first || drain_.is_failing())) return;
    if (queue_.seal() == QueueStatus::ok) drain_.look(newest_first);
}

void Uplink::put(Way& way) {
    const PutResult result =
        put_pack(http_, queue_, drain_.places(), way.pack, way.sha256, way.signature, memory_.chunk);
    drain_.put_ended(way, result);
}

void Uplink::rotate() {
    const Command command = rotation_;
    rotation_ = {};
    if (!ledger_.begin(command)) return ledger_.end(command, false, "cannot be kept");
    DeviceToken token;
    const ApiResult result = api_->rotate_token(identity_.identity().token, token);
    if (result.outcome == ApiOutcome::ok && identity_.keep_pending(token)) return ledger_.end(command, true, {});
    if (result.outcome == ApiOutcome::refused) return ledger_.end(command, false, result.code);
    // The server says it again.
    ledger_.withdraw(command.id);
    if (result.outcome == ApiOutcome::credential_refused) return credential_refused(result);
    rest(result, "token:");
}

void Uplink::credential_refused(const ApiResult& result) {
    log_.add("the cloud refuses this device:", result.code);
    watcher_.refused(result.code);
    is_refused_ = true;
    refused_until_ms_ = clock_.monotonic_ms() + refused_retry_ms;
    state_.store(LinkState::refused);
    http_.close();
}

void Uplink::rest(const ApiResult& result, std::string_view what) {
    const HttpReason reason = result.code.empty() ? reason_of(result.http) : HttpReason(result.code);
    log_.add(what, reason);
    lane_.failed(entropy_, clock_.monotonic_ms(), retry_after_ms(result.http.answer));
    watcher_.waiting(reason, lane_.rests_for_ms(clock_.monotonic_ms()));
    state_.store(LinkState::failing);
    http_.close();
}

}  // namespace frameferry
