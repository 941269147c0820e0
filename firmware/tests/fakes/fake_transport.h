// A network that follows a plan: what each connection takes, what it answers, and when it dies or stalls.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "fakes/fake_clock.h"
#include "frameferry/ports.h"

// One connection. A limit is in bytes from its beginning; there it ends as it says, where `again` means that it stalls.
struct FakeConnection {
    std::vector<std::string> answers;  // the n-th becomes readable when the n-th whole request has been taken
    frameferry::NetStatus connect = frameferry::NetStatus::again;
    std::size_t write_limit = SIZE_MAX;
    frameferry::NetStatus write_end = frameferry::NetStatus::reset;
    std::size_t read_limit = SIZE_MAX;
    frameferry::NetStatus read_end = frameferry::NetStatus::reset;
    frameferry::NetStatus after_answers = frameferry::NetStatus::again;  // when all were read
    std::size_t piece = SIZE_MAX;      // the most that one read or write moves
    std::size_t early_at = SIZE_MAX;   // the first answer comes when so much has been taken of the request
    std::uint64_t ms_per_read = 0;
    bool hesitates = false;            // every second read and write gives nothing, before its time
};

// Understands requests as far as their length.
class FakeTransport : public frameferry::Transport {
public:
    using NetResult = frameferry::NetResult;
    using NetStatus = frameferry::NetStatus;

    explicit FakeTransport(FakeClock& clock) : clock_(clock) {}

    // Connections by their order; after the last one nobody listens.
    std::deque<FakeConnection> plan;
    // What was written on each.
    std::vector<std::string> written;
    std::vector<std::string> hosts;
    std::vector<std::uint64_t> patience_ms;  // of each connect
    bool is_open = false;

    NetResult connect(const frameferry::Endpoint& endpoint, std::uint64_t deadline_ms) override {
        const std::string port = std::to_string(endpoint.port) + (endpoint.uses_tls ? "s" : "");
        hosts.push_back(std::string(endpoint.host) + ":" + port);
        patience_ms.push_back(deadline_ms - clock_.now_ms);
        written.emplace_back();
        if (plan.empty()) return NetResult::dead(NetStatus::refused);
        connection_ = plan.front();
        plan.pop_front();
        readable_.clear();
        read_bytes_ = answered_ = whole_bytes_ = 0;
        if (connection_.connect != NetStatus::again) return NetResult::dead(connection_.connect);
        is_open = true;
        return {};
    }

    NetResult write(frameferry::Bytes bytes, std::uint64_t deadline_ms) override {
        if (!is_open) return NetResult::dead(NetStatus::reset);
        if (is_hesitating(writes_)) return {};
        std::string& taken = written.back();
        const std::size_t left = connection_.write_limit - taken.size();
        if (left == 0) return ended(connection_.write_end, deadline_ms);
        const auto piece = bytes.first(std::min(left, connection_.piece));
        taken += piece.text();
        answer();
        return NetResult::of(piece.size);
    }

    NetResult read(frameferry::Room room, std::uint64_t deadline_ms) override {
        if (!is_open) return NetResult::dead(NetStatus::reset);
        clock_.now_ms += connection_.ms_per_read;
        if (is_hesitating(reads_)) return {};
        const std::size_t left = connection_.read_limit - read_bytes_;
        if (left == 0) return ended(connection_.read_end, deadline_ms);
        if (readable_.empty()) {
            const bool is_over = answered_ == connection_.answers.size();
            return ended(is_over ? connection_.after_answers : NetStatus::again, deadline_ms);
        }
        const std::size_t size = std::min({room.size, left, connection_.piece, readable_.size()});
        std::copy_n(readable_.begin(), size, room.data);
        readable_.erase(0, size);
        read_bytes_ += size;
        return NetResult::of(size);
    }

    void close() override { is_open = false; }

private:
    bool is_hesitating(unsigned& calls) { return connection_.hesitates && ++calls % 2 == 0; }

    NetResult ended(NetStatus status, std::uint64_t deadline_ms) {
        if (status != NetStatus::again) return NetResult::dead(status);
        clock_.wait_until(deadline_ms);
        return {};
    }

    void answer() {
        if (answered_ == 0 && written.back().size() >= connection_.early_at) say();
        while (skip_whole_request()) say();
    }

    void say() {
        if (answered_ < connection_.answers.size()) readable_ += connection_.answers[answered_++];
    }

    bool skip_whole_request() {
        const std::string rest = written.back().substr(whole_bytes_);
        const std::size_t head = rest.find("\r\n\r\n");
        if (head == std::string::npos) return false;
        const std::size_t field = rest.find("\r\nContent-Length: ");
        const std::size_t body = field < head ? std::stoul(rest.substr(field + 18)) : 0;
        if (rest.size() < head + 4 + body) return false;
        whole_bytes_ += head + 4 + body;
        return true;
    }

    FakeClock& clock_;
    FakeConnection connection_;
    std::string readable_;
    std::size_t read_bytes_ = 0;
    std::size_t answered_ = 0;
    std::size_t whole_bytes_ = 0;
    unsigned reads_ = 0;
    unsigned writes_ = 0;
};
