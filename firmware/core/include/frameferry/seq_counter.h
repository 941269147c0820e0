// Which seq comes next. Blocks of 64 are set aside in the KeyValue store before the first of them is used, because its
// flash bears some 100,000 erases; what is left of a block at a reboot is never used.
#pragma once

#include "frameferry/captures.h"
#include "frameferry/ports.h"

namespace frameferry {

// Not thread-safe: the queue's mutex is around it.
class SeqCounter {
public:
    static constexpr Seq block = 64;

    explicit SeqCounter(KeyValue& values) : values_(values) {}

    // `card_next` is larger than every seq that the card tells of: it counts where the store tells less, or nothing.
    void start(Seq card_next);
    [[nodiscard]] Seq next() const { return next_; }
    // The next seq may be taken: nobody has it, and nobody will have it after a power cut.
    bool ready();
    // After `ready`. Given once, whatever becomes of the capture: a write that fails half-way may have become durable.
    Seq take() { return next_++; }
    // Nothing below is given any more. False where that could not be made durable.
    bool raise(Seq to);

private:
    bool reserve(Seq up_to);

    KeyValue& values_;
    Seq next_ = 0;
    Seq reserved_ = 0;  // none from here on was ever given
};

}  // namespace frameferry
