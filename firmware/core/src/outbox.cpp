#include "frameferry/outbox.h"

#include <algorithm>

#include "frameferry/kept_values.h"
#include "frameferry/lock.h"

namespace frameferry {
namespace {

constexpr std::uint8_t event_format = 1;
using EventRecord = std::array<std::uint8_t, 176>;

Text<9> event_key(std::size_t at) { return Text<9>("evt").append_number(at, 2); }

}  // namespace

void Outbox::load(std::uint64_t boot_id) {
    const Lock lock(mutex_);
    boot_id_ = boot_id;
    for (std::size_t at = 0; at < capacity; ++at) load_entry(at, boot_id);
}

void Outbox::load_entry(std::size_t at, std::uint64_t boot_id) {
    EventRecord record{};
    RecordReader reader(record);
    if (reader.get(values_, event_key(at), event_format) != KeyValue::Found::value) return;
    Entry entry;
    entry.number = static_cast<std::uint32_t>(reader.number(4));
    entry.kind = static_cast<EventKind>(reader.number(1));
    entry.has_seqs = reader.number(1) != 0;
    entry.has_score = reader.number(1) != 0;
    entry.occurred_at_ms = static_cast<std::int64_t>(reader.number());
    entry.uptime_ms = reader.number();
    entry.is_of_this_boot = reader.number() == boot_id;
    entry.seqs.first = reader.number();
    entry.seqs.last = reader.number();
    entry.score_permille = static_cast<std::uint32_t>(reader.number(4));
    entry.message.append(reader.text());
    if (!reader.is_whole() || entry.kind > EventKind::skipped) return;
    entry.is_kept = true;
    entries_[at] = entry;
    last_number_ = std::max(last_number_, entry.number);
}

void Outbox::add(EventKind kind, std::string_view message, std::optional<SeqRange> seqs) {
    const Lock lock(mutex_);
    Entry& entry = added(kind);
    entry.has_seqs = seqs.has_value();
    if (seqs) entry.seqs = *seqs;
    entry.message.append(message.substr(0, 96));
    keep(entry);
}

void Outbox::motion(std::uint32_t score_permille) {
    const Lock lock(mutex_);
    Entry& entry = added(EventKind::motion);
    entry.has_score = true;
    entry.score_permille = score_permille;
    keep(entry);
}

void Outbox::evicted(SeqRange seqs) {
    const Lock lock(mutex_);
    for (Entry& entry : entries_) {
        if (entry.number == 0 || !entry.may_grow || entry.seqs.last + 1 != seqs.first) continue;
        entry.seqs.last = seqs.last;
        keep(entry);
        return;
    }
    Entry& entry = added(EventKind::evicted);
    entry.has_seqs = true;
    entry.seqs = seqs;
    entry.may_grow = true;
    keep(entry);
}

std::size_t Outbox::first(Told* room, std::size_t count) {
    const Lock lock(mutex_);
    if (!clock_.is_set()) return 0;
    std::size_t filled = 0;
    std::uint32_t after = 0;
    while (filled < count) {
        Entry* next = oldest([](const Entry&) { return true; }, after);
        if (next == nullptr) break;
        after = next->number;
        tell(*next, room[filled++]);
    }
    return filled;
}

bool Outbox::find(std::uint32_t number, Told& told) {
    const Lock lock(mutex_);
    for (Entry& entry : entries_) {
        if (number == 0 || entry.number != number) continue;
        tell(entry, told);
        return true;
    }
    return false;
}

void Outbox::tell(Entry& entry, Told& told) {
    entry.may_grow = false;
    if (entry.occurred_at_ms == 0) set_time(entry);
    if (!entry.is_kept) keep(entry);
    told.number = entry.number;
    told.message = entry.message;
    told.event = {entry.kind, entry.occurred_at_ms, {}, {}, told.message.view()};
    if (entry.has_seqs) told.event.seqs = entry.seqs;
    if (entry.has_score) told.event.score_permille = entry.score_permille;
}

void Outbox::told(std::uint32_t number) {
    const Lock lock(mutex_);
    for (Entry& entry : entries_) {
        if (entry.number == number && number != 0) drop(entry);
    }
}

bool Outbox::clear(bool with_this_boot) {
    const Lock lock(mutex_);
    bool is_gone = true;
    for (Entry& entry : entries_) {
        const bool stays = !with_this_boot && entry.number != 0 && entry.is_of_this_boot;
        is_gone = (stays || drop(entry)) && is_gone;
    }
    return is_gone;
}

std::size_t Outbox::size() {
    const Lock lock(mutex_);
    return static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), [](const Entry& entry) {
        return entry.number != 0;
    }));
}

std::uint32_t Outbox::dropped() {
    const Lock lock(mutex_);
    return dropped_;
}

Outbox::Entry& Outbox::added(EventKind kind) {
    const auto is_free = [](const Entry& entry) { return entry.number == 0; };
    auto free = std::find_if(entries_.begin(), entries_.end(), is_free);
    if (free == entries_.end()) {
        make_room();
        free = std::find_if(entries_.begin(), entries_.end(), is_free);
    }
    *free = Entry{};
    free->number = ++last_number_;
    free->kind = kind;
    free->uptime_ms = clock_.monotonic_ms();
    free->is_of_this_boot = true;
    if (clock_.is_set()) set_time(*free);
    return *free;
}

void Outbox::make_room() {
    ++dropped_;
    Entry* victim = oldest([](const Entry& entry) { return entry.kind == EventKind::motion; });
    if (victim == nullptr) victim = oldest([](const Entry& entry) { return entry.kind != EventKind::evicted; });
    if (victim != nullptr) {
        drop(*victim);
        return;
    }
    // Nothing but evicted ranges: one that covers the two oldest says too much, but hides nothing. It is kept as a new
    // one before the others go, for the server may know the first by its time.
    Entry& first = *oldest([](const Entry&) { return true; });
    Entry& second = *oldest([](const Entry&) { return true; }, first.number);
    second.seqs = {std::min(first.seqs.first, second.seqs.first), std::max(first.seqs.last, second.seqs.last)};
    second.may_grow = false;
    second.occurred_at_ms = 0;
    if (clock_.is_set()) set_time(second);
    keep(second);
    drop(first);
}

Outbox::Entry* Outbox::oldest(bool (*matches)(const Entry&), std::uint32_t after) {
    Entry* found = nullptr;
    for (Entry& entry : entries_) {
        if (entry.number <= after || !matches(entry)) continue;
        if (found == nullptr || entry.number < found->number) found = &entry;
    }
    return found;
}

void Outbox::set_time(Entry& entry) {
    // Of another boot nobody will ever know: it was told now.
    std::int64_t at_ms = entry.is_of_this_boot ? clock_.utc_at(entry.uptime_ms) : clock_.utc_ms();
    while (is_taken(entry, at_ms)) ++at_ms;
    entry.occurred_at_ms = at_ms;
    entry.is_kept = false;
}

bool Outbox::is_taken(const Entry& entry, std::int64_t at_ms) const {
    return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& other) {
        return &other != &entry && other.number != 0 && other.kind == entry.kind && other.occurred_at_ms == at_ms;
    });
}

void Outbox::keep(Entry& entry) {
    EventRecord record{};
    RecordWriter writer(record, event_format);
    writer.number(entry.number, 4).number(static_cast<std::uint64_t>(entry.kind), 1);
    writer.number(entry.has_seqs ? 1 : 0, 1).number(entry.has_score ? 1 : 0, 1);
    writer.number(static_cast<std::uint64_t>(entry.occurred_at_ms)).number(entry.uptime_ms);
    writer.number(entry.is_of_this_boot ? boot_id_ : 0);
    writer.number(entry.seqs.first).number(entry.seqs.last).number(entry.score_permille, 4).text(entry.message);
    entry.is_kept = writer.put(values_, event_key(static_cast<std::size_t>(&entry - entries_.data())));
}

bool Outbox::drop(Entry& entry) {
    entry = Entry{};
    return values_.erase(event_key(static_cast<std::size_t>(&entry - entries_.data())));
}

}  // namespace frameferry
