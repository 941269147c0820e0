#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "fakes/fake_card.h"
#include "fakes/json_tree.h"
#include "fakes/pack_check.h"
#include "frameferry/open_pack.h"
#include "frameferry/pack_file.h"

using namespace frameferry;

namespace {

const std::string folder = std::string(FERRY_VECTORS) + "/packs/";

std::vector<std::uint8_t> file_bytes(const std::string& name) {
    const std::string text = read_text_file(folder + name);
    return {text.begin(), text.end()};
}

Bytes view(const std::vector<std::uint8_t>& bytes) { return {bytes.data(), bytes.size()}; }

Uuid uuid_of(const std::string& text) {
    Uuid uuid{};
    std::size_t at = 0;
    for (std::size_t digit = 0; digit < text.size(); ++digit) {
        if (text[digit] == '-') continue;
        uuid[at++] = static_cast<std::uint8_t>(std::stoul(text.substr(digit++, 2), nullptr, 16));
    }
    return uuid;
}

template <class Range>
std::string hex_of(const Range& bytes) {
    Text<64> text;
    text.append_hex({bytes.data(), bytes.size()});
    return std::string(text.view());
}

CaptureMeta meta_of(const JsonTree& capture) {
    CaptureMeta meta;
    meta.boot_id = std::stoull(capture.at("boot_id").text, nullptr, 16);
    meta.uptime_ms = capture.at("uptime_ms").number();
    meta.captured_at_ms = std::stoll(capture.at("captured_at_ms").text);
    meta.clock_synced = capture.at("clock_synced").text == "true";
    return meta;
}

struct GoodCard final : CardWitness {
    bool is_card_readable() override { return true; }
};

// A pack on a card under the name of a first seq.
struct Bench {
    JsonTree vectors = parse_json(read_text_file(folder + "packs.json"));
    Power power;
    FakeCard storage{power};
    std::vector<std::uint8_t> io = std::vector<std::uint8_t>(8192);
    Card card{storage};
    GoodCard good;
    PackReader reader{card, {io.data(), io.size()}, good};
    PackEntries entries;

    Bench() { card.begin(uuid_of(vectors.at("device_id").text)); }

    const JsonTree& file(const std::string& name) const { return vectors.at("files").at(name); }
    std::uint32_t epoch() const { return static_cast<std::uint32_t>(vectors.at("epoch").number()); }

    PackName put(const std::string& file_name, Seq first_seq) {
        const PackName name{first_seq, false};
        storage.put_file(card.pack_path(name).c_str(), file_bytes(file_name));
        return name;
    }

    void check_entry(PackName name, const PackedEntry& entry, const JsonTree& expected) {
        EntryHeader header;
        REQUIRE(reader.header(name, entry.header_offset, header) == Reading::whole);
        CHECK(entry.seq == expected.at("seq").number());
        CHECK(entry.offset() == expected.at("offset").number());
        CHECK(entry.size_bytes == expected.at("size_bytes").number());
        CHECK(hex_of(header.sha256) == expected.at("sha256").text);
        CHECK(header.is_erased == (expected.at("is_erased").text == "true"));
        const CaptureMeta meta = meta_of(expected);
        CHECK(header.meta.boot_id == meta.boot_id);
        CHECK(header.meta.uptime_ms == meta.uptime_ms);
        CHECK(header.meta.captured_at_ms == meta.captured_at_ms);
        CHECK(header.meta.clock_synced == meta.clock_synced);
    }
};

}  // namespace

TEST_CASE("packs are written byte for byte as the golden ones") {
    Bench bench;
    int written = 0;
    for (const auto& each : bench.vectors.at("files").fields) {
        const auto& file_name = each.first;
        const auto& file = each.second;
        if (!file.has("written")) continue;
        CAPTURE(file_name);
        const std::vector<std::uint8_t> expected = file_bytes(file_name);
        OpenPack pack(bench.card, {bench.io.data(), bench.io.size()});
        const PackName name{file.at("written").elements[0].at("seq").number(), false};
        REQUIRE(bench.card.make_folder_of(name) == IoStatus::ok);
        REQUIRE(pack.begin(name, bench.epoch(), 16384) == IoStatus::ok);
        for (const JsonTree& one : file.at("written").elements) {
            REQUIRE(pack.add(one.at("seq").number(), meta_of(one), view(file_bytes(one.at("photo").text))) == IoStatus::ok);
            CHECK(pack.entries().last().header_offset == one.at("header_offset").number());
        }
        Sha256 sha256{};
        std::uint32_t size_bytes = 0;
        REQUIRE(pack.seal(sha256, size_bytes) == IoStatus::ok);
        CHECK(size_bytes == file.at("size_bytes").number());
        CHECK(hex_of(sha256) == file.at("sha256").text);
        CHECK((bench.storage.content(bench.card.pack_path(name).c_str()) == expected));
        ++written;
    }
    CHECK(written == 2);
}

TEST_CASE("a golden pack without a fault is read by its directory, erased entries and all") {
    Bench bench;
    for (const std::string file_name : {"one.zip", "three.zip", "erased.zip"}) {
        CAPTURE(file_name);
        const JsonTree& file = bench.file(file_name);
        const PackName name = bench.put(file_name, file.at("key").at("first_seq").number());
        const auto size_bytes = static_cast<std::uint32_t>(file.at("size_bytes").number());
        Sha256 sha256{};
        REQUIRE(bench.reader.sha256(name, size_bytes, bench.entries, sha256) == Reading::whole);
        CHECK(hex_of(sha256) == file.at("sha256").text);
        const auto& captures = file.at("captures").elements;
        REQUIRE(bench.entries.count() == captures.size());
        for (std::size_t at = 0; at < captures.size(); ++at) bench.check_entry(name, bench.entries[at], captures[at]);
        PackSeqs seqs;
        REQUIRE(bench.reader.named_seqs(name, size_bytes, seqs) == Reading::whole);
        CHECK(seqs.count() == captures.size());
        CHECK(name.seq + seqs.last() == file.at("key").at("last_seq").number());
    }
}

TEST_CASE("an open golden pack is scanned as the protocol says") {
    Bench bench;
    int scanned = 0;
    for (const auto& each : bench.vectors.at("files").fields) {
        const auto& file_name = each.first;
        const auto& file = each.second;
        if (!file.has("scan")) continue;
        CAPTURE(file_name);
        const JsonTree& expected = file.at("scan");
        const PackName name = bench.put(file_name, expected.at("first_seq").number());
        Scan scan;
        const auto size_bytes = static_cast<std::uint32_t>(file.at("size_bytes").number());
        REQUIRE(bench.reader.scan(name, size_bytes, {name.seq, max_seq}, bench.entries, scan) == Reading::whole);
        const auto& entries = expected.at("entries").elements;
        REQUIRE(bench.entries.count() == entries.size());
        for (std::size_t at = 0; at < entries.size(); ++at) {
            bench.check_entry(name, bench.entries[at], entries[at]);
            CHECK(bench.entries[at].header_offset == entries[at].at("header_offset").number());
            CHECK(bench.entries[at].crc32 == entries[at].at("crc32").number());
        }
        ++scanned;
    }
    CHECK(scanned == 4);
}

TEST_CASE("what lies in a hole before a whole capture is told as lost") {
    Bench bench;
    const PackName name = bench.put("open-hole.bin", 41);
    Scan scan;
    REQUIRE(bench.reader.scan(name, 8192, {name.seq, max_seq}, bench.entries, scan) == Reading::whole);
    CHECK(scan.lost.count() == 3);  // 42 to 44: which of them there were nobody knows
    CHECK(scan.lost.has(1));
}

TEST_CASE("a golden pack with a fault is not whole, and its whole captures are found by a scan") {
    Bench bench;
    struct Faulty {
        const char* file_name;
        std::vector<Seq> found;
    };
    const std::vector<Faulty> faulty = {
        {"bad-crc.zip", {41, 45}},       {"bad-record.zip", {41, 45}},      {"foreign-device.zip", {41, 45}},
        {"not-stored.zip", {41, 42, 45}}, {"header-mismatch.zip", {41, 42, 45}}, {"no-directory.zip", {41, 42, 45}},
        {"trailing.zip", {41, 42, 45}},  {"comment.zip", {41, 42, 45}},
    };
    for (const Faulty& one : faulty) {
        CAPTURE(one.file_name);
        const PackName name = bench.put(one.file_name, 41);
        const auto size_bytes = static_cast<std::uint32_t>(bench.file(one.file_name).at("size_bytes").number());
        Sha256 sha256{};
        CHECK(bench.reader.sha256(name, size_bytes, bench.entries, sha256) == Reading::damaged);
        Scan scan;
        REQUIRE(bench.reader.scan(name, size_bytes, {name.seq, max_seq}, bench.entries, scan) == Reading::whole);
        std::vector<Seq> found;
        for (std::size_t at = 0; at < bench.entries.count(); ++at) found.push_back(bench.entries[at].seq);
        CHECK(found == one.found);
    }
}

TEST_CASE("a scanned pack is sealed where it lies, and is whole then") {
    Bench bench;
    for (const std::string file_name : {"open.bin", "open-torn.bin", "open-hole.bin", "no-directory.zip"}) {
        CAPTURE(file_name);
        const PackName name = bench.put(file_name, 41);
        auto size_bytes = static_cast<std::uint32_t>(bench.file(file_name).at("size_bytes").number());
        Scan scan;
        REQUIRE(bench.reader.scan(name, size_bytes, {name.seq, max_seq}, bench.entries, scan) == Reading::whole);
        REQUIRE(bench.reader.seal(name, bench.entries, size_bytes) == IoStatus::ok);
        std::vector<CheckedCapture> captures;
        const std::vector<std::uint8_t> pack = bench.storage.content(bench.card.pack_path(name).c_str());
        CHECK(check_pack(pack, captures) == "");
        CHECK(captures.size() == bench.entries.count());
        CHECK(pack.size() == size_bytes);
        Sha256 sha256{};
        CHECK(bench.reader.sha256(name, size_bytes, bench.entries, sha256) == Reading::whole);
        CHECK(hex_of(sha256) == hex_of(sha256_of(pack)));
    }
}

TEST_CASE("the CRC is that of ZIP") { CHECK(crc32_of(Bytes(std::string_view("123456789"))) == 0xCBF43926U); }

TEST_CASE("any one changed bit of a header makes it none") {
    std::vector<std::uint8_t> bytes = file_bytes("three.zip");
    EntryHeader header;
    REQUIRE(parse_header(view(bytes).first(header_bytes), 0, header));
    for (std::size_t bit = 0; bit < header_bytes * 8; ++bit) {
        bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1U << bit % 8));
        CHECK_FALSE(parse_header(view(bytes).first(header_bytes), 0, header));
        bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1U << bit % 8));
    }
}

TEST_CASE("the directory and the entries of a pack with smaller seqs than its name are another pack's") {
    Bench bench;
    const PackName name = bench.put("three.zip", 42);
    PackSeqs seqs;
    CHECK(bench.reader.named_seqs(name, 2268, seqs) == Reading::damaged);
    CHECK(bench.reader.entries(name, 2268, bench.entries) == Reading::damaged);
    Scan scan;
    REQUIRE(bench.reader.scan(name, 2268, {name.seq, max_seq}, bench.entries, scan) == Reading::whole);
    CHECK(bench.entries.count() == 2);
}

TEST_CASE("an entry whose seq is too far from the name is another pack's") {
    Bench bench;
    Scan scan;
    const PackName near = bench.put("one.zip", max_seq - (PackSeqs::span - 1));
    REQUIRE(bench.reader.scan(near, 600, {near.seq, max_seq}, bench.entries, scan) == Reading::whole);
    CHECK(bench.entries.count() == 1);
    const PackName far = bench.put("one.zip", max_seq - PackSeqs::span);
    REQUIRE(bench.reader.scan(far, 600, {far.seq, max_seq}, bench.entries, scan) == Reading::whole);
    CHECK(bench.entries.empty());
    PackSeqs seqs;
    CHECK(bench.reader.named_seqs(far, 600, seqs) == Reading::damaged);
}

TEST_CASE("an entry that goes on behind the end of the file is none") {
    Bench bench;
    const PackName name{41, false};
    std::vector<std::uint8_t> bytes = file_bytes("three.zip");
    bytes.resize(1536 + 200);
    bench.storage.put_file(bench.card.pack_path(name).c_str(), bytes);
    Scan scan;
    const auto size_bytes = static_cast<std::uint32_t>(bytes.size());
    REQUIRE(bench.reader.scan(name, size_bytes, {name.seq, max_seq}, bench.entries, scan) == Reading::whole);
    CHECK(bench.entries.count() == 2);
    CHECK(scan.unreadable_at == Scan::none);
}
