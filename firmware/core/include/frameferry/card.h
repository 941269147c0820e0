// The card as the queue uses it: names of files, one open file to read from, and what was last heard of the card.
#pragma once

#include <cstdint>
#include <string_view>

#include "frameferry/bytes.h"
#include "frameferry/captures.h"
#include "frameferry/ports.h"

namespace frameferry {

using Path = Text<127>;

constexpr Seq seqs_per_folder = 1024;
constexpr std::string_view packs_folder = "/packs";

// A pack that becomes another one under the same first seq gets the other name of the two: nothing is renamed.
struct PackName {
    Seq seq = 0;
    bool is_second = false;

    [[nodiscard]] std::uint64_t folder() const { return seq / seqs_per_folder; }
    bool operator==(const PackName& other) const { return seq == other.seq && is_second == other.is_second; }
};

// Not thread-safe: the queue's mutex is around it.
class Card {
public:
    using File = Storage::File;

    explicit Card(Storage& storage) : storage_(storage) {}
    ~Card() { close_reader(); }
    Card(const Card&) = delete;
    Card& operator=(const Card&) = delete;

    void begin(const Uuid& device_id);
    [[nodiscard]] IoStatus status() const { return status_; }
    void note(IoStatus status) { status_ = status; }
    // The beginning of the device's id: names and rows of another device's packs are told from its own by it.
    [[nodiscard]] Bytes device_tag() const { return {device_id_.data(), 4}; }
    [[nodiscard]] const Uuid& device_id() const { return device_id_; }

    [[nodiscard]] Path pack_path(PackName name) const;
    [[nodiscard]] static Path folder_path(std::uint64_t folder);
    [[nodiscard]] static Path index_path(std::uint64_t folder);
    // False for what is no name of this device's pack.
    [[nodiscard]] bool parse_name(std::string_view text, PackName& name) const;

    // A new file of that size, with any bytes in it. Where it fails there is none.
    IoStatus create(std::string_view path, std::uint32_t size_bytes, File& file);
    // The file as it is, grown to that size if it is smaller, or new.
    IoStatus open_grown(std::string_view path, std::uint32_t size_bytes, File& file);
    IoStatus open(std::string_view path, File& file);
    void close(File& file);
    IoStatus pread(File file, std::uint32_t at, Room room, std::size_t& read_bytes);
    IoStatus pwrite(File file, std::uint32_t at, Bytes bytes);
    IoStatus grow(File file, std::uint32_t size_bytes);
    IoStatus trim(File file, std::uint32_t size_bytes);
    IoStatus sync(File file);

    // A sealed pack's file stays open until another one is asked for, or something fails with it: then it is asked for
    // again.
    IoStatus reader(PackName name, File& file);
    void close_reader();

    // Gone at once; for good once `settle` or another sync has returned ok. ok also where there is none.
    IoStatus remove(std::string_view path);
    IoStatus remove_pack(PackName name);
    IoStatus settle();
    // With its index, if nothing else lies in it.
    void remove_folder(std::uint64_t folder);
    IoStatus make_folder_of(PackName name);
    // Whether what is written now can be read. For where nothing else is left to be read.
    bool gives_back();
    IoStatus list(std::string_view folder, Storage::Visitor& visitor);
    IoStatus space(std::uint64_t& total_bytes, std::uint64_t& free_bytes);

private:
    IoStatus noted(IoStatus status);
    IoStatus noted_of(File file, IoStatus status);

    Storage& storage_;
    Uuid device_id_{};
    IoStatus status_ = IoStatus::ok;
    bool frees_unsettled_ = false;
    PackName reader_name_;
    File reader_ = Storage::none;
};

}  // namespace frameferry
