#include "frameferry/open_pack.h"

#include <algorithm>
#include <cstring>

namespace frameferry {

// A JPEG, read from its beginning to its end.
class OpenPack::Source {
public:
    virtual bool next(Room room) = 0;

protected:
    ~Source() = default;
};

class OpenPack::InMemory final : public Source {
public:
    explicit InMemory(Bytes jpeg) : jpeg_(jpeg) {}

    bool next(Room room) override {
        std::memcpy(room.data, jpeg_.data, room.size);
        jpeg_ = jpeg_.from(room.size);
        return true;
    }

private:
    Bytes jpeg_;
};

class OpenPack::InPack final : public Source {
public:
    InPack(PackReader& reader, PackName name, std::uint32_t at) : reader_(reader), name_(name), at_(at) {
        crypto_hash_sha256_init(&digest_);
    }

    bool next(Room room) override {
        reading_ = reader_.read(name_, at_, room);
        at_ += static_cast<std::uint32_t>(room.size);
        crypto_hash_sha256_update(&digest_, room.data, room.size);
        return reading_ == Reading::whole;
    }

    // After its end, or when `next` was false.
    Reading is_whole(const Sha256& expected) {
        Sha256 sha256{};
        crypto_hash_sha256_final(&digest_, sha256.data());
        if (reading_ == Reading::whole && sha256 != expected) return Reading::damaged;
        return reading_;
    }

private:
    PackReader& reader_;
    PackName name_;
    std::uint32_t at_;
    Reading reading_ = Reading::whole;
    crypto_hash_sha256_state digest_{};
};

bool OpenPack::has_room_for(std::uint32_t jpeg_bytes) const {
    const std::uint64_t directory = directory_size_bytes(entries_.count() + 1);
    return entries_.end() + entry_size_bytes(jpeg_bytes) + directory <= size_bytes_;
}

IoStatus OpenPack::begin(PackName name, std::uint32_t epoch, std::uint32_t size_bytes) {
    name_ = name;
    epoch_ = epoch;
    size_bytes_ = size_bytes;
    entries_.clear();
    crypto_hash_sha256_init(&digest_);
    return card_.create(card_.pack_path(name), size_bytes, file_);
}

IoStatus OpenPack::add(Seq seq, const CaptureMeta& meta, Bytes jpeg) {
    const EntryHeader header = describe({card_.device_id(), epoch_}, seq, meta, jpeg, entries_.end());
    const crypto_hash_sha256_state before = digest_;
    InMemory source(jpeg);
    IoStatus status = write(header, source);
    if (status == IoStatus::ok) status = card_.sync(file_);
    if (status == IoStatus::ok) entries_.push(header.entry);
    if (status != IoStatus::ok) digest_ = before;
    return status;
}

IoStatus OpenPack::copy(PackReader& reader, PackName from, const EntryHeader& header, Seq seq, Reading& source) {
    EntryHeader copied = header;
    copied.entry.seq = seq;
    copied.entry.header_offset = entries_.end();
    copied.identity.epoch = epoch_;
    const crypto_hash_sha256_state before = digest_;
    InPack jpeg(reader, from, header.entry.offset());
    const IoStatus status = write(copied, jpeg);
    source = jpeg.is_whole(header.sha256);
    if (status == IoStatus::ok && source == Reading::whole) {
        entries_.push(copied.entry);
    } else {
        digest_ = before;
    }
    return source == Reading::whole ? status : IoStatus::ok;
}

IoStatus OpenPack::seal(Sha256& sha256, std::uint32_t& size_bytes) {
    const Bytes directory = encode_directory(entries_, io_);
    crypto_hash_sha256_update(&digest_, directory.data, directory.size);
    crypto_hash_sha256_final(&digest_, sha256.data());
    const IoStatus status = end_pack(card_, file_, entries_, directory);
    size_bytes = status == IoStatus::ok ? entries_.end() + static_cast<std::uint32_t>(directory.size) : size_bytes_;
    close();
    return status;
}

// Through the room, so that the card gets whole sectors from memory that is made for it.
IoStatus OpenPack::write(const EntryHeader& header, Source& source) {
    const PackedEntry& entry = header.entry;
    HeaderBytes start{};
    encode_header(header, start);
    std::size_t filled = entry.offset() - entry.header_offset;
    std::memset(io_.data, 0, filled);
    std::memcpy(io_.data, start.data(), start.size());
    const std::size_t step = io_.size / sector_bytes * sector_bytes;
    for (std::uint32_t at = entry.header_offset; at < entry.end(); filled = 0) {
        const Room chunk = io_.first(std::min<std::size_t>(step, entry.end() - at));
        if (!source.next(chunk.from(filled))) return IoStatus::failed;
        const IoStatus status = card_.pwrite(file_, at, chunk);
        if (status != IoStatus::ok) return status;
        crypto_hash_sha256_update(&digest_, chunk.data, chunk.size);
        at += static_cast<std::uint32_t>(chunk.size);
    }
    return IoStatus::ok;
}

}  // namespace frameferry
