#include <doctest/doctest.h>

#include <string_view>

#include "frameferry/instant.h"

using namespace frameferry;

namespace {

std::int64_t rfc3339(std::string_view text) {
    std::int64_t utc_ms = -1;
    return parse_rfc3339(text, utc_ms) ? utc_ms : -1;
}

std::int64_t http_date(std::string_view text) {
    std::int64_t utc_ms = -1;
    return parse_http_date(text, utc_ms) ? utc_ms : -1;
}

}  // namespace

TEST_CASE("an instant of RFC 3339 is read in its zone") {
    CHECK(rfc3339("2025-12-26T10:15:30.123Z") == 1'766'744'130'123);
    CHECK(rfc3339("2025-12-26T10:15:30Z") == 1'766'744'130'000);
    CHECK(rfc3339("2025-12-26t10:15:30z") == 1'766'744'130'000);
    CHECK(rfc3339("2025-12-26T11:15:30+01:00") == 1'766'744'130'000);
    CHECK(rfc3339("2025-12-26T04:45:30-05:30") == 1'766'744'130'000);
    CHECK(rfc3339("2025-12-26T10:15:30.5Z") == 1'766'744'130'500);
    CHECK(rfc3339("2025-12-26T10:15:30.123987654321Z") == 1'766'744'130'123);
    CHECK(rfc3339("1970-01-01T00:00:00.001Z") == 1);
    CHECK(rfc3339("9999-12-31T23:59:59.999Z") == 253'402'300'799'999);
    CHECK(rfc3339("2000-02-29T00:00:00Z") == 951'782'400'000);
    CHECK(rfc3339("2016-12-31T23:59:60Z") == rfc3339("2016-12-31T23:59:59Z"));
}

TEST_CASE("what is no instant is not read") {
    for (const std::string_view text :
         {"", "2025", "2025-12-26", "2025-12-26T10:15:30", "2025-12-26T10:15Z", "2025-13-01T00:00:00Z",
          "2025-00-01T00:00:00Z", "2025-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2025-04-31T00:00:00Z",
          "2025-12-00T00:00:00Z", "2025-12-26T24:00:00Z", "2025-12-26T10:60:00Z", "2025-12-26T10:15:61Z",
          "2025-12-26T10:15:30.Z", "2025-12-26T10:15:30+1:00", "2025-12-26T10:15:30+24:00", "2025-12-26T10:15:30 Z",
          "2025-12-26T10:15:30Zx", "+025-12-26T10:15:30Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z",
          "9999-12-31T23:59:59-01:00", "0000-00-00T00:00:00Z", "2025-12-26T10:15:30,5Z"}) {
        CAPTURE(text);
        CHECK(rfc3339(text) == -1);
    }
}

TEST_CASE("every day from 1970 to 9999 is written and read back") {
    constexpr std::int64_t step_ms = 86'400'000 * std::int64_t{13} + 12'345'678;
    for (std::int64_t utc_ms = 1; utc_ms < 253'402'300'799'999; utc_ms += step_ms) {
        const auto text = to_rfc3339(utc_ms);
        REQUIRE(text.size() == 24);
        REQUIRE(rfc3339(text) == utc_ms);
    }
    CHECK(to_rfc3339(1'766'744'130'123) == "2025-12-26T10:15:30.123Z");
    CHECK(to_rfc3339(253'402'300'799'999) == "9999-12-31T23:59:59.999Z");
}

TEST_CASE("what lies outside of the calendar is the nearest instant of it") {
    CHECK(to_rfc3339(-1) == "1970-01-01T00:00:00.000Z");
    CHECK(to_rfc3339(INT64_MAX) == "9999-12-31T23:59:59.999Z");
}

TEST_CASE("a header's date is read, and nothing like it") {
    CHECK(http_date("Fri, 26 Dec 2025 10:15:30 GMT") == 1'766'744'130'000);
    for (const std::string_view text : {"", "Fri, 26 Dec 2025 10:15:30", "Fri, 26 Dez 2025 10:15:30 GMT",
                                        "Fri, 32 Dec 2025 10:15:30 GMT", "Friday, 26-Dec-25 10:15:30 GMT",
                                        "Fri Dec 26 10:15:30 2025", "Fri, 26 Dec 2025 10:15:30 GMT+1",
                                        "Fri, 26 ecF 2025 10:15:30 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"}) {
        CAPTURE(text);
        CHECK(http_date(text) == -1);
    }
}
