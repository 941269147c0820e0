#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "fakes/tls_server.h"
#include "host/host_clock.h"
#include "host/host_machine.h"
#include "posix/tls_transport.h"

using namespace frameferry;

namespace {

constexpr std::uint64_t patience_ms = 10'000;
constexpr std::uint64_t moment_ms = 50;

const Authority& authority() {
    static const Authority made;
    return made;
}

const TlsIdentity& localhost() {
    static const TlsIdentity issued = authority().issue("localhost");
    return issued;
}

void say_hello(TlsServer::Peer& peer) {
    peer.write("hello");
    peer.say_end();
}

struct Machine {
    HostClock clock;
    HostEntropy entropy;
    std::string trusted;
    TlsTransport transport;

    explicit Machine(std::string pem = authority().certificate(), TlsTransport::HeapGuard guard = nullptr)
        : trusted(std::move(pem)), transport(clock, entropy, trusted.c_str(), guard) {}

    NetStatus connect(std::uint16_t port, std::uint64_t within_ms = patience_ms) {
        return transport.connect({"localhost", port, true}, in(within_ms)).status;
    }

    [[nodiscard]] std::uint64_t in(std::uint64_t ms) { return clock.monotonic_ms() + ms; }

    std::string read_to_the_end(NetStatus& status) {
        std::string all;
        std::array<std::uint8_t, 100> room{};
        for (;;) {
            const NetResult result = transport.read(room, in(patience_ms));
            status = result.status;
            if (result.bytes == 0) return all;
            all.append(reinterpret_cast<const char*>(room.data()), result.bytes);
        }
    }

    // Connects, hears "hello" and closes.
    void visit(std::uint16_t port) {
        REQUIRE(connect(port) == NetStatus::again);
        NetStatus end = NetStatus::again;
        CHECK(read_to_the_end(end) == "hello");
        CHECK(end == NetStatus::closed);
        transport.close();
    }
};

}  // namespace

TEST_CASE("bytes go both ways until the server says that it is the end") {
    std::promise<std::string> heard;
    TlsServer server(localhost(), [&](TlsServer::Peer& peer) {
        heard.set_value(peer.read(5));
        say_hello(peer);
    });
    Machine machine;
    REQUIRE(machine.connect(server.port()) == NetStatus::again);

    CHECK(machine.transport.write(Bytes{std::string_view("abcde")}, machine.in(patience_ms)).bytes == 5);
    NetStatus end = NetStatus::again;
    CHECK(machine.read_to_the_end(end) == "hello");
    CHECK(end == NetStatus::closed);
    CHECK(heard.get_future().get() == "abcde");
    CHECK(machine.transport.counts().full_handshakes == 1);
}

TEST_CASE("a host that was visited before shakes hands without its certificate, the API and S3 in turn") {
    TlsServer api(localhost(), say_hello);
    TlsServer s3(localhost(), say_hello);
    Machine machine;
    for (int time = 0; time < 3; ++time) {
        machine.visit(api.port());
        machine.visit(s3.port());
    }
    CHECK(machine.transport.counts().full_handshakes == 2);
    CHECK(machine.transport.counts().resumed_handshakes == 4);
}

TEST_CASE("of three hosts the one that was not spoken to for longest is forgotten") {
    TlsServer first(localhost(), say_hello);
    TlsServer second(localhost(), say_hello);
    TlsServer third(localhost(), say_hello);
    Machine machine;
    machine.visit(first.port());
    machine.visit(second.port());
    machine.visit(first.port());
    machine.visit(third.port());
    CHECK(machine.transport.counts().full_handshakes == 3);
    machine.visit(first.port());
    CHECK(machine.transport.counts().full_handshakes == 3);
    machine.visit(second.port());
    CHECK(machine.transport.counts().full_handshakes == 4);
}

TEST_CASE("a server that does not know the session any more gets a full handshake") {
    TlsServer server(localhost(), TlsServer::Options{false, false}, say_hello);
    Machine machine;
    machine.visit(server.port());
    machine.visit(server.port());
    CHECK(machine.transport.counts().full_handshakes == 2);
}

TEST_CASE("a server is not believed without a chain to who is trusted") {
    const Authority stranger;
    TlsServer server(stranger.issue("localhost"), say_hello);
    Machine machine;
    CHECK(machine.connect(server.port()) == NetStatus::tls_failed);
    CHECK((machine.transport.certificate_flags() & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0);
}

TEST_CASE("a server is not believed under another's name") {
    TlsServer server(authority().issue("example.org"), say_hello);
    Machine machine;
    CHECK(machine.connect(server.port()) == NetStatus::tls_failed);
    CHECK(machine.transport.certificate_flags() == MBEDTLS_X509_BADCERT_CN_MISMATCH);
}

TEST_CASE("a server is not believed after its certificate's last day") {
    TlsServer server(authority().issue("localhost", "20210101000000"), say_hello);
    Machine machine;
    CHECK(machine.connect(server.port()) == NetStatus::tls_failed);
    CHECK(machine.transport.certificate_flags() == MBEDTLS_X509_BADCERT_EXPIRED);
}

TEST_CASE("a server that knows TLS 1.1 at most is not spoken to") {
    TlsServer server(localhost(), TlsServer::Options{true, true}, say_hello);
    Machine machine;
    CHECK(machine.connect(server.port()) == NetStatus::tls_failed);
}

TEST_CASE("after a refused handshake the same transport goes on with another server") {
    TlsServer impostor(authority().issue("example.org"), say_hello);
    TlsServer server(localhost(), say_hello);
    Machine machine;
    machine.visit(server.port());
    CHECK(machine.connect(impostor.port()) == NetStatus::tls_failed);
    machine.visit(server.port());
    CHECK(machine.transport.counts().resumed_handshakes == 1);
}

TEST_CASE("what is no TLS fails, what closes is broken, and what says nothing is given up at the deadline") {
    std::promise<void> enough;
    LocalServer portal([](int handle) {
        const std::string page = "HTTP/1.1 302 Found\r\n\r\n";
        std::array<char, 1000> hello{};
        (void)::recv(handle, hello.data(), hello.size(), 0);
        (void)::send(handle, page.data(), page.size(), MSG_NOSIGNAL);
    });
    LocalServer closing([](int) {});
    LocalServer silent([&](int) { enough.get_future().wait(); });
    Machine machine;

    CHECK(machine.connect(portal.port()) == NetStatus::tls_failed);
    CHECK(machine.connect(closing.port()) == NetStatus::reset);
    CHECK(machine.connect(silent.port(), moment_ms) == NetStatus::timed_out);
    closing.stop();
    CHECK(machine.connect(closing.port()) == NetStatus::refused);
    enough.set_value();
}

TEST_CASE("an end that TLS does not know of is a broken connection") {
    TlsServer server(localhost(), [](TlsServer::Peer& peer) { peer.write("hello"); });
    Machine machine;
    REQUIRE(machine.connect(server.port()) == NetStatus::again);
    NetStatus end = NetStatus::again;
    CHECK(machine.read_to_the_end(end) == "hello");
    CHECK(end == NetStatus::reset);
}

TEST_CASE("a record that somebody else wrote ends the connection") {
    TlsServer server(localhost(), [](TlsServer::Peer& peer) {
        peer.write("hello");
        peer.write_raw(std::string("\x17\x03\x03\x00\x28", 5) + std::string(40, 'x'));
        peer.read(1);
    });
    Machine machine;
    REQUIRE(machine.connect(server.port()) == NetStatus::again);
    NetStatus end = NetStatus::again;
    CHECK(machine.read_to_the_end(end) == "hello");
    CHECK(end == NetStatus::tls_failed);
}

TEST_CASE("a server that says nothing is waited for until the deadline, and is not dead") {
    TlsServer server(localhost(), [](TlsServer::Peer& peer) {
        peer.read(1);
        say_hello(peer);
    });
    Machine machine;
    REQUIRE(machine.connect(server.port()) == NetStatus::again);
    std::array<std::uint8_t, 10> room{};
    const NetResult nothing = machine.transport.read(room, machine.in(moment_ms));
    CHECK(nothing.status == NetStatus::again);
    CHECK(nothing.bytes == 0);
    CHECK(machine.transport.write(Bytes{std::string_view("x")}, machine.in(patience_ms)).bytes == 1);
    CHECK(machine.transport.read(room, machine.in(patience_ms)).bytes == 5);
}

TEST_CASE("what a server takes late arrives whole, also the record that was half sent at a deadline") {
    std::promise<void> enough;
    std::promise<std::string> heard;
    TlsServer server(localhost(), [&](TlsServer::Peer& peer) {
        enough.get_future().wait();
        heard.set_value(peer.read(100'000'000));
    });
    Machine machine;
    REQUIRE(machine.connect(server.port()) == NetStatus::again);

    std::string said;
    std::string rest;
    bool was_full = false;
    for (std::uint8_t number = 0; !(was_full && rest.empty()); ++number) {
        if (!was_full) rest += std::string(1000, static_cast<char>(number));  // more than there was at the deadline
        const NetResult result = machine.transport.write(Bytes{std::string_view(rest)}, machine.in(moment_ms));
        REQUIRE(result.status == NetStatus::again);
        if (result.bytes == 0 && !was_full) {
            was_full = true;
            rest += std::string(1000, 'x');
            enough.set_value();
        }
        said += rest.substr(0, result.bytes);
        rest.erase(0, result.bytes);
    }
    machine.transport.close();
    CHECK(heard.get_future().get() == said);
}

TEST_CASE("without memory for it TLS is not begun, and nobody is called") {
    std::atomic<int> calls{0};
    LocalServer server([&](int) { ++calls; });
    static bool asked_with_buffers = true;
    Machine machine(authority().certificate(), [](bool has_buffers) {
        asked_with_buffers = has_buffers;
        return false;
    });
    CHECK(machine.connect(server.port()) == NetStatus::no_memory);
    server.stop();
    CHECK(calls == 0);
    CHECK_FALSE(asked_with_buffers);
}

TEST_CASE("the guard of the memory is told when the buffers are there already") {
    TlsServer server(localhost(), say_hello);
    static int with_buffers = 0;
    with_buffers = 0;
    Machine machine(authority().certificate(), [](bool has_buffers) {
        with_buffers += has_buffers ? 1 : 0;
        return true;
    });
    machine.visit(server.port());
    CHECK(with_buffers == 0);
    machine.visit(server.port());
    CHECK(with_buffers == 1);
}

TEST_CASE("who trusts nobody speaks to nobody") {
    TlsServer server(localhost(), say_hello);
    Machine machine("no certificate at all");
    CHECK(machine.connect(server.port()) == NetStatus::tls_failed);
    CHECK(machine.transport.last_error() != 0);
}

TEST_CASE("an endpoint without TLS is spoken to in the clear") {
    LocalServer server([](int handle) { (void)::send(handle, "hello", 5, MSG_NOSIGNAL); });
    Machine machine;
    const Endpoint plain{"localhost", server.port(), false};
    REQUIRE(machine.transport.connect(plain, machine.in(patience_ms)).status == NetStatus::again);
    CHECK(machine.transport.write(Bytes{std::string_view("x")}, machine.in(patience_ms)).bytes == 1);
    NetStatus end = NetStatus::again;
    CHECK(machine.read_to_the_end(end) == "hello");
}
