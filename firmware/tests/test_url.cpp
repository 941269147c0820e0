#include <doctest/doctest.h>

#include <string_view>

#include "frameferry/http_client.h"

using namespace frameferry;

TEST_CASE("a URL has a host, a port and a path") {
    Url url;
    REQUIRE(parse_url("https://api.example.org/api", url));
    CHECK(url.endpoint.host == "api.example.org");
    CHECK(url.endpoint.port == 443);
    CHECK(url.endpoint.uses_tls);
    CHECK(url.path == "/api");
    REQUIRE(parse_url("HTTP://127.0.0.1:8000", url));
    CHECK(url.endpoint.host == "127.0.0.1");
    CHECK(url.endpoint.port == 8000);
    CHECK_FALSE(url.endpoint.uses_tls);
    CHECK(url.path.empty());
    REQUIRE(parse_url("http://[::1]:8000/api?x=1", url));
    CHECK(url.endpoint.host == "::1");
    CHECK(url.endpoint.port == 8000);
    CHECK(url.path == "/api?x=1");
    REQUIRE(parse_url("http://[::1]/", url));
    CHECK(url.endpoint.port == 80);
}

TEST_CASE("what is no URL of ours leaves the old one as it was") {
    Url url;
    REQUIRE(parse_url("https://host/", url));
    for (const std::string_view text :
         {"", "host", "ftp://host/", "https:/host", "https://", "https:///path", "https://user@host/",
          "https://host:0/", "https://host:65536/", "https://host:/", "https://host:x/", "https://host?x",
          "https://host#x", "https://[::1", "https://[]:80/", "https://[::1]x/", "https://a b/"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_url(text, url));
    }
    CHECK(url.endpoint.host == "host");
}
