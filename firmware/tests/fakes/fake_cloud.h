// The API and S3 in this process, behind a Transport: they speak the protocol, check what a device sends byte for byte,
// and sign receipts. The network between can fail at any byte.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/json_tree.h"
#include "fakes/memory_ports.h"
#include "frameferry/ports.h"

namespace fake_cloud {

using Content = std::string;

struct Request {
    std::string host;
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;

    [[nodiscard]] std::string header(const std::string& name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? "" : found->second;
    }
};

struct Answer {
    int status = 200;
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
};
Answer error(int status, const std::string& code);
Answer s3_error(int status, const std::string& code);

// What is in a pack, by its entries' headers.
std::map<std::uint64_t, Content> captures_of(const Content& pack);

struct Command {
    std::string id;
    std::string kind;
    std::string arguments;  // JSON
    std::int64_t created_at_ms = 0;  // 0: whenever it is told
};

class Cloud {
public:
    explicit Cloud(memory_ports::ManualClock& clock);
    Answer answer(const Request& request);

    static constexpr const char* device_id = "3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70";
    static constexpr std::int64_t utc_at_zero_ms = 1'766'744'130'000;

    // What it holds.
    std::map<std::string, Content> objects;               // by key
    std::map<std::uint64_t, Content> photos;              // by seq
    std::vector<std::string> doubled;                     // what came twice in other bytes: must stay empty
    std::map<std::string, JsonTree> events;               // by kind and time
    std::map<std::string, std::string> acks;              // by command: its status
    std::map<std::string, std::string> details;           // by command
    std::set<Content> receipted;                          // packs for which a receipt was given
    std::vector<JsonTree> syncs;
    int activations = 0;
    int puts = 0;

    // What it does.
    std::vector<Command> commands;
    std::string settings = R"({"interval_s":30,"jpeg_quality":12,"resolution":"UXGA","motion":true,)"
                           R"("upload_policy":"oldest_first","paused":false,"paused_until":null})";
    int settings_version = 1;
    std::uint64_t next_seq = 0;
    std::string pairing_code = "7ZK3MQ9V1A";
    bool is_revoked = false;
    bool signs_badly = false;
    bool has_new_keys = false;
    bool keeps_nothing = false;                           // S3 says 200, and has lost it
    bool offers_again = false;                            // a place, for what is said to be sent and is not there
    std::uint32_t place_lifetime_s = 3600;
    std::set<std::uint64_t> held_otherwise;               // seqs that are held with other bytes
    bool holds_all_otherwise = false;
    std::set<std::string> refused_words;                  // a body that holds one of them is refused
    std::string upload_host = "s3.test";
    std::string upload_scheme = "https";
    std::string valid_token = "devtok_first";
    std::string pending_token;

private:
    Answer activate(const Request& request);
    Answer sync(const Request& request);
    Answer rotate();
    Answer put(const Request& request);
    std::optional<Answer> checked_token(const Request& request);
    std::string object_answer(const JsonTree& object, bool& has_places);
    std::string receipt(const std::string& key, const JsonTree& object);
    std::string exceptions(const Content& pack);
    void keep_events(const JsonTree& body);
    void keep_acks(const JsonTree& body);
    std::string command_list() const;
    std::string keys() const;
    [[nodiscard]] std::int64_t now_ms() const;

    struct Place {
        std::string sha256_hex;
        std::uint64_t size_bytes = 0;
        std::int64_t ends_at_ms = 0;
        std::string batch;
    };

    memory_ports::ManualClock& clock_;
    std::map<std::string, Place> places_;  // by key
    std::map<std::string, std::string> nonces_;
    std::array<unsigned char, 32> public_key_{};
    std::array<unsigned char, 64> secret_key_{};
    int batches_ = 0;
    std::uint64_t free_seq_ = 1'000'000;
};

// What lies between.
class Network final : public frameferry::Transport {
public:
    using NetResult = frameferry::NetResult;
    using NetStatus = frameferry::NetStatus;

    Network(memory_ports::ManualClock& clock, Cloud& cloud) : clock_(clock), cloud_(cloud) {}

    NetResult connect(const frameferry::Endpoint& endpoint, std::uint64_t deadline_ms) override;
    NetResult write(frameferry::Bytes bytes, std::uint64_t deadline_ms) override;
    NetResult read(frameferry::Room room, std::uint64_t deadline_ms) override;
    void close() override { is_open_ = false; }

    // Of all bytes, in both directions. There the connection ends so, once; `again` stalls it.
    std::uint64_t cut_at_byte = UINT64_MAX;
    NetStatus cut_as = NetStatus::reset;
    std::uint64_t cut_every_bytes = 0;
    // Says so before the cloud sees the request; and after the cloud has answered.
    std::function<std::optional<Answer>(const Request&)> instead;
    std::function<NetStatus(const frameferry::Endpoint&)> on_connect;
    bool closes_after_each_answer = false;  // without a word: a stale keep-alive

    // What was seen.
    std::uint64_t moved_bytes = 0;
    std::vector<std::uint64_t> marks;  // where heads and bodies begin and end
    std::vector<Request> requests;
    int connections = 0;
    bool had_two_at_once = false;

private:
    std::size_t allowed(std::size_t size, bool& is_cut);
    NetResult cut(std::uint64_t deadline_ms);
    void take_requests();
    void say(const Answer& answer);

    memory_ports::ManualClock& clock_;
    Cloud& cloud_;
    bool is_open_ = false;
    bool is_dead_ = false;
    bool is_closed_by_server_ = false;
    bool is_stalled_ = false;
    std::string host_;
    std::string received_;
    std::string readable_;
};

}  // namespace fake_cloud
