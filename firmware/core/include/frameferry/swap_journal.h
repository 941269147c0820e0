// A pack that is to take another one's place: kept apart from the card, so that a power cut leaves one of the two.
#pragma once

#include "frameferry/card.h"
#include "frameferry/ports.h"

namespace frameferry {

struct Swap {
    PackName old;
    PackName made;
    bool is_sealed = false;  // the new one is whole: the old one goes. Else the new one goes
};

class SwapJournal {
public:
    explicit SwapJournal(KeyValue& values) : values_(values) {}

    // Durable where it returns true; else it may be so all the same.
    bool put(const Swap& swap);
    KeyValue::Found get(Swap& swap);
    bool erase();

private:
    KeyValue& values_;
};

}  // namespace frameferry
