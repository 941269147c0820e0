// Events that wait to be told to the server, kept: what was lost must not also be forgotten.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "frameferry/bytes.h"
#include "frameferry/inbox.h"
#include "frameferry/ports.h"
#include "frameferry/wall_clock.h"

namespace frameferry {

// Oldest first, at most `capacity`: the oldest motion gives way first, evicted ranges last, and those become one where
// there is nothing else. An event that cannot be kept still waits in memory. From any thread.
class Outbox {
public:
    static constexpr std::size_t capacity = 40;
    using Message = Text<96>;

    // As it is told. `number` names it to `told`.
    struct Told {
        std::uint32_t number = 0;
        Message message;
        Event event;  // its message is a view of the one above: do not copy
    };

    Outbox(KeyValue& values, WallClock& clock, Mutex& mutex) : values_(values), clock_(clock), mutex_(mutex) {}

    void load(std::uint64_t boot_id);
    void add(EventKind kind, std::string_view message = {}, std::optional<SeqRange> seqs = {});
    void motion(std::uint32_t score_permille);
    // A range that goes on where one ends that was never sent makes it longer.
    void evicted(SeqRange seqs);

    // The events to be told next, oldest first; from now on they stay as they are. None while nobody knows the time: an
    // event is one event by its time, and one without would be told twice.
    std::size_t first(Told* room, std::size_t count);
    // One of them. False where it has been told or given up.
    bool find(std::uint32_t number, Told& told);
    // The server has it, or will never take it.
    void told(std::uint32_t number);
    // Nobody is to be told any of it, or only what is of this boot. False where something may be there again after a
    // restart.
    bool clear(bool with_this_boot);

    [[nodiscard]] std::size_t size();
    // Given up for want of room since the start.
    [[nodiscard]] std::uint32_t dropped();

private:
    struct Entry {
        std::uint32_t number = 0;  // 0: free
        EventKind kind = EventKind::error;
        bool may_grow = false;
        bool is_kept = false;
        bool has_seqs = false;
        bool has_score = false;
        std::int64_t occurred_at_ms = 0;  // 0: not known yet
        std::uint64_t uptime_ms = 0;
        bool is_of_this_boot = false;
        SeqRange seqs;
        std::uint32_t score_permille = 0;
        Message message;
    };

    void load_entry(std::size_t at, std::uint64_t boot_id);
    Entry& added(EventKind kind);
    void make_room();
    [[nodiscard]] Entry* oldest(bool (*matches)(const Entry&), std::uint32_t after = 0);
    void set_time(Entry& entry);
    void tell(Entry& entry, Told& told);
    [[nodiscard]] bool is_taken(const Entry& entry, std::int64_t at_ms) const;
    void keep(Entry& entry);
    bool drop(Entry& entry);

    KeyValue& values_;
    WallClock& clock_;
    Mutex& mutex_;
    std::array<Entry, capacity> entries_{};
    std::uint32_t last_number_ = 0;
    std::uint32_t dropped_ = 0;
    std::uint64_t boot_id_ = 0;
};

}  // namespace frameferry
