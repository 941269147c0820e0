#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "fakes/local_server.h"
#include "host/host_clock.h"
#include "posix/socket_transport.h"

using namespace frameferry;

namespace {

constexpr std::uint64_t patience_ms = 10'000;
constexpr std::uint64_t moment_ms = 30;

struct Machine {
    HostClock clock;
    SocketTransport transport{clock};

    NetResult connect(std::uint16_t port, std::string_view host = "127.0.0.1") {
        return transport.connect(Endpoint{host, port, false}, in(patience_ms));
    }

    [[nodiscard]] std::uint64_t in(std::uint64_t ms) { return clock.monotonic_ms() + ms; }

    // All that comes until the connection dies, and of what.
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
};

std::string received(int handle, std::size_t size) {
    std::string text(size, '\0');
    const ssize_t count = ::recv(handle, text.data(), size, MSG_WAITALL);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
}

}  // namespace

TEST_CASE("bytes go both ways until the server closes") {
    std::promise<std::string> heard;
    LocalServer server([&](int handle) {
        heard.set_value(received(handle, 5));
        ::send(handle, "world", 5, MSG_NOSIGNAL);
    });
    Machine machine;
    REQUIRE(machine.connect(server.port(), "localhost").status == NetStatus::again);

    CHECK(machine.transport.write(Bytes{std::string_view("hello")}, machine.in(patience_ms)).bytes == 5);
    NetStatus end = NetStatus::again;
    CHECK(machine.read_to_the_end(end) == "world");
    CHECK(end == NetStatus::closed);
    CHECK(heard.get_future().get() == "hello");
}

TEST_CASE("a server that says nothing is waited for until the deadline, and is not dead") {
    std::promise<void> enough;
    LocalServer server([&](int) { enough.get_future().wait(); });
    Machine machine;
    REQUIRE(machine.connect(server.port()).status == NetStatus::again);

    std::array<std::uint8_t, 10> room{};
    const std::uint64_t before_ms = machine.clock.monotonic_ms();
    const NetResult result = machine.transport.read(room, machine.in(moment_ms));
    CHECK(result.status == NetStatus::again);
    CHECK(result.bytes == 0);
    CHECK(machine.clock.monotonic_ms() - before_ms >= moment_ms);
    machine.transport.close();
    enough.set_value();
}

TEST_CASE("a server that takes nothing more is waited for until the deadline, and what it has is what was said") {
    std::promise<void> enough;
    std::promise<std::size_t> taken;
    LocalServer server([&](int handle) {
        enough.get_future().wait();
        std::size_t size = 0;
        for (std::string part; !(part = received(handle, 100'000)).empty();) size += part.size();
        taken.set_value(size);
    });
    Machine machine;
    REQUIRE(machine.connect(server.port()).status == NetStatus::again);

    const std::vector<std::uint8_t> many(1'000'000);
    std::size_t written_bytes = 0;
    for (;;) {
        const NetResult result = machine.transport.write({many.data(), many.size()}, machine.in(moment_ms));
        CHECK(result.status == NetStatus::again);
        if (result.bytes == 0) break;
        written_bytes += result.bytes;
    }
    machine.transport.close();
    enough.set_value();
    CHECK(taken.get_future().get() == written_bytes);
}

TEST_CASE("a connection that is reset is broken, for reading and for writing") {
    LocalServer server([](int handle) {
        const linger at_once{1, 0};
        ::setsockopt(handle, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    });
    Machine machine;
    REQUIRE(machine.connect(server.port()).status == NetStatus::again);

    NetStatus end = NetStatus::again;
    machine.read_to_the_end(end);
    CHECK(end == NetStatus::reset);
    CHECK(machine.transport.write(Bytes{std::string_view("x")}, machine.in(patience_ms)).status == NetStatus::reset);
}

TEST_CASE("where nobody listens it is refused, and what has no address has none") {
    LocalServer server([](int) {});
    server.stop();
    Machine machine;
    CHECK(machine.connect(server.port()).status == NetStatus::refused);
    CHECK(machine.connect(80, "camera.invalid").status == NetStatus::no_address);
    CHECK(machine.connect(80, std::string(300, 'a')).status == NetStatus::no_address);
}

TEST_CASE("a host that does not answer is given up at the deadline") {
    // A queue of connections that nobody accepts is soon full, and then nobody answers.
    std::promise<void> enough;
    const std::shared_future<void> is_enough = enough.get_future().share();
    LocalServer server([is_enough](int) { is_enough.wait(); });
    std::vector<std::unique_ptr<Machine>> machines;
    NetStatus status = NetStatus::again;
    std::uint64_t took_ms = 0;
    while (status == NetStatus::again && machines.size() < 100) {
        machines.push_back(std::make_unique<Machine>());
        Machine& machine = *machines.back();
        const std::uint64_t before_ms = machine.clock.monotonic_ms();
        status = machine.transport.connect({"127.0.0.1", server.port(), false}, machine.in(moment_ms)).status;
        took_ms = machine.clock.monotonic_ms() - before_ms;
    }
    CHECK(status == NetStatus::timed_out);
    CHECK(took_ms >= moment_ms);
    machines.clear();
    enough.set_value();
}

TEST_CASE("a closed transport is closed, and may be closed twice and used again") {
    LocalServer server([](int handle) { ::send(handle, "x", 1, MSG_NOSIGNAL); });
    Machine machine;
    std::array<std::uint8_t, 10> room{};
    for (int time = 0; time < 2; ++time) {
        REQUIRE(machine.connect(server.port()).status == NetStatus::again);
        CHECK(machine.transport.read(room, machine.in(patience_ms)).bytes == 1);
        machine.transport.close();
        machine.transport.close();
        CHECK(machine.transport.read(room, machine.in(patience_ms)).status == NetStatus::closed);
        CHECK(machine.transport.write(room, machine.in(patience_ms)).status == NetStatus::closed);
    }
}

TEST_CASE("who asks for TLS does not get a plain connection") {
    LocalServer server([](int) {});
    Machine machine;
    const Endpoint secret{"127.0.0.1", server.port(), true};
    CHECK(machine.transport.connect(secret, machine.in(patience_ms)).status == NetStatus::tls_failed);
}
