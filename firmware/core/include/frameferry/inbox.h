// What owner and device tell each other: commands and their acknowledgements, and events.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "frameferry/bytes.h"
#include "frameferry/captures.h"

namespace frameferry {

using CommandId = Text<26>;

enum class CommandKind : std::uint8_t {
    unknown,  // to this firmware: acknowledged as failed
    capture_now,
    pause,
    resume,
    reboot,
    repair,
    rotate_token,
    upload_log,
    forget,
};

// Arguments that it has not are 0.
struct Command {
    CommandId id;
    CommandKind kind = CommandKind::unknown;
    std::int64_t created_at_ms = 0;
    std::uint32_t duration_s = 0;  // of a pause; 0: until it is ended
    std::int64_t from_ms = 0;      // of what is to be forgotten
    std::int64_t to_ms = 0;
};

// The detail's first 200 characters are said.
struct Ack {
    std::string_view command_id;
    bool is_done = false;
    std::string_view detail;
};

enum class EventKind : std::uint8_t { motion, evicted, paused, resumed, boot, error, skipped, log };

// Kind and time name it: told twice it is one event. The message's first 200 characters are said.
struct Event {
    EventKind kind = EventKind::error;
    std::int64_t occurred_at_ms = 0;  // 0 where nobody has set the clock: then the server takes its own time
    std::optional<SeqRange> seqs;
    std::optional<std::uint32_t> score_permille;
    std::string_view message;
};

}  // namespace frameferry
