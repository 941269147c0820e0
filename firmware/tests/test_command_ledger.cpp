#include "frameferry/command_ledger.h"

#include <doctest/doctest.h>

#include <string>

#include "fakes/memory_ports.h"

using namespace frameferry;
using namespace memory_ports;

namespace {

Command command(unsigned number, CommandKind kind) {
    Command made;
    made.id.append("01KDD2G0EG000G40R40M30").append_number(number, 4);
    made.kind = kind;
    return made;
}

// Carries the command out as a device does; counts how often.
void obey(CommandLedger& ledger, const Command& given, int& times) {
    CommandLedger::Entry* known = ledger.find(given.id);
    if (known != nullptr) return CommandLedger::ask_again(*known);
    if (!ledger.begin(given)) return;
    ++times;
    ledger.end(given, true, "as told");
}

}  // namespace

TEST_CASE("a command is carried out at most once whatever write the power goes at") {
    for (const CommandKind kind : {CommandKind::reboot, CommandKind::capture_now, CommandKind::forget}) {
        for (int write = 1; write <= 2; ++write) {
            for (const bool is_before : {true, false}) {
                CAPTURE(write);
                MemoryValues values;
                (is_before ? values.cut_before_write : values.cut_after_write) = write;
                int times = 0;
                const Command given = command(1, kind);
                {
                    CommandLedger ledger(values);
                    ledger.load();
                    CHECK_THROWS_AS(obey(ledger, given, times), PowerCut);
                }
                values.cut_before_write = values.cut_after_write = 0;
                CommandLedger ledger(values);
                ledger.load();
                obey(ledger, given, times);
                CHECK(times <= 1);
                const bool was_begun_by_the_cut = write == 2 || !is_before;
                if (!was_begun_by_the_cut) CHECK(times == 1);
                REQUIRE(ledger.due(0) != nullptr);
                CHECK(ledger.due(0)->id == given.id.view());
            }
        }
    }
}

TEST_CASE("a reboot that was begun has happened, and anything else that was begun was cut off") {
    MemoryValues values;
    {
        CommandLedger ledger(values);
        CHECK(ledger.begin(command(1, CommandKind::reboot)));
        CHECK(ledger.begin(command(2, CommandKind::forget)));
    }
    CommandLedger ledger(values);
    ledger.load();
    CHECK(ledger.has_news());
    CHECK(ledger.due(0)->is_done());
    CHECK_FALSE(ledger.due(1)->is_done());
    CHECK(ledger.due(1)->detail == "cut off by a restart");
    CHECK(ledger.due(2) == nullptr);
}

TEST_CASE("what the server asks for again is acknowledged again, but is no news") {
    MemoryValues values;
    CommandLedger ledger(values);
    int times = 0;
    obey(ledger, command(1, CommandKind::pause), times);
    CHECK(ledger.has_news());
    CommandLedger::acknowledged(*ledger.due(0));
    CHECK(ledger.due(0) == nullptr);
    obey(ledger, command(1, CommandKind::pause), times);
    CHECK(times == 1);
    CHECK(ledger.due(0) != nullptr);
    CHECK_FALSE(ledger.has_news());
}

TEST_CASE("a command that was withdrawn may be begun again") {
    MemoryValues values;
    CommandLedger ledger(values);
    CHECK(ledger.begin(command(1, CommandKind::rotate_token)));
    ledger.withdraw(command(1, CommandKind::rotate_token).id);
    CHECK(ledger.find(command(1, CommandKind::rotate_token).id) == nullptr);
    CommandLedger second(values);
    second.load();
    CHECK(second.find(command(1, CommandKind::rotate_token).id) == nullptr);
}

TEST_CASE("a command that cannot be kept is not begun") {
    MemoryValues values;
    values.is_full = true;
    CommandLedger ledger(values);
    int times = 0;
    obey(ledger, command(1, CommandKind::reboot), times);
    CHECK(times == 0);
}

TEST_CASE("the newest commands are remembered, and the oldest are forgotten") {
    MemoryValues values;
    int times = 0;
    {
        CommandLedger ledger(values);
        for (unsigned number = 1; number <= 40; ++number) obey(ledger, command(number, CommandKind::resume), times);
    }
    CommandLedger ledger(values);
    ledger.load();
    CHECK(values.values.size() == CommandLedger::capacity);
    CHECK(ledger.find(command(8, CommandKind::resume).id) == nullptr);
    for (unsigned number = 9; number <= 40; ++number) {
        CHECK(ledger.find(command(number, CommandKind::resume).id) != nullptr);
    }
}

TEST_CASE("a damaged entry is as if it had never been, and the others stay") {
    MemoryValues values;
    {
        CommandLedger ledger(values);
        int times = 0;
        obey(ledger, command(1, CommandKind::resume), times);
        obey(ledger, command(2, CommandKind::resume), times);
    }
    values.values.begin()->second[3] ^= 8U;
    CommandLedger ledger(values);
    ledger.load();
    CHECK(ledger.find(command(1, CommandKind::resume).id) == nullptr);
    CHECK(ledger.find(command(2, CommandKind::resume).id) != nullptr);
}
