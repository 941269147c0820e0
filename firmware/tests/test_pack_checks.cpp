// What is checked of the bytes on a card before they are believed, one check after the other: mutants.cmake takes each
// of them away.
#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "fakes/pack_bench.h"

using namespace frameferry;
using namespace pack_bench;

TEST_CASE("a header whose CRC is right is none where this code cannot have written it") {
    const PackIdentity identity{{0xD0}, epoch};
    const File jpeg = jpeg_of(300);
    const EntryHeader good = describe(identity, 3, {}, {jpeg.data(), jpeg.size()}, 0);
    HeaderBytes bytes{};
    EntryHeader parsed;
    const auto is_parsed = [&](const EntryHeader& header, std::uint32_t at = 0) {
        encode_header(header, bytes);
        return parse_header(bytes, at, parsed);
    };
    const auto is_changed_parsed = [&](std::size_t at) {
        encode_header(good, bytes);
        bytes[at] ^= 1U;
        put_u32(bytes.data() + header_bytes - 4, crc32_of(Bytes(bytes).first(header_bytes - 4)));
        return parse_header(bytes, 0, parsed);
    };
    CHECK(is_parsed(good));
    CHECK(is_parsed(good, max_pack_bytes - 512));
    CHECK_FALSE(is_parsed(good, max_pack_bytes));
    EntryHeader other = good;
    other.entry.size_bytes = 0;
    CHECK_FALSE(is_parsed(other));
    other.entry.size_bytes = max_jpeg_bytes + 1;
    CHECK_FALSE(is_parsed(other));
    other = good;
    other.entry.seq = max_seq + 1;
    CHECK_FALSE(is_parsed(other));
    CHECK_FALSE(is_changed_parsed(8));   // the method: not stored
    CHECK_FALSE(is_changed_parsed(57));  // the record's format
    CHECK_FALSE(parse_header(Bytes(bytes).first(0), 0, parsed));
}

TEST_CASE("a name in a directory is a capture's or none") {
    CentralBytes central{};
    PackedEntry entry;
    entry.seq = 12;
    entry.size_bytes = 300;
    Seq seq = 0;
    encode_central(entry, central);
    CHECK(central_seq(central, seq));
    CHECK(seq == 12);
    central[46 + 19] = 'x';
    CHECK_FALSE(central_seq(central, seq));
    encode_central(entry, central);
    central[46 + 15] = 'x';
    CHECK_FALSE(central_seq(central, seq));
    entry.seq = max_seq + 1;
    encode_central(entry, central);
    CHECK_FALSE(central_seq(central, seq));
}

TEST_CASE("an end that does not fit its pack is none") {
    EndBytes bytes{};
    PackEnd end;
    const auto is_parsed = [&](const PackEnd& written, std::uint32_t pack_bytes) {
        encode_end(written, bytes);
        return parse_end(bytes, pack_bytes, end);
    };
    CHECK(is_parsed({2, 1024}, 1024 + directory_size_bytes(2)));
    bytes[20] = 1;  // a comment
    CHECK_FALSE(parse_end(bytes, 1024 + directory_size_bytes(2), end));
    CHECK_FALSE(is_parsed({2, 1024}, 1025 + directory_size_bytes(2)));
    CHECK_FALSE(is_parsed({0, 1024}, 1024 + directory_size_bytes(0)));
    CHECK_FALSE(is_parsed({101, 60'000}, 60'000 + directory_size_bytes(101)));
    CHECK_FALSE(is_parsed({1, 0xFFFFFFF0U}, 0xFFFFFFF0U + directory_size_bytes(1)));  // that is 72
}

TEST_CASE("a directory that names what is no capture, or one twice, is not believed") {
    for (const std::size_t place : {15U, 19U}) {
        Bench bench;
        File file = bench.pack_of(3, 3, 300);
        file[bench.entries.end() + 2 * central_bytes + 46 + place] = place == 15 ? '4' : 'G';
        const PackName name = bench.put(file);
        CHECK(bench.read_named(name) == Reading::damaged);
        CHECK(bench.read_entries(name) == Reading::damaged);
        CHECK(bench.scan_all(name) == Reading::whole);
        CHECK(bench.entries.count() == 3);
    }
}

TEST_CASE("a file that does not end as a pack does is none") {
    Bench bench;
    File file = bench.entries_of(3, 3, 300);
    for (const std::size_t size_bytes : {file.size(), std::size_t{10}, std::size_t{0}}) {
        file.resize(size_bytes);
        const PackName name = bench.put(file);
        CHECK(bench.read_named(name) == Reading::damaged);
        CHECK(bench.read_entries(name) == Reading::damaged);
    }
}

TEST_CASE("entries that lie over each other are no pack") {
    Bench bench;
    File inner_jpeg = jpeg_of(1'200);
    const EntryHeader inner = describe(bench.identity, 4, {}, {inner_jpeg.data(), inner_jpeg.size()}, 512);
    File file;
    Bench::put_entry(file, inner, inner_jpeg);
    const File outer_jpeg(file.end() - 1'836, file.end());
    const EntryHeader outer = describe(bench.identity, 3, {}, {outer_jpeg.data(), outer_jpeg.size()}, 0);
    Bench::put_entry(file, outer, outer_jpeg);
    REQUIRE(outer.entry.end() == inner.entry.end());
    bench.entries.push(outer.entry);
    bench.entries.push(inner.entry);
    bench.put_directory(file);
    CHECK(bench.read_entries(bench.put(file)) == Reading::damaged);
}

TEST_CASE("a pack with something between its entries and its directory is none") {
    Bench bench;
    File file = bench.pack_of(3, 3, 300);
    const std::uint32_t start = bench.entries.end();
    file.insert(file.begin() + start, 512, 0);
    EndBytes end{};
    encode_end({3, start + 512}, end);
    put_at(file, file.size() - end_bytes, end);
    CHECK(bench.read_entries(bench.put(file)) == Reading::damaged);
}

TEST_CASE("a capture of another device is in no pack of this one") {
    Bench bench;
    File file = bench.entries_of(3, 3, 300);
    const File jpeg = jpeg_of(300);
    EntryHeader foreign = describe({{0xD0, 1, 2, 4}, epoch}, 4, {}, {jpeg.data(), jpeg.size()}, 512);
    Bench::put_entry(file, foreign, jpeg);
    bench.put_directory(file);
    const PackName name = bench.put(file);
    CHECK(bench.read_entries(name) == Reading::damaged);
    CHECK(bench.scan_all(name) == Reading::whole);
    CHECK(bench.entries.count() == 2);
}

TEST_CASE("what the card does not give back is not called damaged, and what is not there is not unreadable") {
    const auto with_bad = [](std::uint32_t at) {
        auto bench = std::make_unique<Bench>();
        bench->put(bench->pack_of(3, 10, 300));
        bench->storage.make_unreadable(bench->path, at);
        return bench;
    };
    const PackName name{3, false};
    EntryHeader header;
    const std::uint32_t directory = 10 * 512;
    CHECK(with_bad(directory + 512)->read_named(name) == Reading::unreadable);  // its end
    CHECK(with_bad(directory)->read_named(name) == Reading::unreadable);
    CHECK(with_bad(directory)->read_entries(name) == Reading::unreadable);
    CHECK(with_bad(512)->read_entries(name) == Reading::unreadable);
    CHECK(with_bad(512)->reader.header(name, 512, header) == Reading::unreadable);
    Bench bench;
    bench.put(bench.pack_of(3, 3, 9'000));
    bench.storage.make_unreadable(bench.path, 512);
    CHECK(bench.read_entries(name) == Reading::whole);
    CHECK(bench.read_all(name) == Reading::unreadable);
    CHECK(bench.read_entries({4, false}) == Reading::gone);
    CHECK(bench.reader.read(name, bench.size_bytes - 10, {bench.io.data(), 20}) == Reading::damaged);
    bench.storage.faults.is_missing = true;
    CHECK(bench.read_entries(name) == Reading::gone);
    CHECK(bench.scan_all(name) == Reading::gone);
}

TEST_CASE("a scan tells of the first sector that the card does not give back") {
    Bench bench;
    const PackName name = bench.put(bench.pack_of(3, 3, 300));
    bench.storage.make_unreadable(bench.path, 512);
    CHECK(bench.scan_all(name) == Reading::whole);
    CHECK(bench.scan.unreadable_at == 512);
    CHECK(bench.entries.count() == 2);
}

TEST_CASE("a scan tells of a JPEG that the card did not give back, although it does later") {
    Bench bench;
    const PackName name = bench.put(bench.pack_of(3, 3, 300));
    bench.storage.faults.spared_reads = 1;
    bench.storage.faults.failing_reads = 3;
    CHECK(bench.scan_all(name) == Reading::whole);
    CHECK(bench.scan.unreadable_at < 512);
}

TEST_CASE("a scan ends where the card is silent, be it for a moment, and calls nothing lost") {
    for (const std::uint32_t bad : {5 * 512U, 512 + 15'000U}) {  // of the first sectors; of a JPEG
        CAPTURE(bad);
        Bench bench;
        const bool is_of_window = bad < 20 * 512;
        const PackName name = bench.put(bench.pack_of(3, 9, is_of_window ? 300 : 20'000));
        bench.storage.make_unreadable(bench.path, bad);
        SilentOnce silent(bench.storage, is_of_window ? 2 : 1);
        PackReader reader(bench.card, {bench.io.data(), bench.io.size()}, silent);
        CHECK(reader.scan(name, bench.size_bytes, {3, max_seq}, bench.entries, bench.scan) == Reading::silent);
        CHECK(reader.scan(name, bench.size_bytes, {3, max_seq}, bench.entries, bench.scan) == Reading::whole);
        CHECK(bench.entries.count() == 9);
    }
}

TEST_CASE("a scan finds no more captures than a pack can have, and looks no farther than it can be long") {
    Bench bench;
    const PackName name = bench.put(bench.entries_of(3, 101, 300));
    CHECK(bench.scan_all(name) == Reading::whole);
    CHECK(bench.entries.count() == max_pack_captures);
    Bench large(133'500);
    Storage::File file = Storage::none;
    large.size_bytes = max_pack_bytes + (1U << 20U);
    REQUIRE(large.card.make_folder_of(name) == IoStatus::ok);
    REQUIRE(large.card.create(large.card.pack_path(name), large.size_bytes, file) == IoStatus::ok);
    CHECK(large.scan_all(name) == Reading::whole);
    CHECK(large.storage.counts.read_bytes <= max_pack_bytes);
    large.card.close(file);
}

TEST_CASE("a pack that cannot be sealed where it lies stays as it is") {
    Bench bench(16);
    const PackName name = bench.put(bench.entries_of(3, 10, 300));
    Storage::File others = Storage::none;
    REQUIRE(bench.card.create("/others", 6 * 512, others) == IoStatus::ok);
    bench.card.close(others);
    CHECK(bench.reader.seal(name, bench.entries, bench.size_bytes) == IoStatus::no_space);
    CHECK(bench.size_bytes == 10 * 512);
    CHECK(bench.reader.seal({4, false}, bench.entries, bench.size_bytes) == IoStatus::not_found);
}

TEST_CASE("what cannot be written is not in the pack, and its sha256 is that of the others") {
    Writing it;
    REQUIRE(it.add(900) == IoStatus::ok);
    it.storage.faults.is_read_only = true;
    CHECK(it.add(901) == IoStatus::read_only);
    CHECK(it.open.copy(it.reader, it.name, it.first, 902, it.source) == IoStatus::read_only);
    CHECK(it.open.entries().count() == 1);
    it.storage.faults.is_read_only = false;
    it.check_sealed(1);
}

TEST_CASE("a copy that is not what was captured is not in the pack, and that is no fault of the card") {
    Writing it;
    it.storage.spoil(it.path, it.first.entry.end() - 1);
    CHECK(it.open.copy(it.reader, it.name, it.first, 900, it.source) == IoStatus::ok);
    CHECK(it.source == Reading::damaged);
    CHECK(it.open.entries().empty());
    CHECK(it.open.copy(it.reader, it.name, it.second, 901, it.source) == IoStatus::ok);
    it.check_sealed(1);
}

TEST_CASE("a copy that the card does not give back is not called damaged") {
    Writing it(20'000);
    it.storage.make_unreadable(it.path, it.first.entry.offset() + 600);
    CHECK(it.open.copy(it.reader, it.name, it.first, 900, it.source) == IoStatus::ok);
    CHECK(it.source == Reading::unreadable);
    CHECK(it.open.entries().empty());
}

TEST_CASE("an open pack that cannot be sealed has the size that it has on the card") {
    Writing it;
    REQUIRE(it.add(900) == IoStatus::ok);
    it.storage.faults.is_read_only = true;
    std::uint32_t size_bytes = 0;
    CHECK(it.open.seal(it.sha256, size_bytes) == IoStatus::read_only);
    CHECK(size_bytes == 65'536);
}

TEST_CASE("an index has rows of its own folder, and no more than it has slots") {
    Bench bench;
    PackIndex index(bench.card, {bench.io.data(), bench.io.size()});
    IndexRow row;
    REQUIRE(bench.card.make_folder_of({0, false}) == IoStatus::ok);
    row.name.seq = seqs_per_folder;
    REQUIRE(index.write(0, 0, row) == IoStatus::ok);
    CHECK_FALSE(index.read(0, 0, row));
    row.name.seq = 5;
    REQUIRE(index.write(0, 1, row) == IoStatus::ok);
    CHECK(index.read(0, 1, row));
    CHECK(index.write(0, PackIndex::slots, row) == IoStatus::no_space);
    Rows rows;
    index.read_all(0, rows);
    CHECK(rows.found == std::vector<Seq>{5});
    CHECK_FALSE(index.read(1, 0, row));
    index.read_all(1, rows);
    CHECK(rows.found.size() == 1);
}

TEST_CASE("only what this device can have named so is a pack of its own") {
    const Bench bench;
    PackName name;
    CHECK(bench.card.parse_name("0000000000000003-d0010203.zip", name));
    CHECK(bench.card.parse_name("0000000000000003-d0010203-2.zip", name));
    CHECK(name.is_second);
    for (const char* other : {"000000000000003", "00000000000000x3-d0010203.zip", "9999999999999999-d0010203.zip",
                              "0000000000000003-d0010204.zip", "0000000000000003-d0010203.jpg", "0000000000000003"}) {
        CAPTURE(other);
        CHECK_FALSE(bench.card.parse_name(other, name));
    }
}
