// Instants as text: RFC 3339 in bodies, IMF-fixdate (RFC 9110 section 5.6.7) in headers. All are milliseconds since
// 1970-01-01 in UTC, of the years 1970 to 9999: 0 and less is no instant, for 0 says "not known" everywhere here.
#pragma once

#include <cstdint>
#include <string_view>

#include "frameferry/bytes.h"

namespace frameferry {

struct CalendarTime {
    std::uint16_t year = 1970;
    std::uint8_t month = 1;
    std::uint8_t day = 1;
    std::uint8_t hour = 0;
    std::uint8_t minute = 0;
    std::uint8_t second = 0;
    std::uint16_t millisecond = 0;
};

// Of an instant of 1970 to 9999; else of the nearest one.
[[nodiscard]] CalendarTime calendar_time(std::int64_t utc_ms);
// False for what no calendar has, such as a 30th of February.
[[nodiscard]] bool to_utc_ms(const CalendarTime& time, std::int64_t& utc_ms);

// With a zone; fractions of any length, of which the first three digits count; a leap second is the one before it.
[[nodiscard]] bool parse_rfc3339(std::string_view text, std::int64_t& utc_ms);
// `2025-12-26T10:15:30.000Z`.
[[nodiscard]] Text<24> to_rfc3339(std::int64_t utc_ms);
// `Fri, 26 Dec 2025 10:15:30 GMT`. The weekday is not looked at.
[[nodiscard]] bool parse_http_date(std::string_view text, std::int64_t& utc_ms);

}  // namespace frameferry
