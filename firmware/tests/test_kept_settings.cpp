#include <doctest/doctest.h>

#include "fakes/memory_ports.h"
#include "frameferry/kept_values.h"
#include "frameferry/settings_store.h"

using namespace frameferry;
using namespace memory_ports;

namespace {

struct Run {
    explicit Run(MemoryValues& kept, std::string_view origin = "https://one:443")
        : scoped(kept), pause(kept, clock, mutex) {
        scoped.set_origin(origin);
        pause.load();
        store.load();
    }
    ManualClock port;
    WallClock clock{port};
    CheckedMutex mutex;
    ScopedValues scoped;
    Pause pause;
    SettingsStore store{scoped, pause, mutex};
};

Settings other_settings() {
    Settings settings;
    settings.interval_s = 60;
    settings.jpeg_quality = 20;
    settings.resolution = Resolution::svga;
    settings.motion = true;
    settings.newest_first = true;
    settings.paused_until_ms = 1'766'744'130'000;
    return settings;
}

}  // namespace

TEST_CASE("settings and their version survive a reboot") {
    MemoryValues values;
    CHECK(Run(values).store.change(other_settings(), 7));
    Run run(values);
    CHECK(run.store.settings() == other_settings());
    CHECK(run.store.version() == 7);
    CHECK(run.pause.is_paused());
}

TEST_CASE("settings that nobody has told are the server's defaults without a version") {
    MemoryValues values;
    Run run(values);
    CHECK(run.store.settings() == Settings{});
    CHECK(run.store.version() == SettingsStore::no_version);
}

TEST_CASE("damaged settings are the defaults, and are asked for again") {
    MemoryValues values;
    Run(values).store.change(other_settings(), 7);
    for (auto& [key, value] : values.values) {
        if (key != "pause") value.back() ^= 1U;
    }
    Run run(values);
    CHECK(run.store.settings() == Settings{});
    CHECK(run.store.version() == SettingsStore::no_version);
    CHECK(run.pause.is_paused());
}

TEST_CASE("no power cut keeps new settings without the pause that stands in them") {
    for (int write = 1; write <= 2; ++write) {
        for (const bool is_before : {true, false}) {
            MemoryValues values;
            Settings paused;
            paused.paused = true;
            {
                Run run(values);
                (is_before ? values.cut_before_write : values.cut_after_write) = write;
                CHECK_THROWS_AS(run.store.change(paused, 3), PowerCut);
            }
            values.cut_before_write = values.cut_after_write = 0;
            Run run(values);
            CHECK((run.store.version() != 3 || run.pause.is_paused()));
        }
    }
}

TEST_CASE("settings that cannot be kept are in force, and their version is not claimed after a reboot") {
    MemoryValues values;
    Run run(values);
    values.is_full = true;
    CHECK_FALSE(run.store.change(other_settings(), 7));
    CHECK(run.store.settings() == other_settings());
    values.is_full = false;
    CHECK(Run(values).store.version() == SettingsStore::no_version);
}

TEST_CASE("settings out of their limits are brought into them") {
    MemoryValues values;
    Run run(values);
    Settings odd;
    odd.interval_s = 0;
    odd.jpeg_quality = 255;
    run.store.change(odd, 1);
    CHECK(run.store.settings().interval_s == 1);
    CHECK(run.store.settings().jpeg_quality == 63);
}

TEST_CASE("each server has settings of its own, and the pause is everybody's") {
    MemoryValues values;
    Settings paused;
    paused.paused = true;
    paused.interval_s = 99;
    Run(values).store.change(paused, 7);
    Run other(values, "http://192.168.1.2:8000");
    CHECK(other.store.version() == SettingsStore::no_version);
    CHECK(other.store.settings().interval_s == 30);
    CHECK(other.pause.is_paused());
}

TEST_CASE("a record that does not fit is not kept, and a shortened one is not read") {
    MemoryValues values;
    std::array<std::uint8_t, 16> room{};
    CHECK_FALSE(RecordWriter(room, 1).text("more than there is room for").put(values, "key"));
    CHECK(values.values.empty());
    CHECK(RecordWriter(room, 1).text("short").put(values, "key"));
    RecordReader reader(room);
    CHECK(reader.get(values, "key", 1) == KeyValue::Found::value);
    CHECK(reader.text() == "short");
    CHECK(reader.is_whole());
    CHECK(reader.number() == 0);
    CHECK_FALSE(reader.is_whole());
    CHECK(reader.get(values, "key", 2) == KeyValue::Found::broken);
}
