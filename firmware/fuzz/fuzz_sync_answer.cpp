// Answers of any bytes to a sync: one that counts as whole has everything that the device will rely on.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "frameferry/sync.h"
#include "must.h"

using namespace frameferry;

namespace {

struct Request {
    std::array<NamedPack, 4> packs{};
    std::array<Event, 3> events{};
    std::array<Ack, 2> acks{};
    SyncRequest sync;

    Request() {
        sync.objects = {packs.data(), packs.size()};
        sync.events = {events.data(), events.size()};
        sync.acks = {acks.data(), acks.size()};
    }
};

bool is_word(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

void check_object(const SyncAnswer& answer, const ObjectAnswer& object) {
    if (object.status == ObjectStatus::place) {
        must(is_word(object.tail) && is_word(object.signature));
        must(answer.uploads.uses_tls && answer.uploads.port != 0 && is_word(answer.uploads.host));
        must(is_word(answer.uploads.query) && answer.uploads.path_prefix.view().front() == '/');
    }
    if (object.status != ObjectStatus::held) must(object.exception_count == 0);
    must(object.next_seq < max_seq / 2);
    must(object.first_exception + object.exception_count <= SyncAnswer::max_exceptions);
    for (const auto& exception : answer.exceptions_of(object)) {
        must(exception.seq <= max_seq && exception.next_seq < max_seq / 2);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Request request;
    static std::array<ObjectAnswer, 4> objects;
    static SyncAnswer answer(objects.data(), objects.size());
    if (size < 2) return 0;
    std::vector<std::uint8_t> scratch(data[0] * 16U);
    SyncAnswerReader handler(request.sync, true, answer);
    JsonReader reader({scratch.data(), scratch.size()}, handler);
    const std::size_t piece = data[1] + 1U;
    for (std::size_t at = 2; at < size; at += piece) reader.write({data + at, std::min(piece, size - at)});
    if (reader.finish() != JsonStatus::whole || !handler.is_whole()) return 0;

    must(answer.server_time_ms > 0);
    must(answer.object_count == 4 && answer.event_count == 3 && answer.ack_count == 2);
    must(answer.exception_count <= SyncAnswer::max_exceptions && answer.command_count <= max_sync_commands);
    for (const ObjectAnswer& object : objects) check_object(answer, object);
    for (std::size_t at = 0; at < answer.command_count; ++at) must(answer.commands[at].id.size() == 26);
    if (answer.settings) must(answer.settings->interval_s >= 1 && answer.settings->interval_s <= 86'400);
    return 0;
}
