// A card after 30 days without a network, 86,400 photos in packs of 20: what a boot takes, with the folders' indexes and
// without, and what an append takes when the card is full. Prints JSON. The card is counted, not timed: milliseconds
// are those of this machine's CPU. JPEGs are not kept, so that 7 GB fit the memory.
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "frameferry/pack_queue.h"

using namespace frameferry;

namespace {

constexpr std::uint32_t photos = 86'400;
constexpr std::uint32_t photos_per_pack = 20;
constexpr std::uint32_t packs = photos / photos_per_pack;
constexpr std::uint32_t jpeg_bytes = 80'000;
constexpr std::uint32_t pack_bytes = photos_per_pack * entry_size_bytes(jpeg_bytes) + directory_size_bytes(photos_per_pack);

struct Counts {
    std::uint64_t opens = 0, reads = 0, read_bytes = 0, writes = 0, written_bytes = 0, syncs = 0, removes = 0, lists = 0,
                  listed = 0;
};

// Keeps the sectors that are written with anything but a JPEG's middle; all others are zeros.
class SparseCard final : public Storage {
public:
    struct Stored {
        std::uint32_t size_bytes = 0;
        std::map<std::uint32_t, std::array<std::uint8_t, sector_bytes>> sectors;
    };
    using Folder = std::map<std::string, Stored, std::less<>>;

    IoStatus open(std::string_view path, File& file) override {
        Stored* stored = find(path);
        if (stored == nullptr) return IoStatus::not_found;
        ++counts.opens;
        file = static_cast<File>(open_.size());
        open_.push_back(stored);
        return IoStatus::ok;
    }
    IoStatus create(std::string_view path, File& file) override {
        folders[folder_of(path)][name_of(path)] = {};
        return open(path, file);
    }
    void close(File) override {}
    IoStatus size(File file, std::uint32_t& size_bytes) override {
        size_bytes = open_[static_cast<std::size_t>(file)]->size_bytes;
        return IoStatus::ok;
    }
    IoStatus pread(File file, std::uint32_t at, Room room, std::size_t& read_bytes) override {
        const Stored& stored = *open_[static_cast<std::size_t>(file)];
        read_bytes = at < stored.size_bytes ? std::min<std::size_t>(room.size, stored.size_bytes - at) : 0;
        ++counts.reads;
        counts.read_bytes += read_bytes;
        std::memset(room.data, 0, read_bytes);
        each_sector(at, read_bytes, [&](std::uint32_t sector, std::size_t within, std::size_t from, std::size_t length) {
            const auto found = stored.sectors.find(sector);
            if (found != stored.sectors.end()) std::memcpy(room.data + from, found->second.data() + within, length);
        });
        return IoStatus::ok;
    }
    IoStatus pwrite(File file, std::uint32_t at, Bytes bytes) override {
        Stored& stored = *open_[static_cast<std::size_t>(file)];
        ++counts.writes;
        counts.written_bytes += bytes.size;
        each_sector(at, bytes.size, [&](std::uint32_t sector, std::size_t within, std::size_t from, std::size_t length) {
            std::memcpy(stored.sectors[sector].data() + within, bytes.data + from, length);
        });
        return IoStatus::ok;
    }
    IoStatus sync(File) override {
        ++counts.syncs;
        return IoStatus::ok;
    }
    IoStatus grow(File file, std::uint32_t size_bytes) override {
        open_[static_cast<std::size_t>(file)]->size_bytes = size_bytes;
        return IoStatus::ok;
    }
    IoStatus trim(File file, std::uint32_t size_bytes) override { return grow(file, size_bytes); }
    IoStatus remove(std::string_view path) override {
        ++counts.removes;
        const auto folder = folders.find(folder_of(path));
        return folder != folders.end() && folder->second.erase(name_of(path)) != 0 ? IoStatus::ok : IoStatus::not_found;
    }
    IoStatus make_folder(std::string_view path) override {
        folders[std::string(path)];
        return IoStatus::ok;
    }
    IoStatus list(std::string_view path, Visitor& visitor) override {
        ++counts.lists;
        if (path == packs_folder) {
            for (const auto& [name, folder] : folders) {
                if (name != path && !visitor.found(name_of(name), 0, true)) break;
            }
            return IoStatus::ok;
        }
        const auto folder = folders.find(path);
        if (folder == folders.end()) return IoStatus::not_found;
        counts.listed += folder->second.size();
        for (const auto& [name, stored] : folder->second) {
            if (!visitor.found(name, stored.size_bytes, false)) break;
        }
        return IoStatus::ok;
    }
    IoStatus space(std::uint64_t& total_bytes, std::uint64_t& free_bytes) override {
        total_bytes = free_bytes = std::uint64_t{packs} * pack_bytes + (64U << 20U);
        return IoStatus::ok;
    }

    std::map<std::string, Folder, std::less<>> folders;
    Counts counts;

private:
    static std::string folder_of(std::string_view path) { return std::string(path.substr(0, path.rfind('/'))); }
    static std::string name_of(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

    Stored* find(std::string_view path) {
        const auto folder = folders.find(folder_of(path));
        if (folder == folders.end()) return nullptr;
        const auto stored = folder->second.find(name_of(path));
        return stored == folder->second.end() ? nullptr : &stored->second;
    }

    template <class Each>
    static void each_sector(std::uint32_t at, std::size_t size, Each each) {
        for (std::size_t from = 0; from < size;) {
            const std::size_t within = (at + from) % sector_bytes;
            const std::size_t length = std::min<std::size_t>(sector_bytes - within, size - from);
            each(static_cast<std::uint32_t>((at + from) / sector_bytes), within, from, length);
            from += length;
        }
    }

    std::vector<Stored*> open_;
};

class Values final : public KeyValue {
public:
    Found get(std::string_view key, Room room, std::size_t& size) override {
        const auto found = values_.find(key);
        if (found == values_.end() || found->second.size() > room.size) return Found::nothing;
        size = found->second.size();
        std::memcpy(room.data, found->second.data(), size);
        return Found::value;
    }
    bool put(std::string_view key, Bytes value) override {
        values_[std::string(key)] = std::string(value.text());
        return true;
    }
    bool erase(std::string_view key) override {
        values_.erase(std::string(key));
        return true;
    }

private:
    std::map<std::string, std::string, std::less<>> values_;
};

struct NoMutex final : Mutex {
    void lock() override {}
    bool try_lock(std::uint32_t /*within_ms*/) override { return true; }
    void unlock() override {}
};

struct Zeros final : Entropy {
    void fill(Room room) override { std::memset(room.data, 0, room.size); }
};

struct Evictions final : QueueWatcher {
    void evicted(SeqRange) override { ++packs_evicted; }
    void damaged(SeqRange seqs, const char* reason) override {
        std::fprintf(stderr, "damaged: %llu, %s\n", static_cast<unsigned long long>(seqs.first), reason);
    }
    int packs_evicted = 0;
};

struct Device {
    SparseCard storage;
    Values values;
    Zeros entropy;
    NoMutex mutex;
    Evictions watcher;
    std::vector<PackRow> rows = std::vector<PackRow>(packs + 1 + PackRows::spare);
    std::array<std::uint8_t, 8192> io{};
    Uuid device_id{};
    std::unique_ptr<PackQueue> queue;

    void make_queue() {
        queue = std::make_unique<PackQueue>(storage, values, entropy, mutex, watcher,
                                            QueueMemory{rows.data(), rows.size(), Room(io)}, PackLimits{});
    }
};

void fill(Device& device) {
    Card card(device.storage);
    card.begin(device.device_id);
    PackIndex index(card, Room(device.io));
    PackEntries entries;
    for (std::uint32_t pack = 0; pack < packs; ++pack) {
        const PackName name{Seq{pack} * photos_per_pack, false};
        entries.clear();
        for (Seq seq = name.seq; seq < name.seq + photos_per_pack; ++seq) entries.push({seq, entries.end(), jpeg_bytes, 0, 0, 33});
        card.make_folder_of(name);
        Storage::File file = Storage::none;
        card.create(card.pack_path(name), pack_bytes, file);
        card.pwrite(file, entries.end(), encode_directory(entries, Room(device.io)));
        const IndexRow row{name, 0, photos_per_pack - 1, photos_per_pack, false, pack_bytes, Sha256{1}};
        const auto slot = static_cast<std::uint16_t>(pack - (name.folder() * seqs_per_folder + photos_per_pack - 1) / photos_per_pack);
        index.write(name.folder(), slot, row);
    }
}

template <class Work>
void print(Device& device, const char* name, Work work) {
    device.storage.counts = {};
    const auto begin = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    const Counts& counts = device.storage.counts;
    std::printf("  \"%s\": {\"opens\": %llu, \"reads\": %llu, \"read_bytes\": %llu, \"writes\": %llu, "
                "\"written_bytes\": %llu, \"syncs\": %llu, \"removes\": %llu, \"listings\": %llu, "
                "\"names_listed\": %llu, \"cpu_ms\": %.2f},\n",
                name, static_cast<unsigned long long>(counts.opens), static_cast<unsigned long long>(counts.reads),
                static_cast<unsigned long long>(counts.read_bytes), static_cast<unsigned long long>(counts.writes),
                static_cast<unsigned long long>(counts.written_bytes), static_cast<unsigned long long>(counts.syncs),
                static_cast<unsigned long long>(counts.removes), static_cast<unsigned long long>(counts.lists),
                static_cast<unsigned long long>(counts.listed), took.count());
}

bool boot(Device& device) {
    device.make_queue();
    const bool is_started = device.queue->start(device.device_id, 1) == QueueStatus::ok;
    return is_started && device.queue->waiting_captures() == photos;
}

}  // namespace

int main() {
    Device device;
    fill(device);
    bool works = true;
    std::printf("{\n  \"photos\": %u,\n  \"packs\": %u,\n", photos, packs);
    print(device, "boot", [&] { works = works && boot(device); });
    const std::vector<std::uint8_t> jpeg(jpeg_bytes, 0x5A);
    const auto put = [&] {
        Seq seq = 0;
        works = works && device.queue->put({}, {jpeg.data(), jpeg.size()}, seq) == QueueStatus::ok;
    };
    print(device, "append_full_new_pack", put);
    works = works && device.watcher.packs_evicted != 0;
    print(device, "append_full", put);
    for (std::uint32_t photo = 3; photo < photos_per_pack; ++photo) put();
    print(device, "append_full_and_seal", put);

    Device without_index;
    fill(without_index);
    for (auto& [name, folder] : without_index.storage.folders) folder.erase("index");
    print(without_index, "boot_without_index", [&] { works = works && boot(without_index); });

    std::printf("  \"queue_bytes\": %zu,\n  \"io_bytes\": %zu,\n  \"row_bytes\": %zu,\n  \"rows_bytes\": %zu\n}\n",
                sizeof(PackQueue), device.io.size(), sizeof(PackRow), device.rows.size() * sizeof(PackRow));
    return works ? 0 : 1;
}
