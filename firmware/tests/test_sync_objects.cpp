#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fakes/json_tree.h"
#include "fakes/sync_fixture.h"

using namespace sync_fixture;

TEST_CASE("a receipt that lacks something makes it no answer") {
    for (const std::string object :
         {R"({"receipt":{}})", R"({"receipt":[]})", R"({"receipt":5})", R"({"receipt":{"state":"held","key_id":"r1"}})",
          R"({"receipt":{"state":"held","signature":"x"}})", R"({"receipt":{"key_id":"r1","signature":"x"}})",
          R"({"receipt":{"state":1,"key_id":"r1","signature":"x"}})",
          R"({"receipt":{"state":"held","key_id":null,"signature":"x"}})", R"({"tail":"packs/a.zip"})",
          R"({"tail":5,"signature":"x"})", R"({"tail":{},"signature":"x"})", "5", "[]", "null"}) {
        CAPTURE(object);
        CHECK(is_refused(object));
    }
}

TEST_CASE("a receipt of an unknown state, key or signature is told, and believed by nobody") {
    CHECK(object_from(R"({"receipt":{"state":"promised","key_id":"r1","signature":"x"}})").state ==
          ReceiptState::unknown);
    const std::string long_text(200, 'k');
    const ObjectAnswer object = object_from(R"({"receipt":{"state":"held","key_id":")" + long_text +
                                            R"(","signature":")" + long_text + R"("}})");
    CHECK(object.status == ObjectStatus::held);
    CHECK(object.key_id.empty());
    CHECK(object.signature.empty());
}

TEST_CASE("exceptions that lack something, or would use up the seqs, make it no answer") {
    for (const std::string exceptions :
         {"{}", "5", "[5]", "[[]]", "[{}]", R"([{"seq":1}])", R"([{"next_seq":1}])", R"([{"seq":"1","next_seq":2}])",
          R"([{"seq":-1,"next_seq":2}])", R"([{"seq":1,"next_seq":4503599627370495}])",
          R"([{"seq":1,"next_seq":9007199254740991}])", R"([{"seq":9007199254740992,"next_seq":2}])",
          R"([{"seq":1,"next_seq":1.5}])", "[null]"}) {
        CAPTURE(exceptions);
        CHECK(is_refused("{" + receipt_field + R"(,"except":)" + exceptions + "}"));
    }
    CHECK(is_refused(R"({"conflict":4503599627370495})"));
    CHECK(is_refused(R"({"conflict":"7"})"));
}

TEST_CASE("as many exceptions as a pack has captures are held") {
    Sync sync(1);
    REQUIRE(sync.read(answered({objects_field({"{" + exceptions_field(100) + "," + receipt_field + "}"})})));
    CHECK(sync.objects[0].status == ObjectStatus::held);
    const auto exceptions = sync.answer->exceptions_of(sync.objects[0]);
    REQUIRE(exceptions.count == 100);
    CHECK(exceptions[99].next_seq == 5099);
}

TEST_CASE("a pack with more exceptions than can be held is not taken for held") {
    for (const bool receipt_is_first : {true, false}) {
        Sync sync(2);
        const std::string many = exceptions_field(SyncAnswer::max_exceptions + 1);
        const std::string object =
            receipt_is_first ? "{" + receipt_field + "," + many + "}" : "{" + many + "," + receipt_field + "}";
        REQUIRE(sync.read(answered({objects_field({object, "{" + exceptions_field(3) + "," + receipt_field + "}"})})));
        CHECK(sync.objects[0].status == ObjectStatus::unreadable);
        CHECK(sync.objects[0].exception_count == 0);
        CHECK(sync.objects[1].status == ObjectStatus::held);
        CHECK(sync.answer->exceptions_of(sync.objects[1]).count == 3);
    }
}

TEST_CASE("what the exceptions of one pack leave no room for, another pack gets the next time") {
    Sync sync(3);
    const auto with = [](std::size_t count) { return "{" + exceptions_field(count) + "," + receipt_field + "}"; };
    REQUIRE(sync.read(answered({objects_field({with(100), with(100), with(28)})})));
    CHECK(sync.objects[0].status == ObjectStatus::held);
    CHECK(sync.objects[1].status == ObjectStatus::unreadable);
    CHECK(sync.objects[2].status == ObjectStatus::held);
    CHECK(sync.answer->exceptions_of(sync.objects[2]).count == 28);
}

TEST_CASE("a capture that is excepted twice is one, under its last number") {
    Sync sync(1);
    REQUIRE(sync.read(answered(
        {objects_field({"{" + receipt_field + R"(,"except":[{"seq":7,"next_seq":8},{"seq":7,"next_seq":9}]})"})})));
    const auto exceptions = sync.answer->exceptions_of(sync.objects[0]);
    REQUIRE(exceptions.count == 1);
    CHECK(exceptions[0].next_seq == 9);
}

TEST_CASE("exceptions said in two parts are one list") {
    Sync sync(1);
    REQUIRE(sync.read(answered({objects_field(
        {R"({"except":[{"seq":7,"next_seq":8}],)" + receipt_field + R"(,"except":[{"seq":8,"next_seq":9}]})"})})));
    CHECK(sync.answer->exceptions_of(sync.objects[0]).count == 2);
}

TEST_CASE("exceptions without a receipt say nothing") {
    const ObjectAnswer object = object_from("{" + exceptions_field(2) + "}");
    CHECK(object.status == ObjectStatus::nothing);
    CHECK(object.exception_count == 0);
}

TEST_CASE("what cannot be held or sent is unreadable, and the others are not") {
    for (const std::string& object :
         {R"({"tail":")" + std::string(96, 't') + R"(","signature":"5d1d"})",
          R"({"tail":"packs/a.zip","signature":")" + std::string(89, 's') + R"("})",
          std::string(R"({"tail":"packs/a b.zip","signature":"5d1d"})"),
          std::string(R"({"tail":"packs/a\r\nX: y","signature":"5d1d"})"),
          std::string(R"({"tail":"","signature":"5d1d"})"),
          "{" + receipt_field + R"(,"object_key_tail":")" + std::string(200, 't') + R"("})",
          R"({"tail":"packs/a.zip","signature":"5d1d",)" + receipt_field + "}",
          std::string(R"({"tail":"packs/a.zip","signature":"5d1d","object_key_tail":"x"})")}) {
        CAPTURE(object);
        Sync sync(2);
        REQUIRE(sync.read(answered({uploads_field, objects_field({object, place})})));
        CHECK(sync.objects[0].status == ObjectStatus::unreadable);
        CHECK(sync.objects[1].status == ObjectStatus::place);
    }
}

TEST_CASE("a place needs to be told where, and lies within TLS if the API does") {
    CHECK_FALSE(Sync(1).read(answered({objects_field({place})})));
    const auto without = [](const std::string& part, const std::string& instead) {
        std::string field = uploads_field;
        field.replace(field.find(part), part.size(), instead);
        return !Sync(1).read(answered({field, objects_field({place})}));
    };
    CHECK(without("https://", "http://"));
    CHECK(without("https://", "ftp://"));
    CHECK(without("\"port\":443", "\"port\":0"));
    CHECK(without("\"port\":443", "\"port\":65536"));
    CHECK(without("\"port\":443,", ""));
    CHECK(without("/devices/x/", "devices/x/"));
    CHECK(without("/devices/x/", "/devices/ x/"));
    CHECK(without("/devices/x/", "/" + std::string(200, 'x')));
    CHECK(without("X-Amz-Signature=", ""));
    CHECK(without("X-Amz-Signature=", "a\\r\\nb"));
    CHECK(without("X-Amz-Signature=", std::string(3'072, 'q')));
    CHECK(without("X-Amz-Signature=", std::string(5'000, 'q')));
    CHECK(without("2025-12-26T11:16:00.000Z", "later"));
    CHECK_FALSE(without("X-Amz-Signature=", std::string(3'071, 'q')));
    Sync plain(1);
    plain.uses_tls = false;
    CHECK(plain.read(answered({uploads_field, objects_field({place})})));
}

TEST_CASE("places that have died on the way live for no time") {
    std::string field = uploads_field;
    field.replace(field.find("2025-12-26T11"), 13, "2025-12-26T09");
    Sync sync(1);
    REQUIRE(sync.read(answered({field, objects_field({place})})));
    CHECK(sync.answer->uploads.lifetime_ms == 0);
}

TEST_CASE("a pack's receipt is believed for this pack alone") {
    const JsonTree tree = parse_json(read_text_file(FERRY_VECTORS "/receipts.json"));
    ReceiptKeys keys;
    REQUIRE(keys.add("r1", tree.at("keys").at("r1").at("public").text));
    const JsonTree* vector = nullptr;
    for (const JsonTree& each : tree.at("valid").elements) {
        if (each.at("what").text == "pack, held, signed with r1") vector = &each;
    }
    REQUIRE(vector != nullptr);
    NamedPack pack{{101, 120}, static_cast<std::uint32_t>(vector->at("size_bytes").number()), Sha256{}, true};
    const std::string& hex = vector->at("sha256").text;
    for (std::size_t at = 0; at < 32; ++at)
        pack.sha256[at] = static_cast<std::uint8_t>(std::stoul(hex.substr(at * 2, 2), nullptr, 16));
    ObjectAnswer object;
    object.status = ObjectStatus::held;
    object.state = ReceiptState::held;
    object.key_id.append("r1");
    object.signature.append(vector->at("signature").text);

    CHECK(verify(keys, device_id, pack, object) == ReceiptVerdict::valid);
    const auto verdict = [&](auto change) {
        NamedPack other = pack;
        ObjectAnswer answer = object;
        change(other, answer);
        return verify(keys, device_id, other, answer);
    };
    CHECK(verdict([](NamedPack& other, ObjectAnswer&) { other.seqs.last = 121; }) == ReceiptVerdict::bad_signature);
    CHECK(verdict([](NamedPack& other, ObjectAnswer&) { ++other.size_bytes; }) == ReceiptVerdict::bad_signature);
    CHECK(verdict([](NamedPack& other, ObjectAnswer&) { other.sha256[31] ^= 1; }) == ReceiptVerdict::bad_signature);
    CHECK(verdict([](NamedPack&, ObjectAnswer& answer) { answer.state = ReceiptState::deleted; }) ==
          ReceiptVerdict::bad_signature);
    CHECK(verdict([](NamedPack&, ObjectAnswer& answer) { answer.tail.append("packs/other.zip"); }) ==
          ReceiptVerdict::other_object);
    CHECK(verdict([](NamedPack&, ObjectAnswer& answer) { answer.status = ObjectStatus::unreadable; }) ==
          ReceiptVerdict::other_object);
    CHECK(verdict([&](NamedPack& other, ObjectAnswer& answer) {
              answer.tail.append(pack_key_tail(other.seqs, other.sha256));
          }) == ReceiptVerdict::valid);
}
