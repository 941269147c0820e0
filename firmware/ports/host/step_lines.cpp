#include "host/step_lines.h"

#include <cstdio>
#include <string>

namespace frameferry {
namespace {

class StringSink final : public ByteSink {
public:
    bool write(Bytes bytes) override {
        text.append(bytes.text());
        return true;
    }

    std::string text;
};

void write_seqs(JsonWriter& json, SeqRange seqs) {
    json.key("first_seq").number(seqs.first).key("last_seq").number(seqs.last);
}

void write_pack(JsonWriter& json, const QueuedPack& pack) {
    write_seqs(json, pack.seqs);
    json.key("captures").number(pack.captures);
}

void write_wait(JsonWriter& json, std::string_view reason, std::uint32_t wait_ms) {
    json.key("reason").text(reason).key("seconds").decimal(wait_ms, 3);
}

}  // namespace

void StepLines::say(std::string_view event, const std::function<void(JsonWriter&)>& write_rest) {
    StringSink line;
    JsonWriter json(line);
    json.begin_object().key("event").text(event);
    write_rest(json);
    json.end_object();
    line.text += '\n';
    const std::lock_guard lock(mutex_);
    const bool is_written = std::fwrite(line.text.data(), 1, line.text.size(), stdout) == line.text.size();
    if (!is_written || std::fflush(stdout) != 0) is_unheard_ = true;
}

void StepLines::activated(const Identity& identity) {
    const std::string_view token = identity.pending_token.empty() ? identity.token : identity.pending_token;
    say("activated", [&](JsonWriter& json) {
        json.key("device_id").text(identity.device_id).key("device_token").text(token);
    });
}

void StepLines::resumed(const Identity& identity) {
    say("resumed", [&](JsonWriter& json) { json.key("device_id").text(identity.device_id); });
}

void StepLines::not_paired() {
    say("not_paired", [](JsonWriter& json) { json.key("message").text("give a pairing code with --code"); });
}

void StepLines::rebooting() {
    say("rebooting", [](JsonWriter&) {});
}

void StepLines::sealed(const QueuedPack& pack) {
    say("sealed", [&](JsonWriter& json) {
        write_pack(json, pack);
        json.key("size_bytes").number(pack.size_bytes);
    });
}

void StepLines::fault(std::string_view name) {
    say("fault", [&](JsonWriter& json) { json.key("kind").text(name); });
}

void StepLines::captured(Seq seq, std::size_t size_bytes) {
    say("captured", [&](JsonWriter& json) { json.key("seq").number(seq).key("size_bytes").number(size_bytes); });
}

void StepLines::capture_failed(std::string_view reason) {
    say("capture_failed", [&](JsonWriter& json) { json.key("reason").text(reason); });
}

void StepLines::pause_changed(bool is_paused) {
    say("pause", [&](JsonWriter& json) { json.key("paused").boolean(is_paused); });
}

void StepLines::evicted(SeqRange seqs) {
    say("evicted", [&](JsonWriter& json) { write_seqs(json, seqs); });
}

void StepLines::damaged(SeqRange seqs, std::string_view reason) {
    say("poison", [&](JsonWriter& json) {
        json.key("reason").text(reason);
        write_seqs(json, seqs);
    });
}

void StepLines::uploaded(const QueuedPack& pack) {
    say("uploaded", [&](JsonWriter& json) { write_pack(json, pack); });
}

void StepLines::confirmed(const QueuedPack& pack, bool is_deleted) {
    say("confirmed", [&](JsonWriter& json) {
        write_pack(json, pack);
        json.key("state").text(is_deleted ? "deleted" : "held");
    });
}

void StepLines::deferred(const QueuedPack& pack, std::string_view reason, std::uint32_t wait_ms) {
    say("deferred", [&](JsonWriter& json) {
        write_pack(json, pack);
        write_wait(json, reason, wait_ms);
    });
}

void StepLines::waiting(std::string_view reason, std::uint32_t wait_ms) {
    say("waiting", [&](JsonWriter& json) { write_wait(json, reason, wait_ms); });
}

void StepLines::refused(std::string_view code) {
    was_refused_ = true;
    say("refused", [&](JsonWriter& json) { json.key("code").text(code); });
}

void StepLines::logged(std::string_view line) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

}  // namespace frameferry
