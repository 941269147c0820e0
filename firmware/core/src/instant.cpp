#include "frameferry/instant.h"

#include <algorithm>
#include <array>

namespace frameferry {

namespace {

constexpr std::int64_t ms_per_day = 86'400'000;
constexpr std::uint16_t first_year = 1970;
constexpr std::uint16_t last_year = 9999;
constexpr std::int64_t last_ms = 253'402'300'799'999;  // the end of 9999

bool is_leap(unsigned year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

unsigned days_of_month(unsigned year, unsigned month) {
    constexpr std::array<std::uint8_t, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

// From 1970-01-01 to the first of January.
std::int64_t days_before(std::int64_t year) {
    const std::int64_t before = year - 1;
    const std::int64_t leap_days = before / 4 - before / 100 + before / 400;
    constexpr std::int64_t leap_days_before_1970 = 1969 / 4 - 1969 / 100 + 1969 / 400;
    return (year - first_year) * 365 + leap_days - leap_days_before_1970;
}

// Reads a text from its beginning; after a failure all else fails.
class Scanner {
public:
    explicit Scanner(std::string_view text) : left_(text) {}

    Scanner& digits(unsigned count, std::uint16_t& number) {
        number = 0;
        for (unsigned digit = 0; digit < count; ++digit) {
            const char character = next();
            if (character < '0' || character > '9') ok_ = false;
            if (ok_) number = static_cast<std::uint16_t>(number * 10 + (character - '0'));
        }
        return *this;
    }

    Scanner& digits(unsigned count, std::uint8_t& number) {
        std::uint16_t wide = 0;
        digits(count, wide);
        number = static_cast<std::uint8_t>(wide);
        return *this;
    }

    Scanner& word(std::string_view word) {
        if (left_.substr(0, word.size()) != word) ok_ = false;
        if (ok_) left_.remove_prefix(word.size());
        return *this;
    }

    char next() {
        if (left_.empty()) ok_ = false;
        if (!ok_) return '\0';
        const char character = left_.front();
        left_.remove_prefix(1);
        return character;
    }

    [[nodiscard]] char peek() const { return left_.empty() ? '\0' : left_.front(); }
    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool is_at_end() const { return ok_ && left_.empty(); }
    void fail() { ok_ = false; }

private:
    std::string_view left_;
    bool ok_ = true;
};

void scan_fraction(Scanner& scanner, std::uint16_t& millisecond) {
    if (scanner.peek() != '.') return;
    scanner.next();
    unsigned worth = 100;
    do {
        std::uint8_t digit = 0;
        scanner.digits(1, digit);
        millisecond = static_cast<std::uint16_t>(millisecond + digit * worth);
        worth /= 10;
    } while (scanner.ok() && scanner.peek() >= '0' && scanner.peek() <= '9');
}

// What is to be taken away to be in UTC.
std::int64_t scan_zone_ms(Scanner& scanner) {
    const char sign = scanner.next();
    if (sign == 'Z' || sign == 'z') return 0;
    if (sign != '+' && sign != '-') scanner.fail();
    std::uint8_t hours = 0;
    std::uint8_t minutes = 0;
    scanner.digits(2, hours).word(":").digits(2, minutes);
    if (hours > 23 || minutes > 59) scanner.fail();
    const std::int64_t offset_ms = (hours * 60 + minutes) * std::int64_t{60'000};
    return sign == '-' ? -offset_ms : offset_ms;
}

std::uint8_t month_by_name(Scanner& scanner) {
    constexpr std::string_view names = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const std::array<char, 3> name{scanner.next(), scanner.next(), scanner.next()};
    for (std::size_t month = 0; month < 12; ++month) {
        if (names.substr(month * 3, 3) == std::string_view(name.data(), name.size())) {
            return static_cast<std::uint8_t>(month + 1);
        }
    }
    scanner.fail();
    return 1;
}

}  // namespace

bool to_utc_ms(const CalendarTime& time, std::int64_t& utc_ms) {
    if (time.year < first_year || time.year > last_year || time.month < 1 || time.month > 12) return false;
    if (time.day < 1 || time.day > days_of_month(time.year, time.month)) return false;
    if (time.hour > 23 || time.minute > 59 || time.second > 60 || time.millisecond > 999) return false;
    std::int64_t days = days_before(time.year) + time.day - 1;
    for (unsigned month = 1; month < time.month; ++month) days += days_of_month(time.year, month);
    const int second = time.second == 60 ? 59 : time.second;
    utc_ms = days * ms_per_day + ((time.hour * 60 + time.minute) * 60 + second) * std::int64_t{1000} + time.millisecond;
    return true;
}

CalendarTime calendar_time(std::int64_t utc_ms) {
    const std::int64_t within = std::clamp<std::int64_t>(utc_ms, 0, last_ms);
    const std::int64_t days = within / ms_per_day;
    const std::int64_t ms = within % ms_per_day;
    CalendarTime time;
    std::int64_t year = first_year + days / 366;
    while (days_before(year + 1) <= days) ++year;
    time.year = static_cast<std::uint16_t>(year);
    auto day = static_cast<unsigned>(days - days_before(year));
    while (day >= days_of_month(time.year, time.month)) day -= days_of_month(time.year, time.month++);
    time.day = static_cast<std::uint8_t>(day + 1);
    time.hour = static_cast<std::uint8_t>(ms / 3'600'000);
    time.minute = static_cast<std::uint8_t>(ms / 60'000 % 60);
    time.second = static_cast<std::uint8_t>(ms / 1000 % 60);
    time.millisecond = static_cast<std::uint16_t>(ms % 1000);
    return time;
}

bool parse_rfc3339(std::string_view text, std::int64_t& utc_ms) {
    Scanner scanner(text);
    CalendarTime time;
    scanner.digits(4, time.year).word("-").digits(2, time.month).word("-").digits(2, time.day);
    const char separator = scanner.next();
    if (separator != 'T' && separator != 't' && separator != ' ') scanner.fail();
    scanner.digits(2, time.hour).word(":").digits(2, time.minute).word(":").digits(2, time.second);
    scan_fraction(scanner, time.millisecond);
    const std::int64_t zone_ms = scan_zone_ms(scanner);
    std::int64_t local_ms = 0;
    if (!scanner.is_at_end() || !to_utc_ms(time, local_ms)) return false;
    if (local_ms - zone_ms <= 0 || local_ms - zone_ms > last_ms) return false;
    utc_ms = local_ms - zone_ms;
    return true;
}

Text<24> to_rfc3339(std::int64_t utc_ms) {
    const CalendarTime time = calendar_time(utc_ms);
    Text<24> text;
    text.append_number(time.year, 4).append('-').append_number(time.month, 2).append('-').append_number(time.day, 2);
    text.append('T').append_number(time.hour, 2).append(':').append_number(time.minute, 2).append(':');
    return text.append_number(time.second, 2).append('.').append_number(time.millisecond, 3).append('Z');
}

bool parse_http_date(std::string_view text, std::int64_t& utc_ms) {
    Scanner scanner(text);
    CalendarTime time;
    scanner.next(), scanner.next(), scanner.next();
    scanner.word(", ").digits(2, time.day).word(" ");
    time.month = month_by_name(scanner);
    scanner.word(" ").digits(4, time.year).word(" ").digits(2, time.hour).word(":").digits(2, time.minute);
    scanner.word(":").digits(2, time.second).word(" GMT");
    std::int64_t parsed_ms = 0;
    if (!scanner.is_at_end() || !to_utc_ms(time, parsed_ms) || parsed_ms == 0) return false;
    utc_ms = parsed_ms;
    return true;
}

}  // namespace frameferry
