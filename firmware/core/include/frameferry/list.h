// Things in a row that somebody else owns.
#pragma once

#include <cstddef>

namespace frameferry {

template <class T>
struct List {
    const T* first = nullptr;
    std::size_t count = 0;

    constexpr List() = default;
    constexpr List(const T* begin_of, std::size_t length) : first(begin_of), count(length) {}

    [[nodiscard]] constexpr const T* begin() const { return first; }
    [[nodiscard]] constexpr const T* end() const { return first + count; }
    [[nodiscard]] constexpr bool empty() const { return count == 0; }
    [[nodiscard]] constexpr const T& operator[](std::size_t at) const { return first[at]; }
};

}  // namespace frameferry
