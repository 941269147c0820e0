// A promise that the fuzzer tries to break.
#pragma once

#include <cstdlib>

inline void must(bool holds) {
    if (!holds) std::abort();
}
