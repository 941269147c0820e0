#include "frameferry/ways.h"

namespace frameferry {
namespace {

bool is_same(const QueuedPack& one, const QueuedPack& other) {
    return one.seqs.first == other.seqs.first && one.seqs.last == other.seqs.last && one.version == other.version &&
           one.size_bytes == other.size_bytes;
}

bool is_in(PackQueue& queue, const QueuedPack& pack) {
    QueuedPack found;
    return queue.first_from(pack.seqs.first, found) && is_same(found, pack);
}

// What would be forgotten with it is nothing.
bool has_no_past(const Way& way) {
    return !way.is_sent && way.signature.empty() && way.not_before_ms == 0 && way.refusals == 0;
}

}  // namespace

template <class Told>
void Ways::each_pack(PackQueue& queue, bool newest_first, Told told) {
    QueuedPack pack;
    Seq from = newest_first ? max_seq : 0;
    for (std::size_t left = count_; left != 0; --left) {
        if (!(newest_first ? queue.last_up_to(from, pack) : queue.first_from(from, pack))) return;
        told(pack);
        if (newest_first && pack.seqs.first == 0) return;
        from = newest_first ? pack.seqs.first - 1 : pack.seqs.last + 1;
    }
}

void Ways::look_through(PackQueue& queue, bool newest_first) {
    for (Way& way : *this) way.is_seen = false;
    each_pack(queue, newest_first, [this](const QueuedPack& pack) {
        Way* way = find(pack);
        if (way != nullptr) see(*way, pack);
    });
    for (Way& way : *this) {
        if (way.is_used && !way.is_seen && !is_in(queue, way.pack)) way = Way{};
    }
    each_pack(queue, newest_first, [this](const QueuedPack& pack) {
        if (find(pack) != nullptr) return;
        Way* way = room_for_another();
        if (way == nullptr) return;
        *way = Way{};
        way->pack = pack;
        way->is_used = way->is_seen = true;
    });
}

Way* Ways::find(const QueuedPack& pack) {
    for (Way& way : *this) {
        if (way.is_used && way.pack.seqs.first == pack.seqs.first) return &way;
    }
    return nullptr;
}

// A pack that is written anew begins its way again, but not its patience.
void Ways::see(Way& way, const QueuedPack& pack) {
    way.is_seen = true;
    if (is_same(way.pack, pack)) return;
    way.pack = pack;
    way.begin_again();
}

Way* Ways::room_for_another() {
    for (Way& way : *this) {
        if (!way.is_used) return &way;
    }
    for (Way& way : *this) {
        if (!way.is_seen && has_no_past(way)) return &way;
    }
    return nullptr;
}

}  // namespace frameferry
