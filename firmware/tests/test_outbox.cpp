#include "frameferry/outbox.h"

#include <doctest/doctest.h>

#include <vector>

#include "fakes/memory_ports.h"

using namespace frameferry;
using namespace memory_ports;

namespace {

constexpr std::int64_t christmas_ms = 1'766'744'130'000;

struct Run {
    explicit Run(MemoryValues& kept, std::uint64_t boot_id = 1, bool knows_time = true) : outbox(kept, clock, mutex) {
        if (knows_time) port.set_utc_ms(christmas_ms, ClockQuality::date);
        outbox.load(boot_id);
    }
    std::vector<Outbox::Told>& told(std::size_t count = 50) {
        // Never moved: an event's text is a view of the message beside it.
        room = std::vector<Outbox::Told>(count);
        const std::size_t filled = outbox.first(room.data(), room.size());
        while (room.size() > filled) room.pop_back();
        return room;
    }
    ManualClock port;
    WallClock clock{port};
    CheckedMutex mutex;
    Outbox outbox;
    std::vector<Outbox::Told> room;
};

}  // namespace

TEST_CASE("events survive a reboot in their order until they are told") {
    MemoryValues values;
    {
        Run run(values);
        run.outbox.add(EventKind::boot, "power_on");
        run.outbox.motion(820);
        run.outbox.add(EventKind::error, "the card fails", SeqRange{5, 9});
    }
    Run run(values, 2);
    const auto& told = run.told();
    REQUIRE(told.size() == 3);
    CHECK(told[0].event.kind == EventKind::boot);
    CHECK(told[0].event.message == "power_on");
    CHECK(told[1].event.score_permille == 820);
    CHECK(told[2].event.seqs->last == 9);
    run.outbox.told(told[0].number);
    run.outbox.told(told[2].number);
    CHECK(run.outbox.size() == 1);
    Run third(values, 3);
    REQUIRE(third.told().size() == 1);
    CHECK(third.room[0].event.kind == EventKind::motion);
}

TEST_CASE("an event that is told again has the same time, also after a reboot") {
    MemoryValues values;
    std::int64_t at_ms = 0;
    {
        Run run(values, 1, false);
        run.outbox.add(EventKind::boot);
        CHECK(run.told().empty());
        run.port.now_ms += 60'000;
        run.port.set_utc_ms(christmas_ms, ClockQuality::date);
        REQUIRE(run.told().size() == 1);
        at_ms = run.room[0].event.occurred_at_ms;
        CHECK(at_ms == christmas_ms - 60'000);
    }
    Run run(values, 2);
    REQUIRE(run.told().size() == 1);
    CHECK(run.room[0].event.occurred_at_ms == at_ms);
}

TEST_CASE("an event of a boot that never knew the time gets a time once, which it keeps") {
    MemoryValues values;
    Run(values, 1, false).outbox.add(EventKind::boot);
    Run run(values, 2);
    REQUIRE(run.told().size() == 1);
    const std::int64_t at_ms = run.room[0].event.occurred_at_ms;
    CHECK(at_ms == christmas_ms);
    Run later(values, 3);
    later.port.now_ms += 1'000'000;
    REQUIRE(later.told().size() == 1);
    CHECK(later.room[0].event.occurred_at_ms == at_ms);
}

TEST_CASE("two events of a kind never have the same time") {
    MemoryValues values;
    Run run(values);
    for (int times = 0; times < 5; ++times) run.outbox.add(EventKind::paused);
    const auto& told = run.told();
    for (std::size_t at = 1; at < told.size(); ++at) {
        CHECK(told[at].event.occurred_at_ms == told[at - 1].event.occurred_at_ms + 1);
    }
}

TEST_CASE("ranges that were given up one behind the other are one event until it is told") {
    MemoryValues values;
    Run run(values);
    run.outbox.evicted({1, 20});
    run.outbox.motion(1);
    run.outbox.evicted({21, 40});
    run.outbox.evicted({41, 60});
    REQUIRE(run.told().size() == 2);
    CHECK(run.room[0].event.seqs->first == 1);
    CHECK(run.room[0].event.seqs->last == 60);
    run.outbox.evicted({61, 80});
    run.outbox.evicted({90, 99});
    REQUIRE(run.told().size() == 4);
    CHECK(run.room[2].event.seqs->first == 61);
    CHECK(run.room[2].event.seqs->last == 80);
    CHECK(run.room[3].event.seqs->first == 90);
}

TEST_CASE("a range that grew before a reboot is whole after it") {
    MemoryValues values;
    {
        Run run(values);
        run.outbox.evicted({1, 20});
        run.outbox.evicted({21, 40});
    }
    Run run(values, 2);
    REQUIRE(run.told().size() == 1);
    CHECK(run.room[0].event.seqs->last == 40);
}

TEST_CASE("of too many events the oldest motion goes first, then what is oldest but evicted ranges") {
    MemoryValues values;
    Run run(values);
    run.outbox.evicted({1, 5});
    run.outbox.add(EventKind::boot);
    for (unsigned number = 0; number < Outbox::capacity; ++number) run.outbox.motion(number);
    CHECK(run.outbox.size() == Outbox::capacity);
    CHECK(run.outbox.dropped() == 2);
    CHECK(run.told()[0].event.kind == EventKind::evicted);
    CHECK(run.room[1].event.kind == EventKind::boot);
    CHECK(run.room[2].event.score_permille == 2);
    for (unsigned number = 0; number < Outbox::capacity; ++number) run.outbox.add(EventKind::error, "x");
    CHECK(run.told()[0].event.kind == EventKind::evicted);
    CHECK(run.room[1].event.kind == EventKind::error);
    CHECK(run.outbox.size() == Outbox::capacity);
}

TEST_CASE("where there are only evicted ranges the two oldest become one that hides nothing") {
    MemoryValues values;
    Run run(values);
    for (Seq seq = 0; seq < 10 * (Outbox::capacity + 1); seq += 10) run.outbox.evicted({seq, seq + 1});
    CHECK(run.outbox.size() == Outbox::capacity);
    const auto& told = run.told();
    CHECK(told[0].event.seqs->first == 0);
    CHECK(told[0].event.seqs->last == 11);
}

TEST_CASE("events that cannot be kept are told all the same, and are kept when that is possible again") {
    MemoryValues values;
    Run run(values);
    values.is_full = true;
    run.outbox.add(EventKind::error, "the card fails");
    CHECK(run.told().size() == 1);
    values.is_full = false;
    CHECK(run.told().size() == 1);
    CHECK(Run(values, 2).outbox.size() == 1);
}

TEST_CASE("no power cut while an event is added or told loses another one") {
    for (int write = 1; write <= 4; ++write) {
        for (const bool is_before : {true, false}) {
            MemoryValues values;
            Run(values).outbox.add(EventKind::boot);
            values.writes = 0;
            (is_before ? values.cut_before_write : values.cut_after_write) = write;
            try {
                Run run(values, 2);
                run.outbox.evicted({1, 2});
                run.outbox.evicted({3, 4});
                run.outbox.motion(5);
                run.outbox.told(run.told()[2].number);
            } catch (const PowerCut&) {
            }
            values.cut_before_write = values.cut_after_write = 0;
            Run run(values, 3);
            REQUIRE_FALSE(run.told().empty());
            CHECK(run.room[0].event.kind == EventKind::boot);
            if (write > 1 || !is_before) CHECK(run.room.at(1).event.kind == EventKind::evicted);
        }
    }
}
