#include "frameferry/drain.h"

#include <algorithm>

#include "frameferry/http_reason.h"

namespace frameferry {
namespace {

constexpr std::uint32_t place_margin_ms = 10'000;
constexpr std::uint32_t longest_preparation_ms = 10'000;  // of reading packs whose sha256 is not known, for one sync

std::uint32_t until(std::uint64_t then_ms, std::uint64_t now_ms) {
    return then_ms > now_ms ? static_cast<std::uint32_t>(std::min<std::uint64_t>(then_ms - now_ms, never_ms)) : 0;
}

}  // namespace

void Drain::look(bool newest_first) {
    newest_first_ = newest_first;
    ways_.look_through(queue_, newest_first);
}

void Drain::forget_ways() {
    for (Way& way : ways_) way = Way{};
}

std::uint32_t Drain::rests_for_ms() {
    const std::uint64_t now_ms = clock_.monotonic_ms();
    return std::max(puts_.rests_for_ms(now_ms), refused_urls_.rests_for_ms(now_ms));
}

bool Drain::wants_places() {
    const std::uint64_t now_ms = clock_.monotonic_ms();
    const auto can_be_put = [&](const Way& way) { return way.may_go(now_ms) && way.has_place(now_ms); };
    const Way* wanting = ways_.next(nullptr, newest_first_, [&](const Way& way) { return way.wants_place(now_ms); });
    if (wanting == nullptr) return false;
    const Way* placed = ways_.next(nullptr, newest_first_, can_be_put);
    return placed == nullptr || (newest_first_ && wanting->pack.seqs.first > placed->pack.seqs.first);
}

std::uint32_t Drain::sync_due_in_ms(bool hurry) {
    const std::uint64_t now_ms = clock_.monotonic_ms();
    if (wants_places()) return rests_for_ms();
    std::size_t sent = 0;
    std::uint32_t due_in_ms = never_ms;
    for (const Way& way : ways_) {
        if (way.wants_receipt(now_ms)) ++sent;
        const bool is_deferred = way.is_used && way.not_before_ms > now_ms;
        if (is_deferred) due_in_ms = std::min(due_in_ms, until(way.not_before_ms, now_ms));
    }
    const bool can_put = put_due_in_ms() != never_ms;
    if (!can_put && (sent > 1 || (sent != 0 && hurry))) return 0;
    return due_in_ms;
}

std::uint32_t Drain::put_due_in_ms() { return next_put() == nullptr ? never_ms : rests_for_ms(); }

bool Drain::is_idle() {
    const std::uint64_t now_ms = clock_.monotonic_ms();
    return std::none_of(ways_.begin(), ways_.end(), [&](const Way& way) {
        return way.wants_place(now_ms) || way.has_place(now_ms);
    });
}

bool Drain::waits_for_receipts() {
    const std::uint64_t now_ms = clock_.monotonic_ms();
    return std::any_of(ways_.begin(), ways_.end(), [&](const Way& way) { return way.wants_receipt(now_ms); });
}

bool Drain::is_busy() { return put_due_in_ms() == 0; }

std::size_t Drain::to_ask(NamedPack* named, std::uint16_t* ways, std::size_t room) {
    const std::uint64_t began_at_ms = clock_.monotonic_ms();
    std::size_t count = 0;
    const auto take = [&](const Way& way) { ways[count++] = static_cast<std::uint16_t>(&way - ways_.begin()); };
    const Way* way = nullptr;
    const auto wants_receipt = [&](const Way& each) { return each.wants_receipt(began_at_ms); };
    const std::size_t most_sent = std::min(room, max_sync_objects - max_sync_unsent);
    while (count < most_sent && (way = ways_.next(way, newest_first_, wants_receipt)) != nullptr) {
        name(*way, named[count]);
        take(*way);
    }
    if (rests_for_ms() != 0 || !wants_places()) return count;
    // All of them, also those that have a place: places of two answers do not share a query.
    const auto is_to_be_put = [&](const Way& each) { return each.may_go(began_at_ms) && !each.is_sent; };
    const std::size_t most = std::min(room, count + max_sync_unsent);
    way = nullptr;
    while (count < most && clock_.monotonic_ms() - began_at_ms < longest_preparation_ms) {
        way = ways_.next(way, newest_first_, is_to_be_put);
        if (way == nullptr) break;
        const auto at = static_cast<std::size_t>(way - ways_.begin());
        if (!prepare(ways_[at], named[count])) continue;
        take(*way);
    }
    return count;
}

bool Drain::to_ask_alone(std::uint16_t way, SeqRange seqs, NamedPack& named) {
    Way& alone = ways_[way];
    const bool is_same = alone.is_used && alone.pack.seqs.first == seqs.first && alone.pack.seqs.last == seqs.last;
    return is_same && prepare(alone, named);
}

bool Drain::prepare(Way& way, NamedPack& named) {
    const QueueStatus status = queue_.sha256(way.pack, way.sha256);
    if (status == QueueStatus::ok) name(way, named);
    // What is damaged or gone is another pack, or none, at the next look.
    if (status == QueueStatus::gone) defer(way, 1'000, "it is another one now");
    if (status != QueueStatus::ok && status != QueueStatus::gone) {
        defer(way, status == QueueStatus::damaged ? 10'000 : backoff_longest_ms, "the card fails");
    }
    return status == QueueStatus::ok;
}

void Drain::name(const Way& way, NamedPack& named) {
    named = {way.pack.seqs, way.pack.size_bytes, way.sha256, way.is_sent};
}

void Drain::answered(const std::uint16_t* ways, const SyncAnswer& answer, std::string_view device_id,
                     const ReceiptKeys& keys, std::uint64_t asked_at_ms) {
    const auto has_place = [](const ObjectAnswer& object) { return object.status == ObjectStatus::place; };
    if (std::any_of(answer.objects, answer.objects + answer.object_count, has_place)) {
        void_all_places();
        places_ = answer.uploads;
    }
    const std::uint32_t lifetime_ms = std::max(answer.uploads.lifetime_ms, place_margin_ms) - place_margin_ms;
    for (std::size_t at = 0; at < answer.object_count; ++at) {
        answered_one(ways_[ways[at]], answer.objects[at], answer, device_id, keys, asked_at_ms + lifetime_ms);
    }
}

void Drain::answered_one(Way& way, const ObjectAnswer& object, const SyncAnswer& answer, std::string_view device_id,
                         const ReceiptKeys& keys, std::uint64_t place_ends_at_ms) {
    switch (object.status) {
        case ObjectStatus::place: return place(way, object, place_ends_at_ms);
        case ObjectStatus::held: return held(way, object, answer, device_id, keys);
        case ObjectStatus::nothing: {
            const bool was_doubtful = way.is_doubtful;
            way.begin_again();
            return was_doubtful ? void() : unproved(way, "the cloud does not hold it", false);
        }
        case ObjectStatus::conflict:
        case ObjectStatus::unreadable: break;
    }
    way.begin_again();
    unproved(way, "answer not understood", true);
}

void Drain::place(Way& way, const ObjectAnswer& object, std::uint64_t ends_at_ms) {
    // The receipt will be for this key and no other.
    if (object.tail != pack_key_tail(way.pack.seqs, way.sha256).view()) {
        unproved(way, "place for another object", true);
        return;
    }
    const bool was_lost = way.is_sent && !way.is_doubtful;
    way.begin_again();
    // As if nothing were said of it: where it is sent again at once it may be lost again, and without end.
    if (was_lost) return unproved(way, "the cloud does not hold it", false);
    // Asked again at once it would be as old: the answer takes longer than the place lives.
    if (ends_at_ms <= clock_.monotonic_ms()) return unproved(way, "place expired at once", false);
    way.signature = object.signature;
    way.place_ends_at_ms = ends_at_ms;
}

void Drain::held(Way& way, const ObjectAnswer& object, const SyncAnswer& answer, std::string_view device_id,
                 const ReceiptKeys& keys) {
    const auto tail = pack_key_tail(way.pack.seqs, way.sha256);
    const ObjectKey key = object_key(device_id, tail);
    const Receipt receipt{object.state, object.key_id, key, way.pack.size_bytes, way.sha256, object.signature};
    const bool is_of_this_key = object.tail.empty() || object.tail == tail.view();
    if (!is_of_this_key || verify(keys, device_id, receipt) != ReceiptVerdict::valid) {
        unproved(way, "receipt refused", true);
        return;
    }
    const auto exceptions = answer.exceptions_of(object);
    if (!exceptions.empty()) {
        take_out(way, exceptions);
        return;
    }
    conflicts_.succeeded();
    const QueueStatus status = queue_.remove(way.pack);
    if (status == QueueStatus::ok || status == QueueStatus::gone) {
        confirmed(way, object.state == ReceiptState::deleted);
    } else {
        unproved(way, "card: proved pack not removed", false);
    }
}

void Drain::take_out(Way& way, List<SyncAnswer::Exception> exceptions) {
    const std::uint64_t now_ms = clock_.monotonic_ms();
    if (now_ms < no_conflict_before_ms_) {
        defer(way, until(no_conflict_before_ms_, now_ms), "conflicts again and again");
        return;
    }
    // Whoever answers so again and again would have all seqs used up.
    const bool is_again = conflicts_.is_failing();
    const std::uint32_t wait_ms = conflicts_.failed(entropy_);
    if (is_again) no_conflict_before_ms_ = now_ms + wait_ms;
    const QueueStatus status = queue_.take_out(way.pack, exceptions.first, exceptions.count);
    if (status == QueueStatus::ok || status == QueueStatus::gone) {
        log_.add("captures get new seqs:", exceptions.count);
        confirmed(way, false);
        return;
    }
    if (status == QueueStatus::damaged) queue_.distrust(way.pack);
    unproved(way, "captures not taken out", true);
}

void Drain::confirmed(Way& way, bool is_deleted) {
    ++packs_confirmed_;
    log_.add("confirmed pack", way.pack.seqs.first);
    watcher_.confirmed(way.pack, is_deleted);
    way = Way{};
}

void Drain::unproved(Way& way, const char* reason, bool is_to_be_told) {
    if (is_to_be_told && !way.is_receipt_reported) {
        way.is_receipt_reported = true;
        outbox_.add(EventKind::error, reason, way.pack.seqs);
    }
    log_.add("pack kept:", reason);
    defer(way, way.unproved.failed(entropy_), reason);
}

void Drain::defer(Way& way, std::uint32_t wait_ms, std::string_view reason) {
    way.not_before_ms = clock_.monotonic_ms() + wait_ms;
    watcher_.deferred(way.pack, reason, wait_ms);
}

void Drain::refused_alone(std::uint16_t way, bool is_servers_error, std::string_view code) {
    Way& alone = ways_[way];
    if (!alone.is_used) return;
    if (is_servers_error) {
        defer(alone, backoff_longest_ms, code);
    } else {
        refused(alone, code);
    }
}

void Drain::refused(Way& way, std::string_view code) {
    Text<80> reason("refused: ");
    reason.append(code.substr(0, 63));
    log_.add("pack", reason);
    defer(way, refused_wait_ms, reason);
    if (++way.refusals < refusals_before_aside) return;
    const QueueStatus status = queue_.set_aside(way.pack, reason.c_str());
    if (status == QueueStatus::ok || status == QueueStatus::gone) way = Way{};
}

Way* Drain::next_put() {
    const std::uint64_t now_ms = clock_.monotonic_ms();
    const auto can_be_put = [&](const Way& way) { return way.may_go(now_ms) && way.has_place(now_ms); };
    return ways_.next(nullptr, newest_first_, can_be_put);
}

void Drain::put_ended(Way& way, const PutResult& result) {
    switch (result.outcome) {
        case PutOutcome::stored:
            puts_.succeeded();
            refused_urls_.succeeded();
            urls_refused_in_a_row_ = 0;
            was_skewed_ = false;
            way.begin_again();
            way.is_sent = true;
            way.server_errors = way.url_refusals = 0;
            ++packs_put_;
            watcher_.uploaded(way.pack);
            return;
        case PutOutcome::url_refused: return urls_refused(way, result);
        case PutOutcome::refused:
            way.begin_again();
            return refused(way, result.code);
        case PutOutcome::pack_gone:
        case PutOutcome::pack_damaged:
            way.begin_again();
            return queue_.distrust(way.pack);
        default: return troubled(way, result);
    }
}

void Drain::void_all_places() {
    for (Way& way : ways_) way.signature.clear();
}

// All URLs of a batch die together. The first time new ones are asked for at once. One pack whose URL alone is refused
// lets the others go first; it is never set aside for it, because the fault may be the signer's.
void Drain::urls_refused(Way& way, const PutResult& result) {
    log_.add("S3 refuses the URL:", result.code);
    void_all_places();
    if (++way.url_refusals > 1) defer(way, backoff_longest_ms, result.code);
    if (++urls_refused_in_a_row_ > 1) {
        refused_urls_.failed(entropy_, clock_.monotonic_ms(), result.retry_after_ms());
    }
}

// SlowDown and the like are about the bucket, not about the pack.
void Drain::troubled(Way& way, const PutResult& result) {
    const HttpReason reason = result.code.empty() ? reason_of(result.http) : HttpReason(result.code);
    log_.add("upload failed:", reason);
    if (result.code == "RequestTimeTooSkewed") {
        const bool is_set_right = clock_.resync(result.http.answer.date_ms);
        void_all_places();
        // Once in a row: the fault may be S3's, or a clock that nobody can set.
        const bool is_first = !was_skewed_;
        was_skewed_ = true;
        if (is_set_right && is_first) return;
    }
    puts_.failed(entropy_, clock_.monotonic_ms(), result.retry_after_ms());
    watcher_.waiting(reason, rests_for_ms());
    if (result.outcome == PutOutcome::no_answer && result.is_wholly_sent) {
        way.begin_again();
        way.is_sent = way.is_doubtful = true;
    } else if (result.outcome == PutOutcome::digest_refused) {
        way.begin_again();
        queue_.distrust(way.pack);
    } else if (result.outcome == PutOutcome::card_failed) {
        defer(way, backoff_longest_ms, "the card fails");
    } else if (result.http.answer.code == 500 && ++way.server_errors % server_errors_in_a_row == 0) {
        defer(way, rests_for_ms() + backoff_longest_ms, result.code);
    }
}

}  // namespace frameferry
