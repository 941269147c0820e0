#include "frameferry/log_ring.h"

#include <algorithm>

#include "frameferry/lock.h"

namespace frameferry {
namespace {

void append_printable(LogRing::Line& line, std::string_view text) {
    for (const char character : text) {
        const bool is_printable = character >= ' ' && character <= '~';
        line.append(is_printable ? character : '?');
    }
}

}  // namespace

void LogRing::add(std::string_view text) { add(text, std::string_view{}); }

void LogRing::add(std::string_view text, std::string_view detail) {
    Line line;
    line.append_number(clock_.monotonic_ms() / 1000).append(' ');
    append_printable(line, text);
    if (!detail.empty()) {
        line.append(' ');
        append_printable(line, detail);
    }
    keep(line);
}

void LogRing::add(std::string_view text, std::uint64_t number) {
    Text<20> digits;
    digits.append_number(number);
    add(text, digits);
}

void LogRing::keep(const Line& line) {
    const Lock lock(mutex_);
    lines_[next_] = line;
    next_ = (next_ + 1) % line_count;
    count_ = std::min(count_ + 1, line_count);
    if (listener_ != nullptr) listener_->logged(line);
}

std::size_t LogRing::newest(char* room, std::size_t room_size) {
    const Lock lock(mutex_);
    std::size_t taken = 0;
    std::size_t size = 0;
    while (taken < count_) {
        const Line& line = lines_[(next_ + line_count - taken - 1) % line_count];
        if (size + line.size() + 1 > room_size) break;
        size += line.size() + 1;
        ++taken;
    }
    std::size_t at = 0;
    for (; taken != 0; --taken) {
        const Line& line = lines_[(next_ + line_count - taken) % line_count];
        std::memcpy(room + at, line.c_str(), line.size());
        at += line.size();
        room[at++] = '\n';
    }
    return size;
}

}  // namespace frameferry
