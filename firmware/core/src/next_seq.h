// Seqs that the server hands out.
#pragma once

#include "frameferry/captures.h"
#include "frameferry/json_reader.h"

namespace frameferry {

// One after which there are more: else a single wrong answer could use up all of the device's seqs.
[[nodiscard]] inline bool get_next_seq(const JsonValue& value, Seq& next_seq) {
    return value.get(next_seq) && next_seq < max_seq / 2;
}

}  // namespace frameferry
