#include "host/file_key_value.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace frameferry {
namespace {

constexpr mode_t owner_only = 0600;  // a device's token is among the values

class OpenFile {
public:
    OpenFile(const std::string& path, int flags) : handle_(::open(path.c_str(), flags | O_CLOEXEC, owner_only)) {}
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile() {
        if (is_open()) ::close(handle_);
    }

    [[nodiscard]] bool is_open() const { return handle_ >= 0; }
    [[nodiscard]] bool sync() const { return ::fsync(handle_) == 0; }

    [[nodiscard]] bool write(Bytes bytes) const {
        while (!bytes.empty()) {
            const ssize_t count = ::write(handle_, bytes.data, bytes.size);
            if (count <= 0) return false;
            bytes = bytes.from(static_cast<std::size_t>(count));
        }
        return true;
    }

    // False where it does not fit, or cannot be read.
    [[nodiscard]] bool read_all(Room room, std::size_t& size) const {
        size = 0;
        for (;;) {
            std::uint8_t beyond = 0;
            const Room left = room.from(size);
            const ssize_t count = left.size != 0 ? ::read(handle_, left.data, left.size) : ::read(handle_, &beyond, 1);
            if (count <= 0) return count == 0;
            if (left.size == 0) return false;
            size += static_cast<std::size_t>(count);
        }
    }

private:
    int handle_;
};

}  // namespace

std::string FileKeyValue::path_of(std::string_view key) const {
    return folder_ + "/" + std::string(key);
}

bool FileKeyValue::sync_folder() const {
    const OpenFile folder(folder_, O_RDONLY | O_DIRECTORY);
    return folder.is_open() && folder.sync();
}

KeyValue::Found FileKeyValue::get(std::string_view key, Room room, std::size_t& size) {
    size = 0;
    const OpenFile file(path_of(key), O_RDONLY);
    if (!file.is_open()) return errno == ENOENT ? Found::nothing : Found::broken;
    return file.read_all(room, size) ? Found::value : Found::broken;
}

bool FileKeyValue::put(std::string_view key, Bytes value) {
    const std::string path = path_of(key);
    const std::string beside = path + ".new";
    {
        const OpenFile file(beside, O_WRONLY | O_CREAT | O_TRUNC);
        if (!file.is_open() || !file.write(value) || !file.sync()) return false;
    }
    return std::rename(beside.c_str(), path.c_str()) == 0 && sync_folder();
}

bool FileKeyValue::erase(std::string_view key) {
    if (::unlink(path_of(key).c_str()) != 0) return errno == ENOENT;
    return sync_folder();
}

}  // namespace frameferry
