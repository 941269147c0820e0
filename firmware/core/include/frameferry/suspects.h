// What one sync says, and finding out which part of it the server refuses.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "frameferry/captures.h"
#include "frameferry/inbox.h"
#include "frameferry/sync.h"

namespace frameferry {

// The parts of a sync by what names them.
struct SyncParts {
    static constexpr std::size_t max_events = 20;  // of a sync: their texts lie in memory meanwhile

    struct Object {
        std::uint16_t way = 0;
        SeqRange seqs;
    };

    bool has_account = false;  // health and clock
    std::size_t ack_count = 0;
    std::size_t event_count = 0;
    std::size_t log_count = 0;  // lines of the log, events as well: they are one part
    std::size_t object_count = 0;
    std::array<CommandId, max_sync_acks> acks{};
    std::array<std::uint32_t, max_events> events{};
    std::array<Object, max_sync_objects> objects{};

    void clear() { has_account = false, ack_count = event_count = log_count = object_count = 0; }
    [[nodiscard]] bool is_empty() const {
        return !has_account && ack_count + event_count + log_count + object_count == 0;
    }
};

// One thing that the server does not take must not hold up the rest: then each is said alone, after nothing at all. A
// refusal is about what was said; an internal error may be, if it comes twice.
class Suspects {
public:
    enum class Verdict : std::uint8_t {
        wait,       // nothing is known but that it failed
        say_alone,  // from now on `next` says what
        to_blame,   // what was said alone now
    };

    [[nodiscard]] bool are_there() const { return is_active_; }
    // What is to be said alone now. False where nothing is left: then all may be said at once.
    bool next(SyncParts& alone);
    void succeeded();
    void forget() { is_active_ = false, errors_in_a_row_ = 0; }
    Verdict failed(const SyncParts& parts, bool is_refusal);

private:
    SyncParts all_;
    std::size_t at_ = 0;  // 0: nothing; 1: the account; then acks, events, the log, objects
    unsigned errors_in_a_row_ = 0;
    bool is_active_ = false;
};

}  // namespace frameferry
