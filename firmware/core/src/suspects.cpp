#include "frameferry/suspects.h"

namespace frameferry {

bool Suspects::next(SyncParts& alone) {
    alone.clear();
    if (at_ == 0) return is_active_;
    std::size_t at = at_ - 1;
    if (at == 0 && !all_.has_account) ++at_, ++at;
    if (at == 0) {
        alone.has_account = true;
        return true;
    }
    at -= 1;
    if (at < all_.ack_count) {
        alone.acks[alone.ack_count++] = all_.acks[at];
        return true;
    }
    at -= all_.ack_count;
    if (at < all_.event_count) {
        alone.events[alone.event_count++] = all_.events[at];
        return true;
    }
    at -= all_.event_count;
    if (at == 0 && all_.log_count == 0) ++at_, ++at;
    if (at == 0) {
        alone.log_count = all_.log_count;
        return true;
    }
    at -= 1;
    if (at < all_.object_count) {
        alone.objects[alone.object_count++] = all_.objects[at];
        return true;
    }
    is_active_ = false;
    return false;
}

void Suspects::succeeded() {
    errors_in_a_row_ = 0;
    if (is_active_) ++at_;
}

Suspects::Verdict Suspects::failed(const SyncParts& parts, bool is_refusal) {
    ++errors_in_a_row_;
    if (!is_active_) {
        if (!is_refusal && errors_in_a_row_ < 2) return Verdict::wait;
        all_ = parts;
        at_ = 0;
        is_active_ = true;
        return Verdict::say_alone;
    }
    if (at_ == 0) {
        // Not even an empty sync is taken: it is none of them.
        is_active_ = false;
        return Verdict::wait;
    }
    ++at_;
    return Verdict::to_blame;
}

}  // namespace frameferry
