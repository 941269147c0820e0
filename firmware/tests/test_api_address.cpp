#include "frameferry/api_address.h"

#include <doctest/doctest.h>

#include <string>

using namespace frameferry;

TEST_CASE("hosts of a private network are those that no router of the internet knows") {
    for (const char* host : {"10.0.0.1", "127.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.7.7",
                             "[::1]", "[fe80::1]", "[febf::1]", "[fd12:3456::1]", "fc00::1", "barn.local", "Barn.LOCAL",
                             "localhost"}) {
        CAPTURE(host);
        CHECK(is_private_host(host));
    }
    for (const char* host : {"11.0.0.1", "172.15.0.1", "172.32.0.1", "192.169.0.1", "8.8.8.8", "256.0.0.1", "10.0.0",
                             "10.0.0.1.example", "10.0.0.01", "010.0.0.1", "[fec0::1]", "[2001:db8::1]", "[fc::1]",
                             "[::ffff:10.0.0.1]", "local", ".local", "barn.local.example", "barnlocal", "api.example",
                             "localhost.example", "", "[]", "[fe80]"}) {
        CAPTURE(host);
        CHECK_FALSE(is_private_host(host));
    }
}

TEST_CASE("TLS is allowed everywhere, plain HTTP only to a private host of a build that allows it") {
    CHECK(is_allowed({"api.example", 443, true}, false));
    CHECK_FALSE(is_allowed({"api.example", 80, false}, true));
    CHECK(is_allowed({"barn.local", 80, false}, true));
    CHECK_FALSE(is_allowed({"barn.local", 80, false}, false));
}

TEST_CASE("an origin is scheme, host and port, and nothing else") {
    Url one;
    Url other;
    REQUIRE(parse_url("https://API.example/api", one));
    REQUIRE(parse_url("https://api.example:443/other", other));
    CHECK(origin_of(one) == origin_of(other).view());
    REQUIRE(parse_url("http://api.example:443/other", other));
    CHECK(origin_of(one) != origin_of(other).view());
}
