#include "frameferry/pause.h"

#include <doctest/doctest.h>

#include "fakes/memory_ports.h"
#include "frameferry/kept_values.h"

using namespace frameferry;
using namespace memory_ports;

namespace {

constexpr std::int64_t christmas_ms = 1'766'744'130'000;

struct Run {
    explicit Run(MemoryValues& kept) : pause(kept, clock, mutex) {}
    ManualClock port;
    WallClock clock{port};
    CheckedMutex mutex;
    Pause pause;
};

}  // namespace

TEST_CASE("a new device is not paused, and one that has not looked yet is") {
    MemoryValues values;
    Run run(values);
    CHECK(run.pause.is_paused());
    run.pause.load();
    CHECK_FALSE(run.pause.is_paused());
}

TEST_CASE("the button's pause survives a reboot until the button ends it") {
    MemoryValues values;
    Run first(values);
    first.pause.load();
    CHECK(first.pause.set_button(true));
    Run second(values);
    second.pause.load();
    CHECK(second.pause.is_paused());
    CHECK(second.pause.set_owner({false, 0}));
    CHECK(second.pause.is_paused());
    CHECK(second.pause.set_button(false));
    Run third(values);
    third.pause.load();
    CHECK_FALSE(third.pause.is_paused());
}

TEST_CASE("the owner's pause survives a reboot, and the button does not end it") {
    MemoryValues values;
    Run first(values);
    first.pause.load();
    first.pause.set_owner({true, 0});
    first.pause.set_button(false);
    Run second(values);
    second.pause.load();
    CHECK(second.pause.is_paused());
    second.pause.resume({}, 1);
    CHECK_FALSE(second.pause.is_paused());
}

TEST_CASE("a pause until an instant ends there, and not before the time is known") {
    MemoryValues values;
    Run run(values);
    run.pause.load();
    run.pause.set_owner({false, christmas_ms});
    CHECK(run.pause.is_paused());
    run.port.set_utc_ms(christmas_ms - 1, ClockQuality::date);
    CHECK(run.pause.is_paused());
    run.port.now_ms += 1;
    CHECK_FALSE(run.pause.is_paused());
}

TEST_CASE("a pause until an instant lasts for as long as a clock that has drifted may be ahead") {
    MemoryValues values;
    Run run(values);
    run.pause.load();
    run.pause.set_owner({false, christmas_ms});
    run.port.set_utc_ms(christmas_ms, ClockQuality::ntp);
    run.port.drift = 60'000;
    CHECK(run.pause.is_paused());
    CHECK(run.pause.keep());
    run.port.now_ms += 59'999;
    CHECK(run.pause.is_paused());
    run.port.now_ms += 1;
    CHECK_FALSE(run.pause.is_paused());
}

TEST_CASE("a pause that cannot be read is a pause, until the owner resumes") {
    MemoryValues values;
    values.is_broken = true;
    Run run(values);
    run.pause.load();
    CHECK(run.pause.is_paused());
    run.pause.set_owner({false, 0});
    CHECK(run.pause.is_paused());
    run.pause.resume({}, 1);
    CHECK_FALSE(run.pause.is_paused());
}

TEST_CASE("every damaged byte and every cut of what is kept is a pause") {
    MemoryValues values;
    Run first(values);
    first.pause.load();
    first.pause.set_owner({false, 1});
    REQUIRE(values.values.size() == 1);
    const auto whole = values.values.begin()->second;
    for (std::size_t at = 0; at < whole.size(); ++at) {
        values.values.begin()->second = whole;
        values.values.begin()->second[at] ^= 1U;
        Run flipped(values);
        flipped.pause.load();
        CHECK(flipped.pause.is_paused());
        values.values.begin()->second.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(at));
        Run cut(values);
        cut.pause.load();
        CHECK(cut.pause.is_paused());
    }
}

TEST_CASE("a pause that cannot be kept is in force, and is kept as soon as that is possible") {
    MemoryValues values;
    Run run(values);
    run.pause.load();
    values.is_full = true;
    CHECK_FALSE(run.pause.set_button(true));
    CHECK(run.pause.is_paused());
    CHECK_FALSE(run.pause.keep());
    values.is_full = false;
    CHECK(run.pause.keep());
    Run second(values);
    second.pause.load();
    CHECK(second.pause.is_paused());
}

TEST_CASE("a pause until an instant that has passed does not come back with a reboot that knows no time") {
    MemoryValues values;
    Run first(values);
    first.pause.load();
    first.pause.set_owner({false, christmas_ms});
    first.port.set_utc_ms(christmas_ms - 1, ClockQuality::date);
    CHECK(first.pause.keep());
    CHECK(first.pause.is_paused());
    first.port.now_ms += 1;
    CHECK(first.pause.keep());
    Run second(values);
    second.pause.load();
    CHECK_FALSE(second.pause.is_paused());
}

TEST_CASE("the end of a pause that cannot be kept is kept later, and leaves the button's and the owner's pause alone") {
    MemoryValues values;
    Run first(values);
    first.pause.load();
    first.pause.set_button(true);
    first.pause.set_owner({true, christmas_ms});
    first.port.set_utc_ms(christmas_ms, ClockQuality::date);
    CHECK(first.pause.keep());
    first.pause.set_button(false);
    CHECK(first.pause.is_paused());
    first.pause.set_button(true);
    first.port.set_utc_ms(christmas_ms - 1, ClockQuality::date);
    first.pause.set_owner({false, christmas_ms});
    first.port.now_ms += 1;
    values.is_full = true;
    CHECK_FALSE(first.pause.keep());
    values.is_full = false;
    CHECK(first.pause.keep());
    Run second(values);
    second.pause.load();
    CHECK(second.pause.is_paused_by_button());
    second.pause.set_button(false);
    CHECK_FALSE(second.pause.is_paused());
}

TEST_CASE("a pause that was over when it was told costs one write, however often it is told") {
    MemoryValues values;
    Run run(values);
    run.pause.load();
    run.port.set_utc_ms(christmas_ms, ClockQuality::date);
    for (int times = 0; times < 5; ++times) {
        CHECK(run.pause.set_owner({false, christmas_ms - 1}));
        CHECK(run.pause.keep());
    }
    CHECK_FALSE(run.pause.is_paused());
    CHECK(values.writes <= 1);
}

TEST_CASE("of a pause by command and that of the settings the longer one is in force") {
    constexpr Pause::Wish none{};
    constexpr Pause::Wish for_ever{true, 0};
    constexpr Pause::Wish until_then{false, christmas_ms};
    constexpr Pause::Wish until_later{false, christmas_ms + 1};
    struct Case {
        Pause::Wish told, settings;
        bool is_paused_then, is_paused_later;
    };
    for (const auto& [told, settings, is_paused_then, is_paused_later] :
         {Case{until_then, none, false, false}, Case{until_later, none, true, false}, Case{for_ever, none, true, true},
          Case{until_then, for_ever, true, true}, Case{for_ever, until_then, true, true},
          Case{until_then, until_later, true, false}, Case{until_later, until_then, true, false}}) {
        MemoryValues values;
        Run run(values);
        run.pause.load();
        CHECK(run.pause.pause(told, settings));
        run.port.set_utc_ms(christmas_ms, ClockQuality::ntp);
        CHECK(run.pause.is_paused() == is_paused_then);
        run.port.now_ms += 1;
        CHECK(run.pause.is_paused() == is_paused_later);
    }
}

TEST_CASE("a resume leaves the pause that the settings say, until that is over") {
    MemoryValues values;
    Run run(values);
    run.pause.load();
    run.pause.set_button(true);
    run.port.set_utc_ms(christmas_ms - 1, ClockQuality::ntp);
    CHECK(run.pause.resume({false, christmas_ms}, christmas_ms));
    CHECK_FALSE(run.pause.is_paused_by_button());
    CHECK(run.pause.is_paused());
    run.port.now_ms += 1;
    CHECK_FALSE(run.pause.is_paused());
}

TEST_CASE("a resume that was given before the button was pressed leaves the button's pause") {
    MemoryValues values;
    {
        Run run(values);
        run.pause.load();
        run.port.set_utc_ms(christmas_ms, ClockQuality::ntp);
        run.pause.set_button(true);
        CHECK(run.pause.resume({}, christmas_ms - 1));
        CHECK(run.pause.is_paused_by_button());
    }
    Run run(values);
    run.pause.load();
    CHECK(run.pause.resume({}, christmas_ms - 1));
    CHECK(run.pause.is_paused());
    CHECK(run.pause.resume({}, christmas_ms));
    CHECK_FALSE(run.pause.is_paused());
}

TEST_CASE("a resume ends the button's pause where nobody knew the time when it was pressed, or not well enough") {
    MemoryValues values;
    Run run(values);
    run.pause.load();
    run.pause.set_button(true);
    CHECK(run.pause.resume({}, 1));
    CHECK_FALSE(run.pause.is_paused());
    run.port.set_utc_ms(christmas_ms, ClockQuality::ntp);
    run.port.drift = 60'000;
    run.pause.set_button(true);
    CHECK(run.pause.resume({}, christmas_ms - 60'000));
    CHECK_FALSE(run.pause.is_paused());
}

TEST_CASE("what the firmware before has kept is read, whether it was a pause or none") {
    for (const bool was_paused : {false, true}) {
        MemoryValues values;
        std::array<std::uint8_t, 16> record{};
        RecordWriter writer(record, 1);
        writer.number(was_paused ? 1 : 0, 1).number(0, 1).number(0);
        REQUIRE(writer.put(values, "pause"));
        Run run(values);
        run.pause.load();
        CHECK(run.pause.is_paused() == was_paused);
        CHECK(run.pause.resume({}, 1));
        CHECK_FALSE(run.pause.is_paused());
    }
}
