// A file system by POSIX calls: a folder on this machine, or the card through the VFS of IDF.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "frameferry/bytes.h"
#include "frameferry/ports.h"

namespace frameferry {

// What an errno says of a file system.
IoStatus io_status_of(int error);

// All paths of the core lie in `root`, a folder or a mount point. Where it is not there, there is no card.
class PosixStorage : public Storage {
public:
    // Of the file system that holds `root`: there is no POSIX call for it on the board. False where it cannot be told.
    using SpaceReader = bool (*)(const char* root, std::uint64_t& total_bytes, std::uint64_t& free_bytes);

    PosixStorage(std::string_view root, SpaceReader read_space) : root_(root), read_space_(read_space) {}

    IoStatus open(std::string_view path, File& file) override;
    IoStatus create(std::string_view path, File& file) override;
    void close(File file) override;
    IoStatus size(File file, std::uint32_t& size_bytes) override;
    IoStatus pread(File file, std::uint32_t at, Room room, std::size_t& read_bytes) override;
    IoStatus pwrite(File file, std::uint32_t at, Bytes bytes) override;
    IoStatus sync(File file) override;
    IoStatus grow(File file, std::uint32_t size_bytes) override;
    IoStatus trim(File file, std::uint32_t size_bytes) override;
    IoStatus remove(std::string_view path) override;
    IoStatus make_folder(std::string_view path) override;
    // One stat a file. A port whose folders tell the sizes themselves may do it in one pass.
    IoStatus list(std::string_view folder, Visitor& visitor) override;
    IoStatus space(std::uint64_t& total_bytes, std::uint64_t& free_bytes) override;

protected:
    using Path = Text<255>;

    [[nodiscard]] Path path_of(std::string_view path) const;
    // Of the call that has just failed. errno alone does not tell a missing file from a missing card, nor, on FAT, a
    // full card from one that is write-protected.
    IoStatus failure();

private:
    // Where a name is durable only when its folder is (not on FAT).
    IoStatus sync_folder_of(std::string_view path);
    IoStatus full_or(IoStatus status);

    Path root_;
    SpaceReader read_space_;
};

}  // namespace frameferry
