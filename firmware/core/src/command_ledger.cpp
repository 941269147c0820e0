#include "frameferry/command_ledger.h"

#include "frameferry/kept_values.h"

namespace frameferry {
namespace {

constexpr std::uint8_t command_format = 1;
using CommandRecord = std::array<std::uint8_t, 48>;

Text<9> command_key(std::size_t at) { return Text<9>("cmd").append_number(at, 2); }

bool is_state(std::uint64_t number) { return number <= static_cast<std::uint64_t>(CommandLedger::State::failed); }

}  // namespace

void CommandLedger::load() {
    for (std::size_t at = 0; at < capacity; ++at) {
        CommandRecord record{};
        RecordReader reader(record);
        if (reader.get(values_, command_key(at), command_format) != KeyValue::Found::value) continue;
        Entry entry;
        entry.number = static_cast<std::uint32_t>(reader.number(4));
        entry.kind = static_cast<CommandKind>(reader.number(1));
        const std::uint64_t state = reader.number(1);
        entry.id.append(reader.text());
        if (!reader.is_whole() || !entry.id.fits() || !is_state(state)) continue;
        entry.state = static_cast<State>(state);
        entry.is_ack_due = entry.state == State::begun;
        if (entry.is_ack_due) {
            const bool is_reboot = entry.kind == CommandKind::reboot;
            entry.state = is_reboot ? State::done : State::failed;
            if (!is_reboot) entry.detail.append("cut off by a restart");
        }
        entries_[at] = entry;
        if (entry.number > last_number_) last_number_ = entry.number;
    }
}

CommandLedger::Entry* CommandLedger::find(std::string_view id) {
    for (Entry& entry : entries_) {
        if (entry.number != 0 && entry.id == id) return &entry;
    }
    return nullptr;
}

bool CommandLedger::begin(const Command& command) {
    Entry& entry = slot_for(command);
    entry.state = State::begun;
    return keep(entry);
}

void CommandLedger::end(const Command& command, bool is_done, std::string_view detail) {
    Entry& entry = slot_for(command);
    entry.state = is_done ? State::done : State::failed;
    entry.is_ack_due = true;
    entry.detail.clear();
    entry.detail.append(detail.substr(0, 60));
    keep(entry);
}

void CommandLedger::withdraw(std::string_view id) {
    Entry* entry = find(id);
    if (entry == nullptr) return;
    values_.erase(command_key(static_cast<std::size_t>(entry - entries_.data())));
    *entry = Entry{};
}

bool CommandLedger::clear() {
    bool is_gone = true;
    for (std::size_t at = 0; at < capacity; ++at) {
        entries_[at] = Entry{};
        is_gone = values_.erase(command_key(at)) && is_gone;
    }
    return is_gone;
}

CommandLedger::Entry* CommandLedger::due(std::size_t n) {
    std::uint32_t after = 0;
    Entry* next = nullptr;
    for (std::size_t nth = 0; nth <= n; ++nth) {
        next = nullptr;
        for (Entry& entry : entries_) {
            const bool is_later = entry.is_ack_due && entry.number > after;
            if (is_later && (next == nullptr || entry.number < next->number)) next = &entry;
        }
        if (next == nullptr) return nullptr;
        after = next->number;
    }
    return next;
}

bool CommandLedger::has_news() const {
    for (const Entry& entry : entries_) {
        if (entry.is_ack_due && !entry.was_acknowledged) return true;
    }
    return false;
}

CommandLedger::Entry& CommandLedger::slot_for(const Command& command) {
    Entry* known = find(command.id);
    if (known != nullptr) return *known;
    Entry* oldest = entries_.data();
    for (Entry& entry : entries_) {
        if (entry.number < oldest->number) oldest = &entry;
    }
    *oldest = Entry{};
    oldest->number = ++last_number_;
    oldest->id = command.id;
    oldest->kind = command.kind;
    return *oldest;
}

bool CommandLedger::keep(const Entry& entry) {
    CommandRecord record{};
    RecordWriter writer(record, command_format);
    writer.number(entry.number, 4).number(static_cast<std::uint64_t>(entry.kind), 1);
    writer.number(static_cast<std::uint64_t>(entry.state), 1).text(entry.id);
    return writer.put(values_, command_key(static_cast<std::size_t>(&entry - entries_.data())));
}

}  // namespace frameferry
