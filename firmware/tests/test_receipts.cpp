#include <doctest/doctest.h>

#include <string>

#include "fakes/json_tree.h"
#include "frameferry/receipts.h"

using namespace frameferry;

namespace {

const JsonTree& vectors() {
    static const JsonTree tree = parse_json(read_text_file(FERRY_VECTORS "/receipts.json"));
    return tree;
}

ReceiptKeys all_keys() {
    ReceiptKeys keys;
    for (const auto& [id, key] : vectors().at("keys").fields) REQUIRE(keys.add(id, key.at("public").text));
    return keys;
}

Sha256 sha256_from(const std::string& hex) {
    Sha256 sha256{};
    REQUIRE(hex.size() == 64);
    for (std::size_t at = 0; at < sha256.size(); ++at) {
        sha256[at] = static_cast<std::uint8_t>(std::stoul(hex.substr(at * 2, 2), nullptr, 16));
    }
    return sha256;
}

// A view of the vector's texts.
Receipt receipt_of(const JsonTree& vector) {
    return {receipt_state(vector.at("state").text), vector.at("key_id").text,
            vector.at("object_key").text,           vector.at("size_bytes").number(),
            sha256_from(vector.at("sha256").text),  vector.at("signature").text};
}

ReceiptVerdict verdict_of(const JsonTree& vector) {
    return verify(all_keys(), vector.at("device_id").text, receipt_of(vector));
}

const JsonTree& invalid(const std::string& what) {
    for (const JsonTree& vector : vectors().at("invalid").elements) {
        if (vector.at("what").text == what) return vector;
    }
    throw std::runtime_error("no vector: " + what);
}

}  // namespace

TEST_CASE("every good receipt of the vectors is believed") {
    REQUIRE(vectors().at("valid").elements.size() >= 12);
    for (const JsonTree& vector : vectors().at("valid").elements) {
        CAPTURE(vector.at("what").text);
        CHECK(verdict_of(vector) == ReceiptVerdict::valid);
    }
}

TEST_CASE("no bad receipt of the vectors is believed") {
    REQUIRE(vectors().at("invalid").elements.size() >= 12);
    for (const JsonTree& vector : vectors().at("invalid").elements) {
        CAPTURE(vector.at("what").text);
        CHECK(verdict_of(vector) != ReceiptVerdict::valid);
    }
}

TEST_CASE("why a receipt is not believed has a name") {
    CHECK(verdict_of(invalid("an unknown state")) == ReceiptVerdict::unknown_state);
    CHECK(verdict_of(invalid("an unknown key")) == ReceiptVerdict::unknown_key);
    CHECK(verdict_of(invalid("another size")) == ReceiptVerdict::bad_signature);
    CHECK(verdict_of(invalid("half a signature")) == ReceiptVerdict::bad_signature);
    CHECK(verdict_of(invalid("no signature")) == ReceiptVerdict::bad_signature);
    CHECK(verdict_of(invalid("another device")) != ReceiptVerdict::valid);
}

TEST_CASE("a receipt with any byte of its signature changed is not believed") {
    const JsonTree vector = vectors().at("valid").elements.at(0);
    for (std::size_t at = 0; at < 88; ++at) {
        std::string signature = vector.at("signature").text;
        signature[at] = signature[at] == 'A' ? 'B' : 'A';
        Receipt receipt = receipt_of(vector);
        receipt.signature_base64 = signature;
        REQUIRE(verify(all_keys(), vector.at("device_id").text, receipt) == ReceiptVerdict::bad_signature);
    }
}

TEST_CASE("a receipt for what is not the device's own is not believed, whoever signed it") {
    const JsonTree vector = vectors().at("valid").elements.at(0);
    const Receipt receipt = receipt_of(vector);
    CHECK(verify(all_keys(), "", receipt) == ReceiptVerdict::other_object);
    CHECK(verify(all_keys(), "3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e7", receipt) == ReceiptVerdict::other_object);
    CHECK(verify(ReceiptKeys(), vector.at("device_id").text, receipt) == ReceiptVerdict::unknown_key);
}

TEST_CASE("an object key of any length is no danger") {
    const JsonTree vector = vectors().at("valid").elements.at(0);
    const std::string key = vector.at("object_key").text + std::string(2'000, 'x');
    Receipt receipt = receipt_of(vector);
    receipt.object_key = key;
    CHECK(verify(all_keys(), vector.at("device_id").text, receipt) == ReceiptVerdict::bad_signature);
}

TEST_CASE("keys are kept by their id, at most four") {
    const std::string good = vectors().at("keys").at("r1").at("public").text;
    const std::string other = vectors().at("keys").at("r2").at("public").text;
    ReceiptKeys keys;
    for (const char* id : {"r1", "r2", "r3", "0123456789abcdef"}) CHECK(keys.add(id, good));
    CHECK_FALSE(keys.add("r5", good));
    CHECK(keys.add("r2", other));
    CHECK(keys.count() == 4);
    CHECK(keys.find("r2")->key != keys.find("r1")->key);
    CHECK(keys.find("r5") == nullptr);
    keys.clear();
    CHECK(keys.count() == 0);
    CHECK(keys.find("r1") == nullptr);
}

TEST_CASE("what is no key is not kept") {
    const std::string good = vectors().at("keys").at("r1").at("public").text;
    ReceiptKeys keys;
    CHECK_FALSE(keys.add("", good));
    CHECK_FALSE(keys.add("0123456789abcdefg", good));
    CHECK_FALSE(keys.add("r1", std::string_view("")));
    CHECK_FALSE(keys.add("r1", good.substr(0, 40)));
    CHECK_FALSE(keys.add("r1", good + "AAAA"));
    CHECK_FALSE(keys.add("r1", good.substr(0, 43) + "*"));
    CHECK_FALSE(keys.add("r1", " " + good));
    CHECK(keys.count() == 0);
}

TEST_CASE("a pack's key is that of the protocol") {
    const Sha256 sha256 = sha256_from("fcd237e60a4c0000000000000000000000000000000000000000000000000000");
    CHECK(pack_key_tail({41, 45}, sha256) == "packs/0000000000000041-0000000000000045-fcd237e60a4c.zip");
    CHECK(object_key("3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70", pack_key_tail({41, 45}, sha256)) ==
          "devices/3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70/packs/0000000000000041-0000000000000045-fcd237e60a4c.zip");
    CHECK(object_key("3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70", pack_key_tail({max_seq, max_seq}, sha256)).fits());
}
