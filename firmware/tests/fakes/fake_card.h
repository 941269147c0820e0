// A card in memory that can lose power: sectors that were not synced, and what the file system knows of a file (name,
// size, sectors), land or not, each for itself, in any order; one sector may be torn. Faults can be switched on.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fakes/fake_sectors.h"
#include "fakes/power.h"
#include "frameferry/ports.h"

class FakeCard final : public frameferry::Storage {
public:
    static constexpr std::uint32_t sector_bytes = FakeSectors::sector_bytes;
    using Sector = FakeSectors::Sector;

    struct Faults {
        bool is_missing = false;
        bool is_read_only = false;
        bool fails_reads = false;
        bool fails_writes = false;
        bool fails_space = false;
        int spared_reads = 0;     // or opens: go well before those that fail
        int failing_reads = 0;    // so many, and then it has passed
        bool goes_away = false;   // with a read that fails
        int failing_opens = 0;
        int failing_makes = 0;    // of folders
        int garbled_reads = 0;
        bool keeps_garbled = false;  // in the buffer that an open file has for a sector that is read in parts
        int worn_reads = 0;          // with each of them the sector goes bad
        std::uint32_t worn_sector = 0;
        int failing_removes = 0;
        int spared_changes = 0;   // go well before those that fail
        int failing_changes = 0;
        frameferry::IoStatus failing_as = frameferry::IoStatus::failed;
        std::set<std::uint32_t> bad_sectors;  // cannot be read until they are written again
        std::string bad_path;                 // nothing works with a path that has this in it
    };

    struct Counts {
        std::uint64_t opens = 0, reads = 0, read_bytes = 0, writes = 0, written_bytes = 0, syncs = 0, lists = 0, removes = 0;
    };

    // What of the things that are not synced is there after a cut.
    class Landing {
    public:
        virtual ~Landing() = default;
        // Of so many states that one thing went through since it was last synced: 0 is none of them, else the n-th.
        virtual std::size_t state(std::size_t unit, std::size_t states) = 0;
        // How many bytes of the last state landed over the one before; 0 for a sector that is not torn.
        virtual std::size_t torn_bytes(std::size_t unit) = 0;
    };

    explicit FakeCard(Power& power, std::uint32_t sectors = 4096);
    // The same card under another power.
    FakeCard(const FakeCard& other, Power& power);

    frameferry::IoStatus open(std::string_view path, File& file) override;
    frameferry::IoStatus create(std::string_view path, File& file) override;
    void close(File file) override;
    frameferry::IoStatus size(File file, std::uint32_t& size_bytes) override;
    frameferry::IoStatus pread(File file, std::uint32_t at, frameferry::Room room, std::size_t& read_bytes) override;
    frameferry::IoStatus pwrite(File file, std::uint32_t at, frameferry::Bytes bytes) override;
    frameferry::IoStatus sync(File file) override;
    frameferry::IoStatus grow(File file, std::uint32_t size_bytes) override;
    frameferry::IoStatus trim(File file, std::uint32_t size_bytes) override;
    frameferry::IoStatus remove(std::string_view path) override;
    frameferry::IoStatus make_folder(std::string_view path) override;
    frameferry::IoStatus list(std::string_view folder, Visitor& visitor) override;
    frameferry::IoStatus space(std::uint64_t& total_bytes, std::uint64_t& free_bytes) override;

    // How many things are not synced: first files and folders, then sectors.
    [[nodiscard]] std::size_t unsynced() const;
    [[nodiscard]] std::size_t unsynced_names() const;
    // The power was lost: this is the card then. All files are closed.
    void lose_power(Landing& landing);

    // For tests to look at, and to spoil.
    [[nodiscard]] std::vector<std::string> paths() const;
    [[nodiscard]] std::vector<std::uint8_t> content(const std::string& path) const;
    void spoil(const std::string& path, std::uint32_t at);
    void make_unreadable(const std::string& path, std::uint32_t at);
    void put_file(const std::string& path, const std::vector<std::uint8_t>& content);
    [[nodiscard]] std::uint32_t sector_of(const std::string& path, std::uint32_t at) const;
    // Another name on the same sectors, as a rename leaves it that the power was lost in.
    void link(const std::string& path, const std::string& to);
    // What lies on sectors that no file has yet.
    void lay_ground(const std::function<Sector(std::uint32_t)>& sector);
    [[nodiscard]] std::size_t open_files() const { return handles_.size(); }

    Faults faults;
    Counts counts;

private:
    struct Node {
        bool is_folder = false;
        std::uint32_t size_bytes = 0;
        std::vector<std::uint32_t> sectors;
    };
    using State = std::optional<Node>;
    struct Name {
        State durable;
        std::vector<State> later;
        [[nodiscard]] const State& now() const { return later.empty() ? durable : later.back(); }
    };

    [[nodiscard]] frameferry::IoStatus fault(std::string_view path, bool changes) const;
    frameferry::IoStatus change(std::string_view path);
    // As in FatFs, a file with which something has failed is of no use until it is opened again.
    frameferry::IoStatus fault_of(File file, bool changes);
    frameferry::IoStatus broken(File file);
    [[nodiscard]] bool is_due(int& passing_faults);
    [[nodiscard]] const Node* find(const std::string& path) const;
    void become(const std::string& path, State state);
    [[nodiscard]] std::vector<bool> used() const;
    static std::string parent(const std::string& path);
    [[nodiscard]] bool is_empty_folder(const std::string& path) const;
    void settle_removals();
    void free_shared(const std::string& path, std::size_t from);
    [[nodiscard]] bool is_garbled(File file, std::uint32_t at, frameferry::Room room);

    Power* power_;
    FakeSectors sectors_;
    std::map<std::string, Name> names_;
    std::map<File, std::string> handles_;
    std::set<File> broken_handles_;
    std::map<File, std::uint32_t> garbled_buffers_;  // the sectors in them
    bool is_linked_ = false;
    std::set<std::uint32_t> freed_;                  // although a file has them still
    File next_file_ = 1;
};
