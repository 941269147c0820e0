// The pack that captures are written into: a file that is grown once, and ends with its directory when it is sealed.
#pragma once

#include <sodium.h>

#include <cstdint>

#include "frameferry/pack_file.h"

namespace frameferry {

// What fails half-way is not in the pack: the next thing is written over it. Not thread-safe.
class OpenPack {
public:
    OpenPack(Card& card, Room io) : card_(card), io_(io) {}
    ~OpenPack() { close(); }
    OpenPack(const OpenPack&) = delete;
    OpenPack& operator=(const OpenPack&) = delete;

    [[nodiscard]] bool is_open() const { return file_ != Storage::none; }
    [[nodiscard]] PackName name() const { return name_; }
    [[nodiscard]] std::uint32_t size_bytes() const { return size_bytes_; }  // on the card
    [[nodiscard]] const PackEntries& entries() const { return entries_; }
    // Of bytes: who adds the last of `max_pack_captures` seals it.
    [[nodiscard]] bool has_room_for(std::uint32_t jpeg_bytes) const;

    // Its folder exists. Where it fails there is no file.
    IoStatus begin(PackName name, std::uint32_t epoch, std::uint32_t size_bytes);
    // Durable once it returns ok.
    IoStatus add(Seq seq, const CaptureMeta& meta, Bytes jpeg);
    // A capture of another pack under another seq; not durable before `seal`. `source` is not whole where it is not
    // what was captured, and then it is not in this pack.
    IoStatus copy(PackReader& reader, PackName from, const EntryHeader& header, Seq seq, Reading& source);
    // Durable, and closed, whatever comes of it.
    IoStatus seal(Sha256& sha256, std::uint32_t& size_bytes);
    void close() { card_.close(file_); }

private:
    class Source;
    class InMemory;
    class InPack;
    IoStatus write(const EntryHeader& header, Source& source);

    Card& card_;
    Room io_;
    Storage::File file_ = Storage::none;
    PackName name_;
    std::uint32_t epoch_ = 0;
    std::uint32_t size_bytes_ = 0;
    PackEntries entries_;
    crypto_hash_sha256_state digest_{};
};

}  // namespace frameferry
