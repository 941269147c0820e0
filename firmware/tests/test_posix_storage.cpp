#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "fakes/scratch_folder.h"
#include "host/host_machine.h"
#include "posix/posix_storage.h"

using namespace frameferry;

namespace {

struct Seen : Storage::Visitor {
    std::vector<std::string> names;
    std::size_t most = 100;

    bool found(std::string_view name, std::uint32_t size_bytes, bool is_folder) override {
        names.push_back(std::string(name) + (is_folder ? "/" : " " + std::to_string(size_bytes)));
        return names.size() < most;
    }
};

struct Card {
    ScratchFolder folder;
    PosixStorage storage{folder.path(), read_disk_space};
    Storage::File file = Storage::none;

    ~Card() {
        if (file != Storage::none) storage.close(file);
    }

    Storage::File created(std::string_view path, std::uint32_t size_bytes) {
        REQUIRE(storage.create(path, file) == IoStatus::ok);
        REQUIRE(storage.grow(file, size_bytes) == IoStatus::ok);
        return file;
    }

    std::string read(std::uint32_t at, std::size_t most) {
        std::vector<std::uint8_t> room(most);
        std::size_t read_bytes = 0;
        REQUIRE(storage.pread(file, at, {room.data(), room.size()}, read_bytes) == IoStatus::ok);
        return {reinterpret_cast<const char*>(room.data()), read_bytes};
    }
};

// No file may become larger for as long as this is there, as on a card that is full.
class SizeLimit {
public:
    explicit SizeLimit(rlim_t most_bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        set(most_bytes);
        previous_ = std::signal(SIGXFSZ, SIG_IGN);
    }
    SizeLimit(const SizeLimit&) = delete;
    SizeLimit& operator=(const SizeLimit&) = delete;
    ~SizeLimit() {
        set(before_.rlim_cur);
        (void)std::signal(SIGXFSZ, previous_);
    }

private:
    void set(rlim_t most_bytes) const {
        const rlimit limit{most_bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }

    rlimit before_{};
    void (*previous_)(int) = SIG_DFL;
};

// Only so many more files can be opened for as long as this is there.
class FileLimit {
public:
    explicit FileLimit(int more) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit limit{static_cast<rlim_t>(lowest_free() + more), before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    FileLimit(const FileLimit&) = delete;
    FileLimit& operator=(const FileLimit&) = delete;
    ~FileLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

    static int lowest_free() {
        const int handle = ::dup(STDIN_FILENO);
        ::close(handle);
        return handle;
    }

private:
    rlimit before_{};
};

}  // namespace

TEST_CASE("a file whose folder cannot be synced is not created, and not left open") {
    Card card;
    const int free_handle = FileLimit::lowest_free();
    {
        const FileLimit one_more(1);
        CHECK(card.storage.create("/a", card.file) == IoStatus::failed);
    }
    CHECK(card.file == Storage::none);
    CHECK(FileLimit::lowest_free() == free_handle);
}

TEST_CASE("a file has the size it was grown to, and gives back what was written into it") {
    Card card;
    card.created("/a.zip", 1000);

    CHECK(card.storage.pwrite(card.file, 990, Bytes{std::string_view("0123456789")}) == IoStatus::ok);
    CHECK(card.storage.sync(card.file) == IoStatus::ok);

    CHECK(card.read(990, 10) == "0123456789");
    CHECK(card.read(995, 100) == "56789");
    CHECK(card.read(1000, 10).empty());
    CHECK(card.read(5000, 10).empty());
    CHECK(card.folder.read("a.zip").size() == 1000);
}

TEST_CASE("a file is there again when it is opened anew, and empty when it is created anew") {
    Card card;
    card.created("/a", 3);
    REQUIRE(card.storage.pwrite(card.file, 0, Bytes{std::string_view("abc")}) == IoStatus::ok);
    card.storage.close(card.file);

    REQUIRE(card.storage.open("/a", card.file) == IoStatus::ok);
    CHECK(card.read(0, 10) == "abc");
    card.storage.close(card.file);

    REQUIRE(card.storage.create("/a", card.file) == IoStatus::ok);
    std::uint32_t size_bytes = 1;
    CHECK(card.storage.size(card.file, size_bytes) == IoStatus::ok);
    CHECK(size_bytes == 0);
}

TEST_CASE("a trimmed file keeps its beginning, and neither trim nor grow does the other's work") {
    Card card;
    card.created("/a", 100);
    REQUIRE(card.storage.pwrite(card.file, 0, Bytes{std::string_view("abc")}) == IoStatus::ok);

    CHECK(card.storage.grow(card.file, 10) == IoStatus::ok);
    CHECK(card.storage.trim(card.file, 200) == IoStatus::ok);
    CHECK(card.folder.read("a").size() == 100);
    CHECK(card.storage.trim(card.file, 3) == IoStatus::ok);
    CHECK(card.folder.read("a") == "abc");
}

TEST_CASE("a file that cannot grow as far as it should is as large as it was before") {
    Card card;
    card.created("/a", 100);
    {
        const SizeLimit full(200);
        CHECK(card.storage.grow(card.file, 1000) == IoStatus::no_space);
    }
    CHECK(card.folder.read("a").size() == 100);
}

TEST_CASE("what is not there is not found, unless the card itself has gone") {
    Card card;
    Seen seen;

    CHECK(card.storage.open("/a", card.file) == IoStatus::not_found);
    CHECK(card.storage.remove("/a") == IoStatus::not_found);
    CHECK(card.storage.list("/packs", seen) == IoStatus::not_found);
    CHECK(card.storage.create("/packs/a", card.file) == IoStatus::not_found);

    card.folder.remove();
    CHECK(card.storage.open("/a", card.file) == IoStatus::no_card);
    CHECK(card.storage.create("/a", card.file) == IoStatus::no_card);
    CHECK(card.storage.remove("/a") == IoStatus::no_card);
    CHECK(card.storage.make_folder("/packs") == IoStatus::no_card);
    CHECK(card.storage.list("/", seen) == IoStatus::no_card);
    std::uint64_t total_bytes = 0;
    std::uint64_t free_bytes = 0;
    CHECK(card.storage.space(total_bytes, free_bytes) == IoStatus::no_card);
}

TEST_CASE("a listing names each file with its size and each folder, and ends when it is told to") {
    Card card;
    card.created("/a", 7);
    REQUIRE(card.storage.make_folder("/packs") == IoStatus::ok);
    REQUIRE(card.storage.make_folder("/packs") == IoStatus::ok);

    Seen all;
    REQUIRE(card.storage.list("/", all) == IoStatus::ok);
    std::sort(all.names.begin(), all.names.end());
    CHECK(all.names == std::vector<std::string>{"a 7", "packs/"});

    Seen one;
    one.most = 1;
    CHECK(card.storage.list("/", one) == IoStatus::ok);
    CHECK(one.names.size() == 1);
}

TEST_CASE("a removed file is gone") {
    Card card;
    card.created("/a", 7);
    card.storage.close(card.file);
    card.file = Storage::none;

    CHECK(card.storage.remove("/a") == IoStatus::ok);
    CHECK(card.storage.open("/a", card.file) == IoStatus::not_found);
}

TEST_CASE("a folder is removed when nothing is left in it, and not before") {
    Card card;
    REQUIRE(card.storage.make_folder("/packs") == IoStatus::ok);
    card.storage.close(card.created("/packs/a", 4));
    card.file = Storage::none;
    CHECK(card.storage.remove("/packs") == IoStatus::failed);
    CHECK(card.storage.remove("/packs/a") == IoStatus::ok);
    CHECK(card.storage.remove("/packs") == IoStatus::ok);
    CHECK(card.storage.remove("/packs") == IoStatus::not_found);
}

TEST_CASE("a disk that is full or read-only says so") {
    PosixStorage devices("/dev", read_disk_space);
    Storage::File full = Storage::none;
    REQUIRE(devices.open("/full", full) == IoStatus::ok);
    CHECK(devices.pwrite(full, 0, Bytes{std::string_view("abc")}) == IoStatus::no_space);
    devices.close(full);

    const PosixStorage::SpaceReader half_empty = [](const char*, std::uint64_t& total, std::uint64_t& free) {
        total = 2, free = 1;
        return true;
    };
    const PosixStorage::SpaceReader nothing_left = [](const char*, std::uint64_t& total, std::uint64_t& free) {
        total = 2, free = 0;
        return true;
    };
    Storage::File file = Storage::none;
    CHECK(PosixStorage("/sys", half_empty).create("/a", file) == IoStatus::read_only);
    // FAT says "denied" for both.
    CHECK(PosixStorage("/sys", nothing_left).create("/a", file) == IoStatus::no_space);
}

TEST_CASE("the disk has as much room as it says") {
    Card card;
    std::uint64_t total_bytes = 0;
    std::uint64_t free_bytes = 0;
    REQUIRE(card.storage.space(total_bytes, free_bytes) == IoStatus::ok);
    CHECK(total_bytes >= free_bytes);
    CHECK(total_bytes > 1'000'000);
}

TEST_CASE("each errno that a card gives has its meaning, and any other is a failure") {
    CHECK(io_status_of(EIO) == IoStatus::failed);
    CHECK(io_status_of(ENODEV) == IoStatus::no_card);
    CHECK(io_status_of(ENOSPC) == IoStatus::no_space);
    CHECK(io_status_of(EROFS) == IoStatus::read_only);
    CHECK(io_status_of(EACCES) == IoStatus::read_only);
    CHECK(io_status_of(ENOENT) == IoStatus::not_found);
    CHECK(io_status_of(ENFILE) == IoStatus::failed);
    CHECK(io_status_of(EBADF) == IoStatus::failed);
}
