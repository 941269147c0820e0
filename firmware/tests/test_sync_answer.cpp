#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fakes/json_tree.h"
#include "fakes/sync_fixture.h"

using namespace sync_fixture;

TEST_CASE("an answer that says only the time is whole") {
    Sync sync;
    CHECK(sync.read(answered({})));
    CHECK(sync.answer->server_time_ms == 1'766'744'160'000);
    CHECK_FALSE(sync.answer->settings);
    CHECK_FALSE(sync.answer->receipt_keys);
    CHECK(sync.answer->command_count == 0);
}

TEST_CASE("the protocol's example is read as it is meant, in pieces of any size") {
    for (const std::size_t piece : {SIZE_MAX, std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
        Sync sync(4, 3, 2);
        REQUIRE(sync.read(whole_answer, piece));
        const SyncAnswer& answer = *sync.answer;
        CHECK(answer.settings_version == 2);
        REQUIRE(answer.settings);
        CHECK(answer.settings->interval_s == 60);
        CHECK(answer.settings->resolution == Resolution::sxga);
        CHECK((answer.settings->motion && answer.settings->newest_first && !answer.settings->paused));
        CHECK(answer.settings->paused_until_ms == 1'766'746'800'000);
        REQUIRE(answer.command_count == 1);
        CHECK(answer.commands[0].id == "01KDD2GXR8000G40R40M30E209");
        CHECK(answer.commands[0].kind == CommandKind::forget);
        CHECK(answer.commands[0].created_at_ms == 1'766'744'159'000);
        CHECK(answer.commands[0].to_ms - answer.commands[0].from_ms == 86'400'000);
        CHECK(answer.events[2] == EventStatus::rate_limited);
        CHECK(answer.acks[1] == AckStatus::not_found);
        REQUIRE(answer.receipt_keys);
        CHECK(answer.receipt_keys->find("r2") != nullptr);
        CHECK(answer.uploads.host == "captures.s3.eu-central-1.amazonaws.com");
        CHECK(answer.uploads.lifetime_ms == 3'600'000);
        CHECK(answer.uploads.endpoint().port == 443);
        REQUIRE(answer.object_count == 4);
        CHECK(answer.objects[0].status == ObjectStatus::held);
        CHECK(answer.objects[0].state == ReceiptState::held);
        CHECK(answer.objects[0].key_id == "r1");
        CHECK(answer.objects[0].tail.empty());
        const auto exceptions = answer.exceptions_of(answer.objects[0]);
        REQUIRE(exceptions.count == 1);
        CHECK(exceptions[0].seq == 107);
        CHECK(exceptions[0].next_seq == 1325);
        CHECK(answer.objects[1].status == ObjectStatus::place);
        CHECK(answer.objects[1].signature.size() == 64);
        CHECK(answer.objects[2].status == ObjectStatus::conflict);
        CHECK(answer.objects[2].next_seq == 1326);
        CHECK(answer.objects[3].status == ObjectStatus::nothing);
    }
}

TEST_CASE("an answer that is cut at any byte is none") {
    for (std::size_t size = 0; size < whole_answer.size(); ++size) {
        Sync sync(4, 3, 2);
        REQUIRE_FALSE(sync.read(std::string_view(whole_answer).substr(0, size)));
    }
}

TEST_CASE("a byte that is changed makes it another answer or none, but never harms") {
    for (std::size_t at = 0; at < whole_answer.size(); ++at) {
        for (const char character : {'"', '}', '\\', '0', '\x80'}) {
            std::string text = whole_answer;
            text[at] = character;
            Sync sync(4, 3, 2);
            const bool is_whole = sync.read(text);
            REQUIRE((!is_whole || sync.answer->object_count == 4));
        }
    }
}

TEST_CASE("the order of fields does not matter") {
    Sync sync(2);
    const std::string held =
        R"({"except":[{"next_seq":1325,"seq":107}],"receipt":{"signature":"c2ln","key_id":"r1","state":"deleted"}})";
    REQUIRE(sync.read("{" + objects_field({held, R"({"signature":"5d1d","tail":"packs/a.zip"})"}) + "," +
                      uploads_field + "," + time_field + "}"));
    CHECK(sync.objects[0].status == ObjectStatus::held);
    CHECK(sync.objects[0].state == ReceiptState::deleted);
    CHECK(sync.answer->exceptions_of(sync.objects[0])[0].seq == 107);
    CHECK(sync.objects[1].status == ObjectStatus::place);
    CHECK(sync.answer->uploads.lifetime_ms == 3'600'000);
}

TEST_CASE("what a newer server says more is not looked at") {
    Sync sync(1);
    const std::string more = R"("more":{"objects":[{"receipt":{}}],"server_time":5})";
    REQUIRE(sync.read("{" + more + "," + time_field + "," + more + "," + uploads_field + "," +
                      objects_field({"{" + more + "," + receipt_field + ",\"new\":[1,{}]}"}) + "}"));
    CHECK(sync.objects[0].status == ObjectStatus::held);
}

TEST_CASE("a field that is null is one that is missing") {
    Sync sync(1);
    REQUIRE(sync.read(
        answered({R"("settings":null,"receipt_keys":null,"commands":null,"events":null,"acks":null,"uploads":null)",
                  objects_field({R"({"tail":null,"receipt":null,"except":null,"conflict":null})"})})));
    CHECK(sync.objects[0].status == ObjectStatus::nothing);
}

TEST_CASE("an answer to another request is none") {
    CHECK_FALSE(Sync(1).read(answered({})));
    CHECK_FALSE(Sync(1).read(answered({objects_field({"{}", "{}"})})));
    CHECK_FALSE(Sync(0).read(answered({objects_field({"{}"})})));
    CHECK_FALSE(Sync(2).read(answered({objects_field({"{}"})})));
    CHECK_FALSE(Sync(0, 1).read(answered({})));
    CHECK_FALSE(Sync(0, 0).read(answered({R"("events":["accepted"])"})));
    CHECK_FALSE(Sync(0, 0, 1).read(answered({})));
    CHECK_FALSE(Sync(0, 0, 0).read(answered({R"("acks":["done"])"})));
    CHECK(Sync(2).read(answered({objects_field({"{}", "{}"})})));
}

TEST_CASE("a form that is not the protocol's makes it no answer") {
    for (const std::string text :
         {"[]", "5", "\"x\"", "{}", "{\"server_time\":5}", "{\"server_time\":\"now\"}", "{\"server_time\":null}"}) {
        CAPTURE(text);
        CHECK_FALSE(Sync().read(text));
    }
    for (const std::string field : {R"("settings":[])",
                                    R"("settings":5)",
                                    R"("settings":{"interval_s":"60"})",
                                    R"("settings":{"paused":1})",
                                    R"("settings":{"paused":{}})",
                                    R"("settings":{"paused_until":"soon"})",
                                    R"("receipt_keys":[])",
                                    R"("receipt_keys":{"r1":5})",
                                    R"("receipt_keys":{"r1":{}})",
                                    R"("commands":{})",
                                    R"("commands":[5])",
                                    R"("commands":[[]])",
                                    R"("commands":[null])",
                                    R"("events":{})",
                                    R"("events":[5])",
                                    R"("events":[[]])",
                                    R"("objects":{})",
                                    R"("objects":5)",
                                    R"("uploads":[])",
                                    R"("settings_version":"2")",
                                    R"("settings_version":-1)",
                                    R"("uploads":{})"}) {
        CAPTURE(field);
        CHECK_FALSE(Sync().read(answered({field})));
    }
}

TEST_CASE("commands that are unknown are told, those that could not be acknowledged are not") {
    const auto command = [](const std::string& id, const std::string& kind, const std::string& arguments) {
        return R"({"command_id":")" + id + R"(","kind":")" + kind +
               R"(","created_at":"2025-12-26T10:15:59Z","arguments":)" + arguments + "}";
    };
    const std::string good_id = "01KDD2GXR8000G40R40M30E209";
    Sync sync;
    REQUIRE(sync.read(
        answered({"\"commands\":[" + command(good_id, "pause", R"({"duration_s":3600,"new":{}})") + "," +
                  command(good_id, "dance", "{}") + "," + command("short", "reboot", "{}") + "," +
                  command(good_id + "X", "reboot", "{}") + "," + command(good_id, std::string(5'000, 'k'), "null") +
                  "," + command(good_id, "pause", R"({"duration_s":"x","from":5,"to":"y"})") + "]"})));
    REQUIRE(sync.answer->command_count == 4);
    CHECK(sync.answer->commands[0].kind == CommandKind::pause);
    CHECK(sync.answer->commands[0].duration_s == 3600);
    CHECK(sync.answer->commands[1].kind == CommandKind::unknown);
    CHECK(sync.answer->commands[2].kind == CommandKind::unknown);
    CHECK(sync.answer->commands[3].duration_s == 0);
    for (const std::string bad :
         {"{}", R"({"command_id":"01KDD2GXR8000G40R40M30E209","kind":"pause"})",
          R"({"kind":"pause","created_at":"2025-12-26T10:15:59Z"})",
          R"({"command_id":5,"kind":"pause","created_at":"2025-12-26T10:15:59Z"})",
          R"({"command_id":"01KDD2GXR8000G40R40M30E209","created_at":"2025-12-26T10:15:59Z"})"}) {
        CAPTURE(bad);
        CHECK_FALSE(Sync().read(answered({"\"commands\":[" + bad + "]"})));
    }
}

TEST_CASE("every kind of command has its name") {
    const std::vector<std::string> names{"capture_now", "pause",        "resume",     "reboot",
                                         "repair",      "rotate_token", "upload_log", "forget"};
    for (std::size_t at = 0; at < names.size(); ++at) {
        Sync sync;
        REQUIRE(sync.read(answered(
            {R"("commands":[{"command_id":"01KDD2GXR8000G40R40M30E209","created_at":"2025-12-26T10:15:59Z","kind":")" +
             names[at] + "\"}]"})));
        CHECK(static_cast<std::size_t>(sync.answer->commands[0].kind) == at + 1);
    }
}

TEST_CASE("commands that do not fit come again") {
    std::string list;
    for (int at = 0; at < 30; ++at) {
        list += std::string(list.empty() ? "" : ",") +
                R"({"command_id":"01KDD2GXR8000G40R40M30E209","kind":"resume","created_at":"2025-12-26T10:15:59Z"})";
    }
    Sync sync;
    REQUIRE(sync.read(answered({"\"commands\":[" + list + "]"})));
    CHECK(sync.answer->command_count == max_sync_commands);
}

TEST_CASE("statuses that are unknown count as told") {
    Sync sync(0, 1, 1);
    REQUIRE(sync.read(answered({R"("events":["postponed"],"acks":["whatever"])"})));
    CHECK(sync.answer->events[0] == EventStatus::other);
    CHECK(sync.answer->acks[0] == AckStatus::other);
}

TEST_CASE("settings without a field have the server's default, and one out of range does no harm") {
    Sync sync;
    REQUIRE(sync.read(
        answered({R"("settings":{"interval_s":0,"jpeg_quality":200,"resolution":"8K","motion":null,"new":[1]})"})));
    CHECK(sync.answer->settings->interval_s == 30);
    CHECK(sync.answer->settings->jpeg_quality == 12);
    CHECK(sync.answer->settings->resolution == Resolution::uxga);
    CHECK_FALSE(sync.answer->settings->motion);
    REQUIRE(sync.read(answered({R"("settings":{"interval_s":99999999})"})));
    CHECK(sync.answer->settings->interval_s == 86'400);
}

TEST_CASE("every resolution has its name") {
    const std::vector<std::string> names{"QVGA", "VGA", "SVGA", "XGA", "HD", "SXGA", "UXGA", "FHD", "QXGA", "QSXGA"};
    for (std::size_t at = 0; at < names.size(); ++at) {
        Resolution resolution = Resolution::uxga;
        CHECK(parse_resolution(names[at], resolution));
        CHECK(static_cast<std::size_t>(resolution) == at);
    }
}

TEST_CASE("receipt keys replace those before, and an empty list does not") {
    Sync sync;
    REQUIRE(sync.read(answered({R"("receipt_keys":{})"})));
    CHECK_FALSE(sync.answer->receipt_keys);
    REQUIRE(sync.read(answered(
        {R"("receipt_keys":{"r1":"Kay64UG8yvCyLhqU000LxzYeUm0L/hLIl5S8kyKWbdc=","r2":"broken","a-very-long-id-of-a-key":"x"})"})));
    REQUIRE(sync.answer->receipt_keys);
    CHECK(sync.answer->receipt_keys->count() == 1);
}

TEST_CASE("a second answer begins anew") {
    Sync sync(4, 3, 2);
    REQUIRE(sync.read(whole_answer));
    REQUIRE(sync.read(answered({R"("events":["accepted","accepted","accepted"],"acks":["done","done"])",
                                objects_field({"{}", "{}", "{}", "{}"})})));
    CHECK_FALSE(sync.answer->settings);
    CHECK_FALSE(sync.answer->receipt_keys);
    CHECK(sync.answer->command_count == 0);
    CHECK(sync.answer->exception_count == 0);
    CHECK(sync.objects[0].status == ObjectStatus::nothing);
    CHECK(sync.objects[0].signature.empty());
}
