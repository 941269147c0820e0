// A transport whose user is alive for as long as bytes move.
#pragma once

#include "frameferry/ports.h"
#include "frameferry/task_watch.h"

namespace frameferry {

// On a slow link one request lasts longer than a task that hangs may: every byte renews its deadline.
class WatchedTransport final : public Transport {
public:
    WatchedTransport(Transport& transport, Clock& clock, TaskWatch& watch, TaskWatch::Task task)
        : transport_(transport), clock_(clock), watch_(watch), task_(task) {}

    NetResult connect(const Endpoint& endpoint, std::uint64_t deadline_ms) override {
        return transport_.connect(endpoint, deadline_ms);
    }
    NetResult write(Bytes bytes, std::uint64_t deadline_ms) override {
        return noted(transport_.write(bytes, deadline_ms));
    }
    NetResult read(Room room, std::uint64_t deadline_ms) override { return noted(transport_.read(room, deadline_ms)); }
    void close() override { transport_.close(); }

private:
    NetResult noted(NetResult result) {
        if (result.bytes != 0) watch_.came_round(task_, clock_.monotonic_ms());
        return result;
    }

    Transport& transport_;
    Clock& clock_;
    TaskWatch& watch_;
    TaskWatch::Task task_;
};

}  // namespace frameferry
