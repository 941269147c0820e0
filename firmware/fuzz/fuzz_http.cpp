// Answers of any bytes on connections that end in any way: every request ends, in time, with one answer at most.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "fakes/fake_transport.h"
#include "fakes/text_sink.h"
#include "frameferry/http_client.h"
#include "must.h"

using namespace frameferry;

namespace {

constexpr std::uint64_t max_answer_bytes = 500;

struct Sink final : AnswerSink {
    void begin(const HttpAnswer& answer) override {
        must(++begun == 1);
        must(answer.code >= 200 && answer.code <= 599);
    }
    bool write(Bytes bytes) override {
        must(begun == 1);
        body_bytes += bytes.size;
        must(body_bytes <= max_answer_bytes);
        return true;
    }

    int begun = 0;
    std::uint64_t body_bytes = 0;
};

NetStatus ending(std::uint8_t choice) {
    constexpr std::array<NetStatus, 3> endings{NetStatus::again, NetStatus::closed, NetStatus::reset};
    return endings[choice % endings.size()];
}

HttpResult send(HttpClient& client, TextBody& body, Sink& sink) {
    HttpRequest request;
    request.method = "PUT";
    request.endpoint = {"host", 80, false};
    request.target = {"/path"};
    request.body = &body;
    request.body_bytes = body.text.size();
    request.max_answer_bytes = max_answer_bytes;
    return client.send(request, sink);
}

void check(const HttpResult& result, const Sink& sink) {
    if (result.status == HttpStatus::ok) must(sink.begun == 1 && result.answer.code >= 200);
    if (sink.begun == 0) must(result.status != HttpStatus::ok);
    if (sink.begun == 1) must(result.answer.code >= 200);
}

}  // namespace

// Five bytes say how the connection behaves; the rest is what it answers, the second request from the first 0xFF on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 5) return 0;
    const std::string answers(reinterpret_cast<const char*>(data + 5), size - 5);
    const std::size_t split = answers.find('\xFF');
    FakeConnection connection;
    connection.answers = {answers.substr(0, split)};
    if (split != std::string::npos) connection.answers.push_back(answers.substr(split + 1));
    connection.piece = data[0] % 64 + 1U;
    connection.after_answers = ending(data[1]);
    connection.read_end = connection.write_end = ending(data[2]);
    connection.early_at = data[3] < 128 ? data[3] * 4U : SIZE_MAX;
    connection.read_limit = data[4] < 128 ? data[4] * 8U : SIZE_MAX;

    FakeClock clock;
    FakeTransport network(clock);
    network.plan = {connection, connection};
    std::array<std::uint8_t, 64> send_room{};
    std::array<std::uint8_t, 64> receive_room{};
    HttpClient client(network, clock, {send_room, receive_room});
    TextBody body(std::string(300, 'x'));
    for (int request = 0; request < 2; ++request) {
        const std::uint64_t began_ms = clock.now_ms;
        Sink sink;
        check(send(client, body, sink), sink);
        // Two tries of at most a response within the body, a stalled write and a response.
        must(clock.now_ms - began_ms <= 250'000);
    }
    must(network.hosts.size() <= 4);
    return 0;
}
