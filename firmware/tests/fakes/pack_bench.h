// A bench for what is checked of the bytes of a pack: files made by hand on a card in memory, and what reads them.
#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "fakes/fake_card.h"
#include "fakes/pack_check.h"
#include "frameferry/open_pack.h"
#include "frameferry/pack_file.h"
#include "frameferry/pack_index.h"

namespace pack_bench {

using namespace frameferry;

using File = std::vector<std::uint8_t>;

struct GoodCard final : CardWitness {
    bool is_card_readable() override { return true; }
};

// Silent so many times; then the card gives all of it back.
struct SilentOnce final : CardWitness {
    SilentOnce(FakeCard& card, int times) : storage(card), times_left(times) {}
    bool is_card_readable() override {
        if (--times_left == 0) storage.faults.bad_sectors.clear();
        return times_left < 0;
    }
    FakeCard& storage;
    int times_left;
};

constexpr std::uint32_t epoch = 77;

inline File jpeg_of(std::size_t size_bytes, std::uint8_t first = 1) {
    File jpeg(size_bytes);
    for (std::size_t at = 0; at < size_bytes; ++at) jpeg[at] = static_cast<std::uint8_t>(first + at * 7);
    return jpeg;
}

template <class Array>
void put_at(File& file, std::size_t at, const Array& bytes) {
    std::memcpy(file.data() + at, bytes.data(), bytes.size());
}

inline void put_u32(std::uint8_t* at, std::uint32_t value) {
    for (int byte = 0; byte < 4; ++byte) at[byte] = static_cast<std::uint8_t>(value >> 8 * byte);
}

struct Bench {
    explicit Bench(std::uint32_t sectors = 4096) : storage(power, sectors) { card.begin(identity.device_id); }

    // The entries of these seqs, and behind them nothing.
    File entries_of(Seq first, std::size_t captures, std::size_t jpeg_bytes) {
        File file;
        entries.clear();
        for (Seq seq = first; seq < first + captures; ++seq) {
            const File jpeg = jpeg_of(jpeg_bytes, static_cast<std::uint8_t>(seq));
            const auto at = static_cast<std::uint32_t>(file.size());
            const EntryHeader header = describe(identity, seq, {}, {jpeg.data(), jpeg.size()}, at);
            put_entry(file, header, jpeg);
            if (!entries.is_full()) entries.push(header.entry);
        }
        return file;
    }
    static void put_entry(File& file, const EntryHeader& header, const File& jpeg) {
        HeaderBytes bytes{};
        encode_header(header, bytes);
        if (file.size() < header.entry.end()) file.resize(header.entry.end());
        put_at(file, header.entry.header_offset, bytes);
        put_at(file, header.entry.offset(), jpeg);
    }
    File pack_of(Seq first, std::size_t captures, std::size_t jpeg_bytes) {
        File file = entries_of(first, captures, jpeg_bytes);
        put_directory(file);
        return file;
    }
    void put_directory(File& file) {
        const Bytes directory = encode_directory(entries, {io.data(), io.size()});
        file.insert(file.end(), directory.data, directory.data + directory.size);
    }
    PackName put(const File& file, Seq first = 3) {
        const PackName name{first, false};
        path = card.pack_path(name).c_str();
        storage.put_file(path, file);
        size_bytes = static_cast<std::uint32_t>(file.size());
        return name;
    }
    Reading read_named(PackName name) { return reader.named_seqs(name, size_bytes, seqs); }
    Reading read_entries(PackName name) { return reader.entries(name, size_bytes, entries); }
    Reading read_all(PackName name) { return reader.sha256(name, size_bytes, entries, sha256); }
    Reading scan_all(PackName name) { return reader.scan(name, size_bytes, {name.seq, max_seq}, entries, scan); }

    const PackIdentity identity{{0xD0, 1, 2, 3}, epoch};
    Power power;
    FakeCard storage;
    File io = File(8192);
    Card card{storage};
    GoodCard good;
    PackReader reader{card, {io.data(), io.size()}, good};
    PackEntries entries;
    PackSeqs seqs;
    Scan scan;
    Sha256 sha256{};
    std::string path;
    std::uint32_t size_bytes = 0;
};

// A pack that captures are written into, and one that they come from.
struct Writing : Bench {
    explicit Writing(std::size_t jpeg_bytes = 600) {
        name = put(pack_of(3, 3, jpeg_bytes));
        REQUIRE(read_entries(name) == Reading::whole);
        REQUIRE(reader.header(name, entries[0].header_offset, first) == Reading::whole);
        REQUIRE(reader.header(name, entries[1].header_offset, second) == Reading::whole);
        REQUIRE(open.begin({900, false}, epoch, 65'536) == IoStatus::ok);
    }
    IoStatus add(Seq seq) {
        const File jpeg = jpeg_of(700, static_cast<std::uint8_t>(seq));
        return open.add(seq, {}, {jpeg.data(), jpeg.size()});
    }
    void check_sealed(std::size_t captures) {
        std::uint32_t sealed_bytes = 0;
        REQUIRE(open.seal(sha256, sealed_bytes) == IoStatus::ok);
        const File file = storage.content(card.pack_path({900, false}).c_str());
        std::vector<CheckedCapture> found;
        CHECK(check_pack(file, found) == "");
        CHECK(found.size() == captures);
        CHECK(sealed_bytes == file.size());
        CHECK(sha256_of(file) == File(sha256.begin(), sha256.end()));
    }

    PackName name;
    EntryHeader first;
    EntryHeader second;
    OpenPack open{card, {io.data(), io.size()}};
    Reading source = Reading::whole;
};

struct Rows final : PackIndex::Visitor {
    bool row(const IndexRow& row, std::uint16_t) override { return found.push_back(row.name.seq), true; }
    std::vector<Seq> found;
};

}  // namespace pack_bench
