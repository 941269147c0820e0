#include <doctest/doctest.h>

#include "frameferry/task_watch.h"

using frameferry::TaskWatch;
using Task = frameferry::TaskWatch::Task;

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
