// Which commands were begun and how they ended, kept, so that none is carried out twice.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "frameferry/bytes.h"
#include "frameferry/inbox.h"
#include "frameferry/ports.h"

namespace frameferry {

// The last commands. One that is found begun at the start was cut off: a reboot has thereby happened, anything else has
// failed. One thread.
class CommandLedger {
public:
    static constexpr std::size_t capacity = 32;  // the server has 20 waiting at most
    using Detail = Text<60>;

    enum class State : std::uint8_t { begun, done, failed };

    struct Entry {
        std::uint32_t number = 0;  // 0: free; rises from entry to entry
        CommandId id;
        CommandKind kind = CommandKind::unknown;
        State state = State::begun;
        bool is_ack_due = false;
        bool was_acknowledged = false;
        Detail detail;  // in memory only

        [[nodiscard]] bool is_done() const { return state == State::done; }
    };

    explicit CommandLedger(KeyValue& values) : values_(values) {}

    void load();
    // null where it was never begun.
    [[nodiscard]] Entry* find(std::string_view id);
    // Before it is carried out. False: it could not be kept, so it may only be carried out if twice does no harm.
    bool begin(const Command& command);
    // After it; also for what was never begun, because this device cannot do it.
    void end(const Command& command, bool is_done, std::string_view detail);
    // It was not carried out after all, and may be begun again.
    void withdraw(std::string_view id);
    // All of them were another owner's. False where one may be there again after a restart.
    bool clear();

    // The n-th one whose acknowledgement is due, oldest first; null where there are fewer.
    [[nodiscard]] Entry* due(std::size_t n);
    // The server asks for it again.
    static void ask_again(Entry& entry) { entry.is_ack_due = true; }
    static void acknowledged(Entry& entry) { entry.is_ack_due = false, entry.was_acknowledged = true; }
    // An outcome that nobody has been told waits. What the server only asks for again does not hurry.
    [[nodiscard]] bool has_news() const;

private:
    Entry& slot_for(const Command& command);
    bool keep(const Entry& entry);

    KeyValue& values_;
    std::array<Entry, capacity> entries_{};
    std::uint32_t last_number_ = 0;
};

}  // namespace frameferry
