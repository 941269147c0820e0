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
    const std::uint64_t now_ms = clock_.monotonic_ms();
    Line line;
    line.append_number(now_ms / 1000).append(' ');
    append_printable(line, text);
    if (!detail.empty()) {
        line.append(' ');
        append_printable(line, detail);
    }
    keep(now_ms, line);
}

void LogRing::add(std::string_view text, std::uint64_t number) {
    Text<20> digits;
    digits.append_number(number);
    add(text, digits);
}

void LogRing::keep(std::uint64_t now_ms, const Line& line) {
    const Lock lock(mutex_);
    const std::uint64_t last_ms = end_ != 0 ? lines_[(end_ - 1) % line_count].at_ms : 0;
    lines_[end_ % line_count] = {end_ != 0 ? std::max(now_ms, last_ms + 1) : now_ms, line};
    ++end_;
    if (listener_ != nullptr) listener_->logged(line);
}

bool LogRing::first_from(std::uint32_t number, Told& told) {
    const Lock lock(mutex_);
    const std::uint32_t oldest = end_ > line_count ? end_ - line_count : 0;
    const std::uint32_t first = std::max({number, oldest, oldest_});
    if (first >= end_) return false;
    const Kept& kept = lines_[first % line_count];
    told = {first, kept.at_ms, kept.text};
    return true;
}

void LogRing::clear() {
    const Lock lock(mutex_);
    oldest_ = end_;
}

std::uint32_t LogRing::end() {
    const Lock lock(mutex_);
    return end_;
}

}  // namespace frameferry
