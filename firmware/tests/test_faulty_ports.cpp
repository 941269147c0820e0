#include <doctest/doctest.h>

#include <array>
#include <functional>
#include <string>

#include "fakes/fake_transport.h"
#include "fakes/http_fixture.h"
#include "fakes/memory_ports.h"
#include "fakes/memory_storage.h"
#include "host/faulty_ports.h"

using namespace frameferry;

namespace {

struct Killed {};

FaultPlan plan_of(const std::string& spec) {
    std::string complaint;
    return {parse_faults(spec, complaint).value(), 1, [](std::string_view) {}, [] { throw Killed{}; }};
}

// A file of twelve bytes on a card with faults.
struct Machine {
    explicit Machine(const std::string& spec) : plan(plan_of(spec)) {
        storage.folders.insert("/packs");
        storage.files["/a"] = {'o', 'n', 'e', 't', 'w', 'o'};
        REQUIRE(storage.open("/a", file) == IoStatus::ok);
    }
    [[nodiscard]] std::string content() const {
        const auto& bytes = storage.files.at("/a");
        return {bytes.begin(), bytes.end()};
    }
    IoStatus write(std::string_view text) { return card.pwrite(file, 0, Bytes(text)); }
    IoStatus read() {
        std::array<std::uint8_t, 3> room{};
        std::size_t read_bytes = 0;
        return card.pread(file, 0, Room(room), read_bytes);
    }

    FaultPlan plan;
    memory_ports::MemoryStorage storage;
    FaultyStorage card{storage, plan};
    Storage::File file = Storage::none;
};

// A server that answers "hi" to anything, behind faults.
struct Link {
    explicit Link(const std::string& spec) : plan(plan_of(spec)) {
        for (int connection = 0; connection < 3; ++connection) {
            inner.plan.push_back(http_fixture::answering({http_fixture::ok}));
        }
    }
    HttpResult send() {
        http_fixture::Fixture fixture;
        HttpClient client(transport, clock, {send_room, receive_room});
        return client.send(fixture.request, fixture.sink);
    }

    FaultPlan plan;
    FakeClock clock;
    FakeTransport inner{clock};
    FaultyTransport transport{inner, plan, [this](std::uint64_t until_ms) { clock.wait_until(until_ms); }};
    std::array<std::uint8_t, 128> send_room{};
    std::array<std::uint8_t, 64> receive_room{};
};

}  // namespace

TEST_CASE("without faults a card does what it does") {
    Machine machine("read-error@2..");
    CHECK(machine.write("ONE") == IoStatus::ok);
    CHECK(machine.read() == IoStatus::ok);
    CHECK(machine.card.sync(machine.file) == IoStatus::ok);
    CHECK(machine.content() == "ONEtwo");
}

TEST_CASE("a file of which a read failed fails until it is opened again") {
    Machine machine("read-error@1");
    CHECK(machine.read() == IoStatus::failed);
    CHECK(machine.read() == IoStatus::failed);
    CHECK(machine.write("ONE") == IoStatus::failed);
    machine.card.close(machine.file);
    REQUIRE(machine.card.open("/a", machine.file) == IoStatus::ok);
    CHECK(machine.read() == IoStatus::ok);
}

TEST_CASE("a write that fails writes nothing, a short one its first half") {
    Machine machine("write-error@1");
    CHECK(machine.write("ONETWO") == IoStatus::failed);
    CHECK(machine.content() == "onetwo");
    Machine torn("write-short@1");
    CHECK(torn.write("ONETWO") == IoStatus::failed);
    CHECK(torn.content() == "ONEtwo");
}

TEST_CASE("a full card takes no file, no byte and no size, and still lets go of what it has") {
    Machine machine("no-space@1..");
    Storage::File other = Storage::none;
    CHECK(machine.card.create("/b", other) == IoStatus::no_space);
    CHECK(machine.write("ONE") == IoStatus::no_space);
    CHECK(machine.card.grow(machine.file, 100) == IoStatus::no_space);
    CHECK(machine.card.make_folder("/c") == IoStatus::no_space);
    CHECK(machine.card.trim(machine.file, 3) == IoStatus::ok);
    CHECK(machine.card.remove("/a") == IoStatus::ok);
}

TEST_CASE("a read-only card is read and not changed") {
    Machine machine("read-only@1..");
    CHECK(machine.read() == IoStatus::ok);
    CHECK(machine.write("ONE") == IoStatus::read_only);
    CHECK(machine.card.trim(machine.file, 3) == IoStatus::read_only);
    CHECK(machine.card.remove("/a") == IoStatus::read_only);
    CHECK(machine.content() == "onetwo");
}

TEST_CASE("a card that is not there does nothing, and is back when the fault has passed") {
    Machine machine("no-card@1..4");
    std::uint32_t size_bytes = 0;
    std::uint64_t total_bytes = 0;
    std::uint64_t free_bytes = 0;
    CHECK(machine.read() == IoStatus::no_card);
    CHECK(machine.card.size(machine.file, size_bytes) == IoStatus::no_card);
    CHECK(machine.card.space(total_bytes, free_bytes) == IoStatus::no_card);
    CHECK(machine.card.sync(machine.file) == IoStatus::no_card);
    CHECK(machine.read() == IoStatus::ok);
}

TEST_CASE("a kill comes before the chosen change, a short one in the middle of it") {
    Machine machine("kill@2");
    CHECK(machine.write("ONE") == IoStatus::ok);
    CHECK_THROWS_AS((void)machine.write("TWO"), Killed);
    CHECK(machine.content() == "ONEtwo");
    Machine torn("kill-short@1");
    CHECK_THROWS_AS((void)torn.write("ONETWO"), Killed);
    CHECK(torn.content() == "ONEtwo");
}

TEST_CASE("a value that is not kept is said not to be, and a kill comes before one that would be") {
    FaultPlan plan = plan_of("value-error@1,kill@3");
    memory_ports::MemoryValues inner;
    FaultyValues values(inner, plan);
    CHECK_FALSE(values.put("a", Bytes(std::string_view("1"))));
    CHECK(inner.values.empty());
    CHECK(values.put("a", Bytes(std::string_view("1"))));
    CHECK_THROWS_AS((void)values.erase("a"), Killed);
    CHECK(inner.values.size() == 1);
}

TEST_CASE("a connection that the plan leaves alone does what it does") {
    Link link("refused@2");
    CHECK(link.send().status == HttpStatus::ok);
    const HttpResult second = link.send();
    CHECK(second.status == HttpStatus::not_connected);
    CHECK(second.net == NetStatus::refused);
    CHECK(link.send().status == HttpStatus::ok);
    CHECK(link.inner.hosts.size() == 2);
}

TEST_CASE("a connection does not stand for the reason that the plan names") {
    CHECK(Link("no-name@1").send().net == NetStatus::no_address);
    CHECK(Link("tls-failed@1").send().net == NetStatus::tls_failed);
    Link slow("connect-stall@1");
    const std::uint64_t before_ms = slow.clock.now_ms;
    CHECK(slow.send().net == NetStatus::timed_out);
    CHECK(slow.clock.now_ms >= before_ms + HttpTimeouts().connect_ms);
}

TEST_CASE("a connection is dropped after so many bytes up, and the other side has got so many") {
    Link link("drop-up:7@1");
    const HttpResult result = link.send();
    CHECK(result.status == HttpStatus::not_sent);
    CHECK(result.net == NetStatus::reset);
    CHECK(link.inner.written.front().size() == 7);
    CHECK_FALSE(link.inner.is_open);
    CHECK(link.send().status == HttpStatus::ok);
}

TEST_CASE("a connection is dropped after so many bytes down") {
    Link link("drop-down:9@1");
    CHECK(link.send().status == HttpStatus::cut);
    CHECK_FALSE(link.inner.is_open);
    Link at_once("drop-down:0@1");
    CHECK(at_once.send().is_request_sent == false);
}

TEST_CASE("a connection that stalls moves nothing more, and the core gives it up at its deadline") {
    Link up("stall-up:7@1");
    std::uint64_t before_ms = up.clock.now_ms;
    const HttpResult sent = up.send();
    CHECK(sent.status == HttpStatus::not_sent);
    CHECK(sent.net == NetStatus::timed_out);
    CHECK(up.clock.now_ms >= before_ms + HttpTimeouts().stalled_write_ms);
    Link down("stall-down:9@1");
    before_ms = down.clock.now_ms;
    CHECK(down.send().net == NetStatus::timed_out);
    CHECK(down.clock.now_ms >= before_ms + HttpTimeouts().response_ms);
}

TEST_CASE("a camera gives no picture when it is to give none") {
    class OneCamera final : public Camera {
    public:
        bool grab(Frame&) override { return true; }
        void release() override { ++releases; }
        void configure(Resolution, std::uint8_t) override {}
        int releases = 0;
    };
    FaultPlan plan = plan_of("no-picture@2");
    OneCamera inner;
    FaultyCamera camera(inner, plan);
    Frame frame;
    CHECK(camera.grab(frame));
    CHECK_FALSE(camera.grab(frame));
    CHECK(camera.grab(frame));
    camera.release();
    CHECK(inner.releases == 1);
}
