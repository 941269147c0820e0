#include <doctest/doctest.h>

#include <array>
#include <string>

#include "fakes/scratch_folder.h"
#include "host/file_key_value.h"
#include "host/folder_camera.h"
#include "host/host_clock.h"
#include "host/host_machine.h"

using namespace frameferry;

namespace {

std::string told(FileKeyValue& values, std::string_view key) {
    std::array<std::uint8_t, 8> room{};
    std::size_t size = 0;
    switch (values.get(key, room, size)) {
        case KeyValue::Found::value:
            return {reinterpret_cast<const char*>(room.data()), size};
        case KeyValue::Found::nothing:
            return "(nothing)";
        default:
            return "(broken)";
    }
}

std::string seen(FolderCamera& camera, int times) {
    std::string all;
    for (int time = 0; time < times; ++time) {
        Frame frame;
        if (!camera.grab(frame)) return all + "(none)";
        all += frame.jpeg.text();
        camera.release();
    }
    return all;
}

}  // namespace

TEST_CASE("a value is what was put last, also for who comes later") {
    const ScratchFolder folder;
    FileKeyValue values(folder.path());

    CHECK(told(values, "seq") == "(nothing)");
    CHECK(values.put("seq", Bytes{std::string_view("64")}));
    CHECK(values.put("seq", Bytes{std::string_view("128")}));
    FileKeyValue later(folder.path());
    CHECK(told(later, "seq") == "128");
    CHECK(values.put("seq", Bytes{}));
    CHECK(told(values, "seq").empty());
}

TEST_CASE("an erased value is not there, and neither is one that never was") {
    const ScratchFolder folder;
    FileKeyValue values(folder.path());
    REQUIRE(values.put("seq", Bytes{std::string_view("64")}));

    CHECK(values.erase("seq"));
    CHECK(values.erase("seq"));
    CHECK(told(values, "seq") == "(nothing)");
}

TEST_CASE("a value that does not fit is broken, and one that fits to the byte is not") {
    const ScratchFolder folder;
    FileKeyValue values(folder.path());

    REQUIRE(values.put("a", Bytes{std::string_view("12345678")}));
    CHECK(told(values, "a") == "12345678");
    REQUIRE(values.put("a", Bytes{std::string_view("123456789")}));
    CHECK(told(values, "a") == "(broken)");
}

TEST_CASE("a value that cannot be put is not said to be") {
    const ScratchFolder folder;
    FileKeyValue values(folder.path() + "/missing");
    CHECK_FALSE(values.put("a", Bytes{std::string_view("1")}));
}

TEST_CASE("half a value that a power cut left behind is not the value") {
    const ScratchFolder folder;
    FileKeyValue values(folder.path());
    REQUIRE(values.put("a", Bytes{std::string_view("whole")}));
    folder.write("a.new", "ha");

    CHECK(told(values, "a") == "whole");
    CHECK(values.put("a", Bytes{std::string_view("next")}));
    CHECK(told(values, "a") == "next");
}

TEST_CASE("a camera shows the JPEGs of its folder in the order of their names, over and over") {
    const ScratchFolder folder;
    folder.write("2.jpg", "two");
    folder.write("1.JPEG", "one");
    folder.write("notes.txt", "none");

    FolderCamera camera(folder.path());
    CHECK(seen(camera, 3) == "onetwoone");
    CHECK_FALSE(camera.is_finished());
}

TEST_CASE("a camera with a count shows so many and then none") {
    const ScratchFolder folder;
    folder.write("1.jpg", "one");

    FolderCamera camera(folder.path(), 2);
    CHECK(seen(camera, 3) == "oneone(none)");
    CHECK(camera.is_finished());
}

TEST_CASE("a folder without JPEGs, or without itself, has no pictures") {
    const ScratchFolder folder;
    CHECK_FALSE(FolderCamera(folder.path()).has_pictures());
    CHECK_FALSE(FolderCamera(folder.path() + "/missing").has_pictures());
}

TEST_CASE("this machine's clock needs nobody to tell it the time") {
    HostClock clock;
    CHECK(clock.quality() == ClockQuality::ntp);
    clock.set_utc_ms(1000, ClockQuality::date);
    CHECK(clock.utc_ms() > 1'700'000'000'000);
}

TEST_CASE("a clock that was never set has no time until it is told one, and goes on from there") {
    HostClock clock(HostClock::Start::never_set);
    CHECK(clock.quality() == ClockQuality::never_set);
    CHECK(clock.utc_ms() == 0);

    clock.set_utc_ms(1'800'000'000'000, ClockQuality::date);
    CHECK(clock.quality() == ClockQuality::date);
    CHECK(clock.utc_ms() >= 1'800'000'000'000);
    CHECK(clock.utc_ms() < 1'800'000'060'000);
}

TEST_CASE("entropy fills all of a room, however large") {
    std::array<std::uint8_t, 1000> room{};
    HostEntropy().fill(room);
    std::size_t zeros = 0;
    for (const std::uint8_t byte : room) zeros += byte == 0 ? 1 : 0;
    CHECK(zeros < 50);
    CHECK((room[998] | room[999] | room[997] | room[996]) != 0);
}
