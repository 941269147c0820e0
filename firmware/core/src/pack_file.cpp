#include "frameferry/pack_file.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

namespace frameferry {
namespace {

// It says nothing of the bytes.
bool is_of_card(Reading reading) { return reading == Reading::gone || reading == Reading::silent; }

std::uint32_t window_room(Room io) { return static_cast<std::uint32_t>(io.size / sector_bytes * sector_bytes); }

// The JPEGs' CRCs, while the file's bytes come by from its beginning on.
class JpegCheck {
public:
    explicit JpegCheck(const PackEntries& entries) : entries_(entries) {}

    // False where one that has come to its end is not what it was.
    bool pass(std::uint32_t at, Bytes bytes) {
        const auto end = at + static_cast<std::uint32_t>(bytes.size);
        while (next_ < entries_.count()) {
            const PackedEntry& entry = entries_[next_];
            const std::uint32_t from = std::max(at, entry.offset());
            const std::uint32_t to = std::min(end, entry.end());
            if (from < to) crc_ = crc32_of(bytes.from(from - at).first(to - from), crc_);
            if (entry.end() > end) return true;
            if (crc_ != entry.crc32) return false;
            crc_ = 0;
            ++next_;
        }
        return true;
    }

private:
    const PackEntries& entries_;
    std::size_t next_ = 0;
    std::uint32_t crc_ = 0;
};

}  // namespace

std::uint16_t PackSeqs::first() const {
    std::uint16_t offset = 0;
    while (!has(offset)) ++offset;
    return offset;
}

std::uint16_t PackSeqs::last() const {
    std::uint16_t offset = span - 1;
    while (!has(offset)) --offset;
    return offset;
}

Bytes encode_directory(const PackEntries& entries, Room room) {
    std::size_t at = 0;
    for (std::size_t index = 0; index < entries.count(); ++index, at += central_bytes) {
        CentralBytes central{};
        encode_central(entries[index], central);
        std::memcpy(room.data + at, central.data(), central_bytes);
    }
    EndBytes end{};
    encode_end({entries.count(), entries.end()}, end);
    std::memcpy(room.data + at, end.data(), end_bytes);
    return {room.data, at + end_bytes};
}

IoStatus end_pack(Card& card, Storage::File file, const PackEntries& entries, Bytes directory) {
    // The trim needs no sync of its own before it: without the directory, the captures are found by their headers.
    IoStatus status = card.pwrite(file, entries.end(), directory);
    if (status == IoStatus::ok) status = card.trim(file, entries.end() + static_cast<std::uint32_t>(directory.size));
    if (status == IoStatus::ok) status = card.sync(file);
    return status;
}

Reading PackReader::read(PackName name, std::uint32_t at, Room room) {
    Reading reading = read_once(name, at, room);
    if (reading == Reading::unreadable) reading = read_once(name, at, room);
    if (reading != Reading::unreadable) return reading;
    return witness_.is_card_readable() ? read_once(name, at, room) : Reading::silent;
}

Reading PackReader::read_once(PackName name, std::uint32_t at, Room room) {
    Storage::File file = Storage::none;
    std::size_t read_bytes = 0;
    IoStatus status = card_.reader(name, file);
    if (status == IoStatus::ok) status = card_.pread(file, at, room, read_bytes);
    if (status == IoStatus::ok) return read_bytes == room.size ? Reading::whole : Reading::damaged;
    return status == IoStatus::not_found || status == IoStatus::no_card ? Reading::gone : Reading::unreadable;
}

// Into the beginning of the room. Where the file is too small for an end, that lies past its size, and is not read.
Reading PackReader::directory(PackName name, std::uint32_t size_bytes, PackEnd& end) {
    EndBytes last{};
    Reading reading = read(name, size_bytes - static_cast<std::uint32_t>(end_bytes), Room(last));
    if (reading != Reading::whole) return reading;
    if (!parse_end(last, size_bytes, end)) return Reading::damaged;
    return read(name, end.start, io_.first(size_bytes - end.start));
}

Reading PackReader::named_seqs(PackName name, std::uint32_t size_bytes, PackSeqs& seqs) {
    PackEnd end;
    seqs = {};
    const Reading reading = directory(name, size_bytes, end);
    if (reading != Reading::whole) return reading;
    Seq least = name.seq;
    for (std::size_t index = 0; index < end.captures; ++index) {
        Seq seq = 0;
        const Bytes central = Bytes(io_).from(index * central_bytes).first(central_bytes);
        // A smaller seq is that of an older pack on the same sectors.
        if (!central_seq(central, seq) || seq < least || !seqs.add(seq - name.seq)) return Reading::damaged;
        least = seq + 1;
    }
    return Reading::whole;
}

Reading PackReader::header(PackName name, std::uint32_t at, EntryHeader& header) {
    HeaderBytes bytes{};
    const Reading reading = read(name, at, Room(bytes));
    if (reading != Reading::whole) return reading;
    return parse_header(bytes, at, header) ? Reading::whole : Reading::damaged;
}

Reading PackReader::entries(PackName name, std::uint32_t size_bytes, PackEntries& entries) {
    entries.clear();
    PackEnd end;
    Reading reading = directory(name, size_bytes, end);
    EntryHeader first;
    Expected expected{name, nullptr, {name.seq, max_seq}, end.start};
    for (std::size_t index = 0; reading == Reading::whole && index < end.captures; ++index) {
        EntryHeader found;
        reading = header(name, central_offset(Bytes(io_).from(index * central_bytes)), found);
        if (reading != Reading::whole) break;
        if (found.entry.header_offset < entries.end() || !belongs(found, expected)) return Reading::damaged;
        if (index == 0) first = found;
        expected.first = &first;
        expected.seqs.first = found.entry.seq + 1;
        entries.push(found.entry);
    }
    if (reading != Reading::whole) return reading;
    for (std::size_t index = 0; index < end.captures; ++index) {
        CentralBytes central{};
        encode_central(entries[index], central);
        if (std::memcmp(io_.data + index * central_bytes, central.data(), central_bytes) != 0) return Reading::damaged;
    }
    return entries.end() == end.start ? Reading::whole : Reading::damaged;
}

Reading PackReader::sha256(PackName name, std::uint32_t size_bytes, PackEntries& entries, Sha256& sha256) {
    Reading reading = this->entries(name, size_bytes, entries);
    if (reading != Reading::whole) return reading;
    crypto_hash_sha256_state digest;
    crypto_hash_sha256_init(&digest);
    JpegCheck check(entries);
    const std::uint32_t step = window_room(io_);
    for (std::uint32_t at = 0; at < size_bytes; at += step) {
        const Room chunk = io_.first(std::min(step, size_bytes - at));
        reading = read(name, at, chunk);
        if (reading != Reading::whole) return reading;
        if (!check.pass(at, chunk)) return Reading::damaged;
        crypto_hash_sha256_update(&digest, chunk.data, chunk.size);
    }
    crypto_hash_sha256_final(&digest, sha256.data());
    return Reading::whole;
}

bool PackReader::belongs(const EntryHeader& header, const Expected& expected) const {
    if (header.identity.device_id != card_.device_id()) return false;
    if (expected.first != nullptr && header.identity.epoch != expected.first->identity.epoch) return false;
    if (!expected.seqs.holds(header.entry.seq)) return false;
    if (header.entry.seq >= expected.name.seq + PackSeqs::span) return false;
    return header.entry.end() <= expected.limit;
}

// Fills the window from `at` on; behind a sector that cannot be read it ends.
Reading PackReader::window(PackName name, std::uint32_t size_bytes, std::uint32_t at, Scan& scan) {
    window_at_ = at;
    window_bytes_ = std::min(window_room(io_), size_bytes - at);
    Reading reading = read(name, at, io_.first(window_bytes_));
    if (reading == Reading::whole) return reading;
    const std::uint32_t wanted = window_bytes_;
    for (window_bytes_ = 0; window_bytes_ < wanted; window_bytes_ += sector_bytes) {
        const Room sector = io_.from(window_bytes_).first(std::min(sector_bytes, wanted - window_bytes_));
        reading = read(name, at + window_bytes_, sector);
        if (reading != Reading::whole) break;
    }
    if (reading != Reading::whole) scan.unreadable_at = std::min(scan.unreadable_at, at + window_bytes_);
    return window_bytes_ == 0 || is_of_card(reading) ? reading : Reading::whole;
}

// The sector at `at`, or nothing where it cannot be read.
Reading PackReader::look(PackName name, std::uint32_t size_bytes, std::uint32_t at, Scan& scan, Bytes& sector) {
    if (at < window_at_ || at - window_at_ + header_bytes > window_bytes_) {
        const Reading reading = window(name, size_bytes, at, scan);
        if (reading != Reading::whole) return reading;
    }
    sector = Bytes(io_).first(window_bytes_).from(at - window_at_);
    return Reading::whole;
}

Reading PackReader::check_jpeg(PackName name, const PackedEntry& entry, Scan& scan) {
    window_bytes_ = 0;
    std::uint32_t crc = 0;
    const std::uint32_t step = window_room(io_);
    for (std::uint32_t at = entry.offset(); at < entry.end(); at += step) {
        const Room chunk = io_.first(std::min(step, entry.end() - at));
        const Reading reading = read(name, at, chunk);
        if (reading != Reading::whole) scan.unreadable_at = std::min(scan.unreadable_at, at);
        if (reading != Reading::whole) return reading;
        crc = crc32_of(chunk, crc);
    }
    return crc == entry.crc32 ? Reading::whole : Reading::damaged;
}

Reading PackReader::scan(PackName name, std::uint32_t size_bytes, SeqRange seqs, PackEntries& entries, Scan& scan) {
    entries.clear();
    scan = {};
    window_bytes_ = 0;
    EntryHeader first;
    Expected expected{name, nullptr, seqs, std::min(size_bytes, max_pack_bytes)};
    for (std::uint32_t at = 0; at < expected.limit && !entries.is_full();) {
        Bytes sector;
        const Reading looked = look(name, expected.limit, at, scan, sector);
        if (is_of_card(looked)) return looked;
        EntryHeader found;
        at += sector_bytes;
        if (!parse_header(sector, at - sector_bytes, found) || !belongs(found, expected)) continue;
        if (expected.first == nullptr) first = found;
        expected.first = &first;
        const Reading jpeg = check_jpeg(name, found.entry, scan);
        if (is_of_card(jpeg)) return jpeg;
        if (jpeg != Reading::whole) continue;
        const bool has_hole = found.entry.header_offset > entries.end();
        for (Seq seq = expected.seqs.first; has_hole && seq < found.entry.seq; ++seq) scan.lost.add(seq - name.seq);
        entries.push(found.entry);
        expected.seqs.first = found.entry.seq + 1;
        at = found.entry.end();
    }
    return Reading::whole;
}

IoStatus PackReader::seal(PackName name, const PackEntries& entries, std::uint32_t& size_bytes) {
    Storage::File file = Storage::none;
    IoStatus status = card_.reader(name, file);
    if (status != IoStatus::ok) return status;
    const Bytes directory = encode_directory(entries, io_);
    const std::uint32_t sealed_bytes = entries.end() + static_cast<std::uint32_t>(directory.size);
    if (sealed_bytes > size_bytes) status = card_.grow(file, sealed_bytes);
    if (status == IoStatus::ok) status = end_pack(card_, file, entries, directory);
    if (status == IoStatus::ok) size_bytes = sealed_bytes;
    return status;
}

}  // namespace frameferry
