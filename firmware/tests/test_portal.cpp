#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/memory_ports.h"
#include "fakes/text_sink.h"
#include "frameferry/portal.h"
#include "frameferry/portal_page.h"

using frameferry::Bytes;
using frameferry::Portal;
using frameferry::PortalAccess;
using frameferry::PortalDevice;
using frameferry::PortalRequest;
using frameferry::Text;
using frameferry::WifiNetworks;
using memory_ports::MemoryValues;
using memory_ports::SeededEntropy;

namespace {

class FakeDevice final : public PortalDevice {
public:
    std::string_view api_url() override { return url; }
    bool is_paired() override { return paired; }
    bool keep_api_url(std::string_view new_url) override { return keeps && (kept_url = new_url, true); }
    bool keep_pairing_code(std::string_view new_code) override { return keeps && (kept_code = new_code, true); }

    std::string url = "https://abc.example/api";
    bool paired = false;
    bool keeps = true;
    std::string kept_url;
    std::string kept_code;
};

struct Field {
    MemoryValues values;
    WifiNetworks networks{values};
    FakeDevice device;
    Portal portal{networks, device, false};
    std::array<Text<32>, 2> nearby{Text<32>("Garden"), Text<32>("<Café> & \"Bar\"")};
    std::uint64_t now_ms = 1'000;

    Field() { portal.open(now_ms, {nearby.data(), nearby.size()}); }

    std::string ask(Portal& of, std::string_view text) {
        std::array<std::uint8_t, Portal::body_bytes> body{};
        PortalRequest request(body);
        const auto progress = request.take(Bytes(text));
        REQUIRE(progress != PortalRequest::Progress::more);
        TextSink sink;
        CHECK(of.answer(now_ms, request, progress == PortalRequest::Progress::whole, sink));
        return sink.text;
    }

    std::string get(std::string_view host, std::string_view path) {
        return ask(portal, "GET " + std::string(path) + " HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
    }

    std::string post(Portal& to, const std::string& form, std::string_view host, std::string_view more) {
        return ask(to, "POST / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n" + std::string(more) +
                           "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
                           std::to_string(form.size()) + "\r\n\r\n" + form);
    }
    std::string post(const std::string& form, std::string_view more = {}) {
        return post(portal, form, Portal::address, more);
    }
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }
std::string status_of(const std::string& answer) { return answer.substr(9, 3); }

}  // namespace

TEST_CASE("the probes of phones and computers are sent to the page") {
    Field field;
    const std::vector<std::pair<std::string_view, std::string_view>> probes = {
        {"captive.apple.com", "/hotspot-detect.html"},     {"connectivitycheck.gstatic.com", "/generate_204"},
        {"www.msftconnecttest.com", "/connecttest.txt"},   {"detectportal.firefox.com", "/canonical.html"},
        {"nmcheck.gnome.org", "/check_network_status.txt"}, {"192.168.4.1", "/generate_204"},
        {"anything.example", "/"},
    };
    for (const auto& [host, path] : probes) {
        const std::string answer = field.get(host, path);
        CHECK(status_of(answer) == "302");
        CHECK(has(answer, "\r\nLocation: http://192.168.4.1/\r\n"));
        CHECK(has(answer, "\r\nConnection: close\r\n"));
    }
}

TEST_CASE("the page shows the server, kept networks and those nearby, and no password") {
    Field field;
    field.networks.add("Home", "home-password");
    const std::string page = field.get("192.168.4.1", "/");
    CHECK(status_of(page) == "200");
    CHECK(has(page, "https://abc.example/api"));
    CHECK(has(page, "remove Home"));
    CHECK(has(page, "<option value=\"Garden\">"));
    CHECK(has(page, "not paired yet"));
    CHECK_FALSE(has(page, "home-password"));
}

TEST_CASE("the length of the page is right") {
    Field field;
    const std::string page = field.get("192.168.4.1", "/");
    const std::size_t body_at = page.find("\r\n\r\n") + 4;
    CHECK(has(page, "Content-Length: " + std::to_string(page.size() - body_at) + "\r\n"));
}

TEST_CASE("HEAD is answered without the page") {
    Field field;
    const std::string answer = field.ask(field.portal, "HEAD / HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n");
    CHECK(status_of(answer) == "200");
    CHECK(answer.substr(answer.size() - 4) == "\r\n\r\n");
}

TEST_CASE("names of networks are no HTML") {
    Field field;
    field.networks.add("<script>alert(1)</script>", "12345678");
    const std::string page = field.get("192.168.4.1", "/");
    CHECK_FALSE(has(page, "<script>"));
    CHECK(has(page, "&lt;script&gt;alert(1)&lt;/script&gt;"));
    CHECK(has(page, "&lt;Café&gt; &amp; &quot;Bar&quot;"));
}

TEST_CASE("a network, a server and a code are kept, and then it is over") {
    Field field;
    const std::string answer =
        field.post("ssid=Phone&password=phone-password&code=7zk3m-q9v1a&api_url=https%3A%2F%2Fnew.example%2Fapi+");
    CHECK(status_of(answer) == "200");
    CHECK(has(answer, "Saved"));
    CHECK_FALSE(has(answer, "<form"));
    CHECK(field.device.kept_url == "https://new.example/api");
    CHECK(field.device.kept_code == "7zk3m-q9v1a");
    WifiNetworks again(field.values);
    again.load();
    REQUIRE(again.count() == 1);
    CHECK(again[0].password == "phone-password");
    CHECK(field.portal.has_saved());
    CHECK_FALSE(field.portal.is_over(field.now_ms + 4'999));
    CHECK(field.portal.is_over(field.now_ms + 5'000));
    CHECK(has(field.get("192.168.4.1", "/"), "Saved"));
}

TEST_CASE("a code alone is for the server that is known") {
    Field field;
    CHECK(status_of(field.post("ssid=&password=&code=7ZK3MQ9V1A&api_url=https%3A%2F%2Fabc.example%2Fapi")) == "200");
    CHECK(field.device.kept_url.empty());
    CHECK(field.device.kept_code == "7ZK3MQ9V1A");
}

TEST_CASE("a slash at the end makes no other server") {
    Field field;
    CHECK(status_of(field.post("ssid=Phone&password=12345678&api_url=https%3A%2F%2Fabc.example%2Fapi%2F")) == "200");
    CHECK(field.device.kept_url.empty());
}

TEST_CASE("networks can be removed and replaced at once") {
    Field field;
    field.networks.add("Home", "12345678");
    field.networks.add("Phone", "12345678");
    CHECK(status_of(field.post("remove=Home&remove=nobody&ssid=Office&password=87654321")) == "200");
    REQUIRE(field.networks.count() == 2);
    CHECK(field.networks[0].ssid == "Office");
    CHECK(field.networks[1].ssid == "Phone");
}

TEST_CASE("what cannot be is told, and changes nothing") {
    const auto refused = [](const std::string& form) {
        Field field;
        const std::string answer = field.post(form);
        CHECK(status_of(answer) == "400");
        CHECK(has(answer, "<form"));
        CHECK(field.networks.count() == 0);
        CHECK(field.device.kept_url.empty());
        CHECK(field.device.kept_code.empty());
        CHECK_FALSE(field.portal.has_saved());
    };
    refused("");
    refused("ssid=&password=&code=&api_url=");
    refused("ssid=Phone&password=short&code=7ZK3MQ9V1A");
    refused("ssid=Phone&password=12345678&code=7ZK3M_Q9V1A");
    refused("ssid=Phone&password=12345678&code=" + std::string(40, '1'));
    refused("ssid=Phone&password=12345678&api_url=https%3A%2F%2Fnew.example%2Fapi");
    refused("ssid=Phone&password=12345678&code=7ZK3MQ9V1A&api_url=ftp%3A%2F%2Fnew.example");
    refused("ssid=Phone&password=12345678&code=7ZK3MQ9V1A&api_url=http%3A%2F%2F192.168.1.9%3A8000%2Fapi");
    refused("ssid=Phone&password=12345678&code=7ZK3MQ9V1A&api_url=https%3A%2F%2F" + std::string(200, 'a'));
    refused("ssid=Phone%0A&password=12345678");
}

TEST_CASE("plain HTTP is taken by a build for it, to a private network only") {
    Field field;
    Portal lan(field.networks, field.device, true);
    lan.open(0, {});
    const std::string code = "code=7ZK3MQ9V1A&api_url=";
    const std::string near = field.post(lan, code + "http%3A%2F%2F192.168.1.9%3A8000%2Fapi", Portal::address, "");
    CHECK(status_of(near) == "200");
    const std::string far = field.post(lan, code + "http%3A%2F%2Fexample.com%2Fapi", Portal::address, "");
    CHECK(status_of(far) == "400");
}

TEST_CASE("a build for a private network takes a code without a server: it will look for a station") {
    Field field;
    field.device.url.clear();
    Portal lan(field.networks, field.device, true);
    lan.open(0, {});
    CHECK(status_of(field.post(lan, "code=7ZK3MQ9V1A", Portal::address, "")) == "200");
    CHECK(field.device.kept_code == "7ZK3MQ9V1A");
    CHECK(status_of(field.post("code=7ZK3MQ9V1A")) == "400");
}

TEST_CASE("what could not be kept is not said to be saved") {
    Field field;
    field.device.keeps = false;
    CHECK(status_of(field.post("code=7ZK3MQ9V1A")) == "400");
    field.values.is_full = true;
    CHECK(status_of(field.post("ssid=Phone&password=12345678")) == "400");
    CHECK_FALSE(field.portal.has_saved());
}

TEST_CASE("only the portal's own page may post") {
    Field field;
    const std::string form = "ssid=Evil&password=12345678";
    CHECK(status_of(field.post(form, "Origin: http://evil.example\r\n")) == "421");
    CHECK(status_of(field.post(form, "Origin: null\r\n")) == "421");
    CHECK(status_of(field.post(field.portal, form, "evil.example", "")) == "421");
    CHECK(status_of(field.ask(field.portal, "POST / HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Type: text/plain\r\n"
                                            "Content-Length: 2\r\n\r\nab")) == "415");
    CHECK(field.networks.count() == 0);
    CHECK(status_of(field.post(form, "Origin: http://192.168.4.1\r\n")) == "200");
}

TEST_CASE("other methods and requests that are none are told so") {
    Field field;
    CHECK(status_of(field.ask(field.portal, "DELETE / HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n")) == "405");
    CHECK(status_of(field.ask(field.portal, "nonsense\r\n")) == "400");
    CHECK(status_of(field.ask(field.portal, "POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\n")) == "413");
}

TEST_CASE("where nobody comes for ten minutes it is over; a probe is nobody") {
    Field field;
    field.now_ms = 600'000;
    field.get("captive.apple.com", "/hotspot-detect.html");
    CHECK_FALSE(field.portal.is_over(600'999));
    CHECK(field.portal.is_over(601'000));
    field.get("192.168.4.1", "/");
    CHECK_FALSE(field.portal.is_over(601'000));
}

TEST_CASE("a sink that takes no more ends the answer") {
    Field field;
    std::array<std::uint8_t, 16> body{};
    PortalRequest request(body);
    request.take(Bytes(std::string_view("GET / HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n")));
    for (const std::size_t room : {0U, 100U, 400U, 900U, 1'200U}) {
        TextSink sink;
        sink.room = room;
        CHECK_FALSE(field.portal.answer(0, request, true, sink));
    }
}

TEST_CASE("the portal's password is made once, and is another one for another device") {
    MemoryValues values;
    SeededEntropy entropy;
    const std::array<std::uint8_t, 2> mac{0x1A, 0x2B};
    const PortalAccess first = portal_access(values, entropy, mac);
    CHECK(first.ssid == "Frameferry-1a2b");
    CHECK(first.password.size() == 10);
    CHECK(first.is_kept);
    CHECK(portal_access(values, entropy, mac).password == first.password.view());
    MemoryValues others;
    CHECK(portal_access(others, entropy, mac).password != first.password.view());
}

TEST_CASE("a password that cannot be kept is good for this time") {
    MemoryValues values;
    values.is_full = true;
    SeededEntropy entropy;
    const std::array<std::uint8_t, 2> mac{0, 1};
    const PortalAccess access = portal_access(values, entropy, mac);
    CHECK(access.password.size() == 10);
    CHECK_FALSE(access.is_kept);
}
