#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fakes/text_sink.h"
#include "frameferry/activation.h"

using namespace frameferry;

namespace {

template <class Reader, class Result>
bool read(std::string_view text, Result& result) {
    std::vector<std::uint8_t> scratch(512);
    Reader handler(result);
    JsonReader reader({scratch.data(), scratch.size()}, handler);
    reader.write(Bytes(text));
    return reader.finish() == JsonStatus::whole && handler.is_whole();
}

const std::string answer = R"({
  "device_id": "3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70",
  "device_token": "devtok_3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70_Zk1v0m8uQ3pX7cYtR2sLwNaBdEfGhIjKlMnOpQrStUv",
  "settings": {"interval_s": 45, "paused": true, "paused_until": null},
  "settings_version": 1, "next_seq": 17, "server_time": "2025-12-26T10:15:00.000Z",
  "receipt_keys": {"r1": "Kay64UG8yvCyLhqU000LxzYeUm0L/hLIl5S8kyKWbdc="}, "more": [{}]
})";

std::string with(const std::string& part, const std::string& instead) {
    std::string text = answer;
    return text.replace(text.find(part), part.size(), instead);
}

}  // namespace

TEST_CASE("an activation names code, nonce and firmware") {
    const ActivationRequest request{"7ZK3M-Q9V1A", "b0c4e2a9d1f84c6e9a7d", "1.4.0"};
    ActivationRequestBody body(request);
    TextSink sink;
    CHECK(body.write_to(sink));
    CHECK(sink.text == R"({"pairing_code":"7ZK3M-Q9V1A","nonce":"b0c4e2a9d1f84c6e9a7d","firmware_version":"1.4.0"})");
}

TEST_CASE("its answer gives identity, settings and keys") {
    Activation activation;
    REQUIRE(read<ActivationReader>(answer, activation));
    CHECK(activation.device_id == "3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70");
    CHECK(activation.device_uuid[0] == 0x3f);
    CHECK(activation.device_uuid[15] == 0x70);
    CHECK(activation.device_token.view().substr(0, 7) == "devtok_");
    CHECK(activation.settings.interval_s == 45);
    CHECK(activation.settings.paused);
    CHECK(activation.settings_version == 1);
    CHECK(activation.next_seq == 17);
    CHECK(activation.server_time_ms == 1'766'744'100'000);
    CHECK(activation.receipt_keys.find("r1") != nullptr);
}

TEST_CASE("an activation that is cut at any byte is none") {
    for (std::size_t size = 0; size < answer.find_last_of('}'); ++size) {
        Activation activation;
        REQUIRE_FALSE(read<ActivationReader>(answer.substr(0, size), activation));
    }
}

TEST_CASE("without identity, token or a usable key it is no activation") {
    for (const std::string& text :
         {with("device_id", "other_id"), with("device_token", "other"), with("receipt_keys", "other"),
          with("Kay6", "Kay"), with("\"3f8b2c1e", "\"3F8B2C1E"), with("\"3f8b2c1e", "\"x3f8b2c1e"),
          with("devtok_", "devtok "), with("devtok_", std::string(100, 'd')), with("17", "4503599627370495"),
          with("17", "\"17\""), with("2025-12-26T", "2025-13-26T"), with("true", "1"), with("45", "[45]"),
          with("{\"r1\"", "{\"r1\":{},\"r2\""), std::string("{}"), std::string("[]"), std::string("\"x\""),
          std::string("null")}) {
        CAPTURE(text);
        Activation activation;
        CHECK_FALSE(read<ActivationReader>(text, activation));
    }
}

TEST_CASE("a new token is read, and nothing else is one") {
    DeviceToken token;
    CHECK(read<TokenReader>(R"({"more":{"device_token":"x"},"device_token":"devtok_a_b"})", token));
    CHECK(token == "devtok_a_b");
    for (const std::string& text :
         {std::string("{}"), std::string("[]"), std::string("5"), std::string(R"({"device_token":5})"),
          std::string(R"({"device_token":""})"), std::string(R"({"device_token":"a b"})"),
          R"({"device_token":")" + std::string(128, 'd') + R"("})",
          R"({"device_token":")" + std::string(600, 'd') + R"("})", std::string(R"({"device_token":"devtok)")}) {
        CAPTURE(text);
        CHECK_FALSE(read<TokenReader>(text, token));
    }
}

TEST_CASE("a UUID is 36 characters in lower case") {
    Uuid uuid{};
    CHECK(parse_uuid("00112233-4455-6677-8899-aabbccddeeff", uuid));
    for (std::size_t at = 0; at < uuid.size(); ++at) CHECK(uuid[at] == at * 0x11);
    for (const std::string_view text :
         {"", "00112233-4455-6677-8899-aabbccddeef", "00112233-4455-6677-8899-aabbccddeefff",
          "00112233-4455-6677-8899-AABBCCDDEEFF", "0011223304455-6677-8899-aabbccddeeff",
          "00112233-4455-6677-8899-aabbccddeefg", "00112233-4455-6677-8899-aabbccdd-eff"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_uuid(text, uuid));
    }
}
