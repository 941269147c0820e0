#include "posix/posix_storage.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace frameferry {
namespace {

constexpr mode_t folder_mode = 0755;
constexpr mode_t file_mode = 0644;

// lseek and not pread: on IDF's FAT, pread seeks back afterwards, so that the next one follows the file's chain of
// clusters from its beginning, and pwrite keeps the file system's lock for ever when the card is full (IDF 5.1).
bool seek(Storage::File file, std::uint32_t at) {
    return ::lseek(file, static_cast<off_t>(at), SEEK_SET) == static_cast<off_t>(at);
}

bool size_of(Storage::File file, std::uint32_t& size_bytes) {
    struct stat status {};
    if (::fstat(file, &status) != 0) return false;
    size_bytes = static_cast<std::uint32_t>(status.st_size);
    return true;
}

#if defined(ESP_PLATFORM)
// FatFs grows a file that is sought past its end, as far as there are clusters, and says nothing when they end.
bool allocate(Storage::File file, std::uint32_t size_bytes) {
    std::uint32_t grown_bytes = 0;
    if (!seek(file, size_bytes) || !size_of(file, grown_bytes)) return false;
    if (grown_bytes == size_bytes) return true;
    errno = ENOSPC;
    return false;
}
#else
bool allocate(Storage::File file, std::uint32_t size_bytes) {
    errno = ::posix_fallocate(file, 0, static_cast<off_t>(size_bytes));
    return errno == 0;
}
#endif

}  // namespace

IoStatus io_status_of(int error) {
    switch (error) {
        case 0:
            return IoStatus::ok;
        case ENOENT:
        case ENOTDIR:
            return IoStatus::not_found;
        case ENOSPC:
        case EDQUOT:
        case EFBIG:
            return IoStatus::no_space;
        case EROFS:
        case EACCES:
        case EPERM:
            return IoStatus::read_only;
        case ENODEV:
        case ENXIO:
#ifdef ESP_PLATFORM
        case EBADF:  // FatFs: the volume was mounted anew since the file was opened
#endif
            return IoStatus::no_card;
        default:
            return IoStatus::failed;
    }
}

PosixStorage::Path PosixStorage::path_of(std::string_view path) const {
    Path whole(root_.view());
    whole.append(path);
    return whole;
}

IoStatus PosixStorage::failure() {
    const IoStatus status = io_status_of(errno);
    struct stat root {};
    if (status == IoStatus::not_found && ::stat(root_.c_str(), &root) != 0) return IoStatus::no_card;
    return status == IoStatus::read_only ? full_or(status) : status;
}

IoStatus PosixStorage::full_or(IoStatus status) {
    std::uint64_t total_bytes = 0;
    std::uint64_t free_bytes = 0;
    const bool is_full = read_space_(root_.c_str(), total_bytes, free_bytes) && total_bytes != 0 && free_bytes == 0;
    return is_full ? IoStatus::no_space : status;
}

IoStatus PosixStorage::open(std::string_view path, File& file) {
    file = ::open(path_of(path).c_str(), O_RDWR);
    return file >= 0 ? IoStatus::ok : failure();
}

IoStatus PosixStorage::create(std::string_view path, File& file) {
    file = ::open(path_of(path).c_str(), O_RDWR | O_CREAT | O_TRUNC, file_mode);
    if (file < 0) return failure();
    const IoStatus status = sync_folder_of(path);
    if (status == IoStatus::ok) return status;
    ::close(file);  // the caller has only what was created
    file = none;
    return status;
}

void PosixStorage::close(File file) {
    ::close(file);
}

IoStatus PosixStorage::size(File file, std::uint32_t& size_bytes) {
    return size_of(file, size_bytes) ? IoStatus::ok : failure();
}

IoStatus PosixStorage::pread(File file, std::uint32_t at, Room room, std::size_t& read_bytes) {
    read_bytes = 0;
    std::uint32_t size_bytes = 0;
    if (!size_of(file, size_bytes)) return failure();
    if (at >= size_bytes) return IoStatus::ok;  // seeking there would grow the file on FAT
    if (!seek(file, at)) return failure();
    while (read_bytes < room.size) {
        const ssize_t count = ::read(file, room.data + read_bytes, room.size - read_bytes);
        if (count < 0) return failure();
        if (count == 0) break;
        read_bytes += static_cast<std::size_t>(count);
    }
    return IoStatus::ok;
}

IoStatus PosixStorage::pwrite(File file, std::uint32_t at, Bytes bytes) {
    if (!seek(file, at)) return failure();
    std::size_t written_bytes = 0;
    while (written_bytes < bytes.size) {
        const ssize_t count = ::write(file, bytes.data + written_bytes, bytes.size - written_bytes);
        if (count < 0) return failure();
        if (count == 0) return IoStatus::no_space;
        written_bytes += static_cast<std::size_t>(count);
    }
    return IoStatus::ok;
}

IoStatus PosixStorage::sync(File file) {
    return ::fsync(file) == 0 ? IoStatus::ok : failure();
}

IoStatus PosixStorage::grow(File file, std::uint32_t size_bytes) {
    std::uint32_t before_bytes = 0;
    if (!size_of(file, before_bytes)) return failure();
    if (size_bytes <= before_bytes) return IoStatus::ok;
    if (allocate(file, size_bytes)) return IoStatus::ok;
    const IoStatus status = failure();
    return ::ftruncate(file, static_cast<off_t>(before_bytes)) == 0 ? status : IoStatus::failed;
}

IoStatus PosixStorage::trim(File file, std::uint32_t size_bytes) {
    std::uint32_t before_bytes = 0;
    if (!size_of(file, before_bytes)) return failure();
    if (size_bytes >= before_bytes) return IoStatus::ok;
    return ::ftruncate(file, static_cast<off_t>(size_bytes)) == 0 ? IoStatus::ok : failure();
}

IoStatus PosixStorage::remove(std::string_view path) {
    return std::remove(path_of(path).c_str()) == 0 ? sync_folder_of(path) : failure();
}

IoStatus PosixStorage::make_folder(std::string_view path) {
    if (::mkdir(path_of(path).c_str(), folder_mode) == 0) return sync_folder_of(path);
    return errno == EEXIST ? IoStatus::ok : failure();
}

IoStatus PosixStorage::list(std::string_view folder, Visitor& visitor) {
    const Path whole = path_of(folder);
    DIR* entries = ::opendir(whole.c_str());
    if (entries == nullptr) return failure();
    IoStatus status = IoStatus::ok;
    for (;;) {
        errno = 0;
        const dirent* entry = ::readdir(entries);
        if (entry == nullptr) {
            status = io_status_of(errno);
            break;
        }
        const std::string_view name(&entry->d_name[0]);
        Path path = whole;
        path.append('/').append(name);
        struct stat found {};
        // One whose name is too long is none of ours, and one that has gone meanwhile is not there.
        if (name == "." || name == ".." || !path.fits() || ::stat(path.c_str(), &found) != 0) continue;
        const bool is_folder = S_ISDIR(found.st_mode);
        if (!visitor.found(name, is_folder ? 0 : static_cast<std::uint32_t>(found.st_size), is_folder)) break;
    }
    ::closedir(entries);
    return status;
}

IoStatus PosixStorage::space(std::uint64_t& total_bytes, std::uint64_t& free_bytes) {
    return read_space_(root_.c_str(), total_bytes, free_bytes) ? IoStatus::ok : IoStatus::no_card;
}

#if defined(ESP_PLATFORM)
IoStatus PosixStorage::sync_folder_of(std::string_view) {
    return IoStatus::ok;
}
#else
IoStatus PosixStorage::sync_folder_of(std::string_view path) {
    const Path folder = path_of(path.substr(0, path.rfind('/')));
    const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY);
    if (handle < 0) return failure();
    const bool is_synced = ::fsync(handle) == 0 || errno == EINVAL;  // a file system that has no such thing
    const IoStatus status = is_synced ? IoStatus::ok : failure();
    ::close(handle);
    return status;
}
#endif

}  // namespace frameferry
