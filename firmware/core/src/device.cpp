#include "frameferry/device.h"

#include <algorithm>

#include "frameferry/lock.h"

namespace frameferry {
namespace {

constexpr std::uint32_t look_ms = 1'000;            // while there is nothing to capture
constexpr std::uint32_t card_look_ms = 5'000;       // for a card that is away
constexpr std::string_view api_key = "api";

std::uint64_t random_number(Entropy& entropy) {
    std::array<std::uint8_t, 8> bytes{};
    entropy.fill(bytes);
    std::uint64_t number = 0;
    for (const std::uint8_t byte : bytes) number = number << 8U | byte;
    return number;
}

// The API of a device that has none: a name that cannot exist (RFC 6761).
constexpr Endpoint nowhere{"frameferry.invalid", 443, true};

}  // namespace

Device::Device(const DevicePorts& ports, const DeviceMutexes& mutexes, const DeviceMemory& memory,
               const DeviceConfig& config)
    : ports_(ports),
      watcher_(ports.watcher != nullptr ? *ports.watcher : unwatched_),
      mutexes_(mutexes),
      config_(config),
      values_(ports.values, mutexes.values),
      server_values_(values_),
      clock_(ports.clock),
      log_(ports.clock, mutexes.log, ports.log_listener),
      pause_(values_, clock_, mutexes.state),
      settings_(server_values_, pause_, mutexes.state),
      outbox_(server_values_, clock_, mutexes.state),
      ledger_(server_values_),
      identity_(server_values_, ports.entropy, mutexes.state),
      queue_(ports.storage, values_, ports.entropy, mutexes.queue, *this, memory.packs, config.limits),
      uplink_({ports.transport, ports.clock, ports.entropy, queue_, clock_, identity_, settings_, outbox_, ledger_,
               log_, *this, watcher_, config.always_newest_first},
              memory.uplink, config.allow_plain_http, config.timeouts),
      frames_(ports.camera) {}

StartStatus Device::start() {
    boot_id_ = random_number(ports_.entropy);
    rhythm_ = CaptureRhythm(clock_.monotonic_ms());
    pause_.load();
    load_api_url();
    settings_.load();
    outbox_.load(boot_id_);
    ledger_.load();
    identity_.load();
    uplink_.set_api(api_);
    is_paired_.store(identity_.is_paired());
    outbox_.add(EventKind::boot, config_.reset_reason);
    log_.add("boot:", config_.reset_reason);
    const bool is_card_good = !is_paired() || open_queue();
    if (!has_api_) return StartStatus::no_api;
    if (!is_paired()) return StartStatus::not_paired;
    return is_card_good ? StartStatus::ok : StartStatus::card;
}

// The origin names the values of that server: identity, settings, events, commands.
void Device::load_api_url() {
    api_url_ = ApiUrl(config_.api_url);
    ApiUrl kept;
    std::array<std::uint8_t, 200> record{};
    RecordReader reader(record);
    if (reader.get(values_, api_key, 1) == KeyValue::Found::value) kept.append(reader.text());
    if (!kept.empty() && reader.is_whole()) api_url_ = kept;
    has_api_ = parse_url(api_url_, api_) && is_allowed(api_.endpoint, config_.allow_plain_http);
    if (!has_api_) {
        log_.add("there is no API that this build may talk to");
        api_ = {nowhere, {}};
    }
    server_values_.set_origin(origin_of(api_));
}

bool Device::set_api_url(std::string_view url) {
    Url parsed;
    while (!url.empty() && url.back() == '/') url.remove_suffix(1);
    const bool is_good = parse_url(url, parsed) && is_allowed(parsed.endpoint, config_.allow_plain_http);
    if (url.empty()) return values_.erase(api_key);
    if (!is_good || !ApiUrl(url).fits()) return false;
    std::array<std::uint8_t, 200> record{};
    return RecordWriter(record, 1).text(url).put(values_, api_key);
}

bool Device::open_queue() {
    const Lock lock(mutexes_.capture);
    card_tried_at_ms_ = clock_.monotonic_ms();
    const IdentityStore::Numbering numbering = identity_.numbering();
    is_opening_queue_.store(true);
    QueueStatus status = queue_.start(numbering.device_uuid, boot_id_);
    is_opening_queue_.store(false);
    if (status == QueueStatus::ok) status = queue_.raise_next_seq(numbering.next_seq);
    const bool is_open = status == QueueStatus::ok;
    if (!is_open) lost(status == QueueStatus::card ? "the card is missing or fails" : "the queue cannot be opened");
    is_queue_open_.store(is_open);
    uplink_.set_queue_open(is_open);
    return is_open;
}

bool Device::is_queue_ready(std::uint64_t now_ms) {
    if (!is_paired()) return false;
    const bool is_away = is_queue_open_.load() && queue_.card_status() == IoStatus::no_card;
    if (is_queue_open_.load() && !is_away) return true;
    return now_ms - card_tried_at_ms_ >= card_look_ms && open_queue();
}

std::uint32_t Device::capture_step() {
    pause_.keep();
    const std::uint64_t now_ms = clock_.monotonic_ms();
    const Settings settings = settings_.settings();
    const std::uint32_t every_ms = interval_ms(settings);
    // Motion that is seen during a pause must not be known after it.
    const bool is_paused = notice_pause();
    const bool is_wanted_now = is_motion_due(now_ms, settings) && !is_paused;
    if (is_paused || !is_queue_ready(now_ms)) {
        rhythm_.paused(now_ms);
        return look_ms;
    }
    const std::uint32_t due_in_ms = rhythm_.due_in_ms(now_ms, every_ms);
    if (due_in_ms != 0 && !is_wanted_now) return due_in_ms;
    capture(is_wanted_now);
    if (due_in_ms == 0) rhythm_.tried(clock_.monotonic_ms(), every_ms);
    return rhythm_.due_in_ms(clock_.monotonic_ms(), every_ms);
}

std::uint32_t Device::interval_ms(const Settings& settings) const {
    return config_.interval_ms != 0 ? config_.interval_ms : settings.interval_s * 1000;
}

bool Device::notice_pause() {
    const bool is_paused = pause_.is_paused();
    if (is_paused != was_paused_) {
        was_paused_ = is_paused;
        outbox_.add(is_paused ? EventKind::paused : EventKind::resumed);
        log_.add(is_paused ? "paused" : "resumed");
        watcher_.pause_changed(is_paused);
    }
    return is_paused;
}

bool Device::is_motion_due(std::uint64_t now_ms, const Settings& settings) {
    const std::uint32_t seen = motion_score_.load();
    motion_score_.store(0);
    if (seen == 0 || !settings.motion || was_paused_ || !motion_gate_.seen(now_ms)) return false;
    outbox_.motion(seen - 1);
    return true;
}

void Device::motion_seen(std::uint32_t score_permille) {
    motion_score_.store(std::min<std::uint32_t>(score_permille, 1000) + 1);
}

bool Device::capture(bool is_wanted_now) {
    const Lock lock(mutexes_.capture);
    const bool is_taken = take_and_put();
    frames_.release();
    if (!is_taken) return false;
    is_losing_.store(false);
    if (is_wanted_now) uplink_.hurry();
    return true;
}

// The pause may have come while it waited for its turn, or for the camera: then there is no picture, and no fault.
bool Device::take_and_put() {
    if (pause_.is_paused()) return false;
    const Settings settings = settings_.settings();
    const Bytes jpeg = frames_.take(settings.resolution, settings.jpeg_quality);
    if (pause_.is_paused()) return false;
    if (jpeg.empty()) {
        lost("the camera gave no whole picture");
        return false;
    }
    const CaptureMeta meta{boot_id_, clock_.monotonic_ms(), clock_.utc_ms(), clock_.is_synced()};
    Seq seq = 0;
    switch (queue_.put(meta, jpeg, seq)) {
        case QueueStatus::ok: watcher_.captured(seq, jpeg.size); return true;
        case QueueStatus::not_a_pack: lost("the picture is too large"); break;
        case QueueStatus::numbers: lost("numbers cannot be kept"); break;
        case QueueStatus::no_room: lost("there is no room on the card"); break;
        default: lost("the card fails"); break;
    }
    return false;
}

// Told once for all failures in a row. With the capture mutex held.
void Device::lost(std::string_view reason) {
    watcher_.capture_failed(reason);
    if (is_losing_.load()) return;
    is_losing_.store(true);
    Outbox::Message message("no capture: ");
    message.append(reason);
    log_.add(message);
    outbox_.add(EventKind::error, message);
}

std::uint32_t Device::uplink_step() {
    if (!has_api_ || has_ended()) return never_ms;
    return uplink_.step(config_.firmware_version);
}

bool Device::button_pressed() {
    const bool is_to_pause = !pause_.is_paused();
    if (!pause_.set_button(is_to_pause)) log_.add("the pause is in force, but not kept yet");
    return pause_.is_paused();
}

bool Device::pairing_code(std::string_view typed) {
    const bool is_kept = identity_.begin(typed);
    log_.add(is_kept ? "pairing code taken" : "that is no pairing code, or it cannot be kept");
    return is_kept;
}

bool Device::is_drained() { return is_queue_open_.load() && queue_.waiting_captures() == 0 && outbox_.size() == 0; }

LedState Device::led_state() {
    const bool is_card_good = !is_paired() || is_queue_open_.load();
    if (is_losing_.load() || !is_card_good) return LedState::fault;
    if (is_portal_open_.load()) return LedState::portal;
    if (!is_paired()) return LedState::not_paired;
    if (uplink_.state() == LinkState::refused) return LedState::refused;
    if (pause_.is_paused()) return LedState::paused;
    if (uplink_.state() == LinkState::failing) return LedState::no_network;
    if (uplink_.is_draining()) return LedState::draining;
    return uplink_.state() == LinkState::unknown ? LedState::starting : LedState::ready;
}

void Device::skipped(SeqRange seqs) {
    outbox_.add(EventKind::skipped, {}, seqs);
}

void Device::evicted(SeqRange seqs) {
    outbox_.evicted(seqs);
    watcher_.evicted(seqs);
    log_.add("given up for want of room, up to", seqs.last);
}

void Device::damaged(SeqRange seqs, const char* reason) {
    log_.add("kept aside:", reason);
    watcher_.damaged(seqs, reason);
    if (seqs.first == 0 && seqs.last == 0) return outbox_.add(EventKind::error, reason);
    outbox_.add(EventKind::error, reason, seqs);
}

void Device::silent() {
    constexpr std::string_view message = "the card gives nothing back; its packs stay";
    log_.add(message);
    outbox_.add(EventKind::error, message);
}

// In the uplink's thread. Only a card that is opened has both tasks wait: else one that hangs is not to be covered up.
void Device::got_on() {
    if (ports_.task_watch == nullptr) return;
    const std::uint64_t now_ms = clock_.monotonic_ms();
    ports_.task_watch->came_round(TaskWatch::Task::uplink, now_ms);
    if (is_opening_queue_.load()) ports_.task_watch->came_round(TaskWatch::Task::capture, now_ms);
}

bool Device::account(Health& health, ClockSample& clock) {
    ports_.health.measure(health);
    health.uptime_s = clock_.monotonic_ms() / 1000;
    health.reset_reason = config_.reset_reason;
    health.firmware_version = config_.firmware_version;
    std::uint64_t total_bytes = 0;
    std::uint64_t free_bytes = 0;
    {
        const Lock lock(mutexes_.queue);
        if (ports_.storage.space(total_bytes, free_bytes) == IoStatus::ok) {
            health.sd_total_bytes = total_bytes;
            health.sd_free_bytes = free_bytes;
        }
    }
    if (!is_queue_open_.load()) return false;
    health.queue_depth = queue_.waiting_captures();
    clock.boot_id = boot_id_;
    clock.uptime_ms = clock_.monotonic_ms();
    clock.next_seq = queue_.next_seq();
    Seq oldest = 0;
    if (queue_.oldest_seq(oldest)) clock.oldest_seq = oldest;
    return true;
}

void Device::activated(const Activation& activation) {
    settings_.change(activation.settings, activation.settings_version);
    is_paired_.store(true);
    open_queue();
}

CommandOutcome Device::carry_out(const Command& command) {
    switch (command.kind) {
        case CommandKind::capture_now:
            if (pause_.is_paused()) return CommandOutcome::failed("the device is paused");
            if (!is_queue_open_.load()) return CommandOutcome::failed("there is no card");
            if (capture(true)) return {};
            if (pause_.is_paused()) return CommandOutcome::failed("the device is paused");
            return CommandOutcome::failed("there was no picture to keep");
        case CommandKind::pause: return pause_by_command(command);
        case CommandKind::resume: return resume_by_command(command);
        case CommandKind::reboot: return {true, true, {}};
        case CommandKind::repair:
            return ports_.actions.open_portal() ? CommandOutcome{} : CommandOutcome::failed("there is no portal");
        case CommandKind::forget: return forget(command);
        default: return CommandOutcome::failed("not supported by this device");
    }
}

// The server changes the settings with the command. Where they are as new as the command or newer they say it all: what the
// owner has set since counts. One that was given a moment ago is carried out, and the settings asked for once more, for
// they may have been read before, or changed again since.
CommandOutcome Device::pause_by_command(const Command& command) {
    const Pause::Wish settings = settings_.pause_wish();
    bool is_kept = false;
    if (settings_.know_of(command.created_at_ms)) {
        is_kept = pause_.set_owner(settings);
        const bool is_none = !settings.is_paused && settings.until_ms == 0;
        if (is_none) return CommandOutcome::failed("its settings say that it is not paused");
    } else {
        Pause::Wish wish{command.duration_s == 0, 0};
        if (!wish.is_paused) wish.until_ms = command.created_at_ms + std::int64_t{command.duration_s} * 1000;
        is_kept = settings_.doubt();
        is_kept = pause_.pause(wish, settings) && is_kept;
    }
    return is_kept ? CommandOutcome{} : CommandOutcome::failed("paused, but that could not be kept");
}

CommandOutcome Device::resume_by_command(const Command& command) {
    const bool is_kept = pause_.resume(settings_.pause_wish(), command.created_at_ms);
    if (pause_.is_paused_by_button()) return CommandOutcome::failed("its button was pressed since");
    if (pause_.is_paused()) return CommandOutcome::failed("its settings say that it is paused");
    return is_kept ? CommandOutcome{} : CommandOutcome::failed("resumed, but that could not be kept");
}

CommandOutcome Device::forget(const Command& command) {
    if (command.from_ms >= command.to_ms) return CommandOutcome::failed("no time range");
    if (!is_queue_open_.load()) return CommandOutcome::failed("there is no card");
    std::uint32_t forgotten = 0;
    if (queue_.forget(command.from_ms, command.to_ms, forgotten) != QueueStatus::ok) {
        return CommandOutcome::failed("the card fails");
    }
    CommandOutcome outcome;
    outcome.detail.append_number(forgotten).append(" photos were deleted from the card");
    return outcome;
}

void Device::restart() {
    has_ended_.store(true);
    log_.add("reboot by command");
    ports_.actions.reboot();
}

}  // namespace frameferry
