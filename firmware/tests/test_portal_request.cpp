#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>

#include "frameferry/portal_request.h"

using frameferry::Bytes;
using frameferry::PortalRequest;
using Progress = frameferry::PortalRequest::Progress;

namespace {

struct Phone {
    std::array<std::uint8_t, 64> body{};
    PortalRequest request{body};

    Progress say(std::string_view text) { return request.take(Bytes(text)); }
};

constexpr std::string_view form_head =
    "POST / HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Type: application/x-www-form-urlencoded\r\n";

}  // namespace

TEST_CASE("a browser's request is understood, whatever else it says") {
    Phone phone;
    CHECK(phone.say("GET /hotspot-detect.html?x=1 HTTP/1.0\r\nHost: captive.apple.com\r\nUser-Agent: Captive\r\n"
                    "Accept: */*\r\nCookie: " + std::string(4'000, 'c') + "\r\n\r\n") == Progress::whole);
    CHECK(phone.request.is_get());
    CHECK(phone.request.path() == "/hotspot-detect.html");
    CHECK(phone.request.host() == "captive.apple.com");
    CHECK(phone.request.origin().empty());
}

TEST_CASE("a form comes whole, also byte by byte") {
    const std::string text =
        std::string(form_head) + "Origin: http://192.168.4.1\r\nContent-Length: 11\r\n\r\nssid=Garden";
    Phone phone;
    for (std::size_t at = 0; at + 1 < text.size(); ++at) CHECK(phone.say(text.substr(at, 1)) == Progress::more);
    CHECK(phone.say(text.substr(text.size() - 1)) == Progress::whole);
    CHECK(phone.request.is_post());
    CHECK(phone.request.is_form());
    CHECK(phone.request.origin() == "http://192.168.4.1");
    CHECK(Bytes(phone.request.body()).text() == "ssid=Garden");
}

TEST_CASE("bytes behind the body are not looked at") {
    Phone phone;
    CHECK(phone.say(std::string(form_head) + "Content-Length: 3\r\n\r\na=1GET / HTTP/1.1\r\n") == Progress::whole);
    CHECK(Bytes(phone.request.body()).text() == "a=1");
}

TEST_CASE("names of headers are the same in capitals, line ends may be bare, and a port is no part of the host") {
    Phone phone;
    CHECK(phone.say("\r\nHEAD / HTTP/1.1\nHOST:  192.168.4.1:80 \n"
                    "content-TYPE: Application/X-WWW-Form-Urlencoded; charset=UTF-8\n\n") == Progress::whole);
    CHECK(phone.request.is_head());
    CHECK(phone.request.host() == "192.168.4.1");
    CHECK(phone.request.is_form());
}

TEST_CASE("a request through a proxy names its host in the path") {
    Phone phone;
    CHECK(phone.say("GET http://connectivitycheck.gstatic.com/generate_204 HTTP/1.1\r\nHost: x\r\n\r\n") ==
          Progress::whole);
    CHECK(phone.request.path() == "/generate_204");
    Phone bare;
    CHECK(bare.say("GET http://example.com HTTP/1.1\r\nHost: x\r\n\r\n") == Progress::whole);
    CHECK(bare.request.path() == "/");
}

TEST_CASE("what cannot be answered is refused with its status, and stays so") {
    const auto refusal = [](std::string_view text) {
        Phone phone;
        CHECK(phone.say(text) == Progress::bad);
        CHECK(phone.say("GET / HTTP/1.1\r\n\r\n") == Progress::bad);
        return phone.request.refusal();
    };
    const std::string form(form_head);
    CHECK(refusal("hello\r\n") == 400);
    CHECK(refusal("GET /\r\n") == 400);
    CHECK(refusal("GET / SPDY/3\r\n") == 400);
    CHECK(refusal("GET index.html HTTP/1.1\r\n") == 400);
    CHECK(refusal("GET / HTTP/1.1\r\nno colon\r\n") == 400);
    CHECK(refusal("PROPFIND / HTTP/1.1\r\n") == 501);
    CHECK(refusal("GET /" + std::string(200, 'a') + " HTTP/1.1\r\n") == 414);
    CHECK(refusal("GET /" + std::string(2'000, 'a') + " HTTP/1.1\r\n") == 414);
    CHECK(refusal(form + "\r\n") == 411);
    CHECK(refusal(form + "Transfer-Encoding: chunked\r\n") == 411);
    CHECK(refusal(form + "Content-Length: 65\r\n") == 413);
    CHECK(refusal(form + "Content-Length: 99999999999999999999999\r\n") == 400);
    CHECK(refusal(form + "Content-Length: -1\r\n") == 400);
    CHECK(refusal(form + "Content-Length: 3\r\nContent-Length: 4\r\n") == 400);
    CHECK(refusal("GET / HTTP/1.1\r\n" + std::string(20'000, 'x')) == 431);
}

TEST_CASE("an origin too long to be remembered is not the portal's") {
    Phone phone;
    phone.say("GET / HTTP/1.1\r\nOrigin: http://" + std::string(200, 'a') + "\r\n\r\n");
    CHECK(phone.request.origin() == "null");
}

TEST_CASE("no stream of random bytes makes it write beyond its rooms") {
    std::mt19937 random(5);
    const std::string seed = std::string(form_head) + "Content-Length: 20\r\n\r\nssid=Garden&code=123";
    for (int round = 0; round < 5'000; ++round) {
        Phone phone;
        std::string text = seed;
        for (int change = 0; change < 6; ++change) text[random() % text.size()] = static_cast<char>(random());
        const Progress progress = phone.say(text);
        CHECK((progress == Progress::bad) == (phone.request.refusal() != 0));
        CHECK(phone.request.body().size <= phone.body.size());
    }
}
