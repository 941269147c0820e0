#include <doctest/doctest.h>

#include "fakes/http_fixture.h"
#include "fakes/memory_ports.h"
#include "frameferry/lock.h"
#include "frameferry/task_watch.h"
#include "frameferry/watched_transport.h"

using frameferry::Bytes;
using frameferry::NetStatus;
using frameferry::PatientLock;
using frameferry::TaskWatch;
using Task = frameferry::TaskWatch::Task;

namespace {

// Each write takes ten seconds; the capture's task comes round all the time.
class SlowLink final : public FakeTransport {
public:
    SlowLink(FakeClock& clock, TaskWatch& watch) : FakeTransport(clock), clock_(clock), watch_(watch) {}

    NetResult write(Bytes bytes, std::uint64_t deadline_ms) override {
        clock_.now_ms += 10'000;
        watch_.came_round(Task::capture, clock_.now_ms);
        if (!watch_.are_all_alive(clock_.now_ms)) ++times_dead;
        return FakeTransport::write(bytes, deadline_ms);
    }

    int times_dead = 0;

private:
    FakeClock& clock_;
    TaskWatch& watch_;
};

struct Link {
    FakeClock clock;
    TaskWatch watch;
    SlowLink slow{clock, watch};
    frameferry::WatchedTransport watched{slow, clock, watch, Task::uplink};
};

}  // namespace

TEST_CASE("tasks that come round are alive") {
    TaskWatch watch;
    for (std::uint64_t now_ms = 0; now_ms < 10'000'000; now_ms += 100'000) {
        CHECK(watch.are_all_alive(now_ms));
        watch.came_round(Task::capture, now_ms);
        watch.came_round(Task::uplink, now_ms);
    }
}

TEST_CASE("a task that hangs is found out, although the other comes round") {
    TaskWatch watch;
    watch.came_round(Task::capture, 1'000'000);
    watch.came_round(Task::uplink, 1'600'000);
    CHECK(watch.are_all_alive(1'600'000));
    CHECK_FALSE(watch.are_all_alive(1'601'000));
    watch.came_round(Task::capture, 1'601'000);
    CHECK(watch.are_all_alive(1'601'000));
    watch.came_round(Task::capture, 2'501'000);
    CHECK_FALSE(watch.are_all_alive(2'501'000));
}

TEST_CASE("a task that has never come round is given its time from the boot on") {
    const TaskWatch watch;
    CHECK(watch.are_all_alive(600'999));
    CHECK_FALSE(watch.are_all_alive(601'000));
}

TEST_CASE("one that came round after the time was read is alive") {
    TaskWatch watch;
    watch.came_round(Task::capture, 5'000);
    watch.came_round(Task::uplink, 5'000);
    CHECK(watch.are_all_alive(4'000));
}

TEST_CASE("a request that lasts for an hour is alive while its bytes move") {
    Link link;
    http_fixture::Fixture fixture;
    std::array<std::uint8_t, 128> send_room{};
    std::array<std::uint8_t, 64> receive_room{};
    frameferry::HttpClient client(link.watched, link.clock, {send_room, receive_room});
    FakeConnection connection = http_fixture::answering({http_fixture::ok});
    connection.piece = 3;
    link.slow.plan = {connection};
    const frameferry::HttpResult result = client.send(fixture.request, fixture.sink);
    CHECK(result.status == frameferry::HttpStatus::ok);
    CHECK(link.clock.now_ms > 3'600'000);
    CHECK(link.slow.times_dead == 0);
    CHECK(fixture.sink.body == "hi");
}

TEST_CASE("a read that gives bytes is life, and one that gives none, or the end, is not") {
    Link link;
    FakeConnection connection = http_fixture::answering({"answer"});
    connection.after_answers = NetStatus::closed;
    link.slow.plan = {connection};
    link.watched.connect({"host", 80, false}, 0);
    std::array<std::uint8_t, 64> room{};
    link.watched.write(Bytes(std::string_view("GET / HTTP/1.1\r\n\r\n")), 0);
    link.clock.now_ms = 900'000;
    CHECK(link.watched.read(room, 0).bytes == 6);
    link.clock.now_ms = 1'700'000;
    link.watch.came_round(Task::capture, link.clock.now_ms);
    CHECK(link.watch.are_all_alive(link.clock.now_ms));
    CHECK(link.watched.read(room, 0).is_dead());
    link.clock.now_ms = 1'801'000;
    CHECK_FALSE(link.watch.are_all_alive(link.clock.now_ms));
}

TEST_CASE("a link on which nothing moves is no life") {
    Link link;
    FakeConnection connection;
    connection.write_limit = 0;
    connection.write_end = NetStatus::again;
    link.slow.plan = {connection};
    link.watched.connect({"host", 80, false}, 0);
    while (link.clock.now_ms < 920'000) CHECK(link.watched.write(Bytes(std::string_view("x")), 0).bytes == 0);
    CHECK(link.slow.times_dead > 0);
}

TEST_CASE("who waits for a lock feeds the watchdog meanwhile, until it has it or something hangs") {
    memory_ports::CheckedMutex mutex;
    mutex.lock();
    TaskWatch watch;
    std::uint64_t now_ms = 0;
    int fed = 0;
    int starved = 0;
    watch.came_round(TaskWatch::Task::capture, now_ms);
    watch.came_round(TaskWatch::Task::uplink, now_ms);
    {
        const PatientLock lock(mutex, 1'000, [&] {
            now_ms += 1'000;
            ++(watch.are_all_alive(now_ms) ? fed : starved);
            if (now_ms == 700'000) mutex.unlock();
        });
        CHECK(mutex.is_taken());
    }
    CHECK_FALSE(mutex.is_taken());
    CHECK(fed == 600);
    CHECK(starved == 100);
}

TEST_CASE("a lock that is free is taken at once") {
    memory_ports::CheckedMutex mutex;
    const PatientLock lock(mutex, 1'000, [] { FAIL("it waits"); });
    CHECK(mutex.is_taken());
}
