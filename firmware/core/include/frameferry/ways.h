// How far each pack is on its way to the cloud, and what it has been through. In memory only: after a restart the
// server tells what it holds.
#pragma once

#include <cstddef>
#include <cstdint>

#include "frameferry/backoff.h"
#include "frameferry/bytes.h"
#include "frameferry/pack_queue.h"

namespace frameferry {

// A pack waits for a place; with a place it waits to be put; once it is sent, for its receipt.
struct Way {
    QueuedPack pack;
    Sha256 sha256{};
    Text<88> signature;  // of its place; empty where it has none
    std::uint64_t place_ends_at_ms = 0;
    std::uint64_t not_before_ms = 0;
    Backoff unproved{10'000, 3'600'000};
    std::uint8_t refusals = 0;
    std::uint8_t server_errors = 0;
    std::uint8_t url_refusals = 0;
    bool is_used = false;
    bool is_seen = false;  // in the queue, when that was last looked through
    bool is_sent = false;
    bool is_doubtful = false;  // sent to its last byte, and no answer came
    bool is_receipt_reported = false;

    [[nodiscard]] bool may_go(std::uint64_t now_ms) const { return is_used && not_before_ms <= now_ms; }
    [[nodiscard]] bool has_place(std::uint64_t now_ms) const {
        return is_used && !is_sent && !signature.empty() && now_ms < place_ends_at_ms;
    }
    [[nodiscard]] bool wants_place(std::uint64_t now_ms) const {
        return may_go(now_ms) && !is_sent && !has_place(now_ms);
    }
    [[nodiscard]] bool wants_receipt(std::uint64_t now_ms) const { return may_go(now_ms) && is_sent; }
    // Whatever was said about its place or receipt is void.
    void begin_again() { signature.clear(), is_sent = is_doubtful = false; }
};

// The ways of the packs that are next in the queue, as many as there is room for.
class Ways {
public:
    Ways(Way* room, std::size_t count) : room_(room), count_(count) {}

    // Those that are not, or not any more, as they were are forgotten; the next ones take free room.
    void look_through(PackQueue& queue, bool newest_first);

    [[nodiscard]] Way* begin() { return room_; }
    [[nodiscard]] Way* end() { return room_ + count_; }
    [[nodiscard]] Way& operator[](std::size_t at) { return room_[at]; }
    [[nodiscard]] std::size_t count() const { return count_; }
    // The first in the queue's order behind `after` for which `matches` is true; null where there is none. Begin with
    // null.
    template <class Matches>
    Way* next(const Way* after, bool newest_first, Matches matches) {
        Way* found = nullptr;
        for (Way& way : *this) {
            if (!way.is_used || (after != nullptr && !comes_before(*after, way, newest_first))) continue;
            if (found != nullptr && !comes_before(way, *found, newest_first)) continue;
            if (matches(way)) found = &way;
        }
        return found;
    }

private:
    static bool comes_before(const Way& one, const Way& other, bool newest_first) {
        return newest_first ? one.pack.seqs.first > other.pack.seqs.first : one.pack.seqs.first < other.pack.seqs.first;
    }
    template <class Told>
    void each_pack(PackQueue& queue, bool newest_first, Told told);
    [[nodiscard]] Way* find(const QueuedPack& pack);
    void see(Way& way, const QueuedPack& pack);
    [[nodiscard]] Way* room_for_another();

    Way* room_;
    std::size_t count_;
};

}  // namespace frameferry
