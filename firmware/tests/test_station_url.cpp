#include <doctest/doctest.h>

#include <string>

#include "frameferry/station_url.h"

using frameferry::Ipv4;
using frameferry::station_url;

TEST_CASE("a station's URL is its address, its port and its path") {
    CHECK(station_url(Ipv4{192, 168, 1, 20}, 8000, "/api") == "http://192.168.1.20:8000/api");
    CHECK(station_url(Ipv4{10, 0, 0, 1}, 80, "") == "http://10.0.0.1:80/api");
    CHECK(station_url(Ipv4{169, 254, 7, 8}, 65535, "/a-b_c.d/2") == "http://169.254.7.8:65535/a-b_c.d/2");
}

TEST_CASE("what is announced from the internet is no station") {
    CHECK(station_url(Ipv4{8, 8, 8, 8}, 80, "/api").empty());
    CHECK(station_url(Ipv4{0, 0, 0, 0}, 80, "/api").empty());
}

TEST_CASE("a path that is none, and a port that is none, make no URL") {
    for (const char* path : {"api", "/api?x=1", "/a b", "/@evil", "/a\r\nHost: x", "/%2e"}) {
        CHECK(station_url(Ipv4{192, 168, 1, 20}, 80, path).empty());
    }
    CHECK(station_url(Ipv4{192, 168, 1, 20}, 80, std::string(64, '/')).empty());
    CHECK(station_url(Ipv4{192, 168, 1, 20}, 0, "/api").empty());
}
