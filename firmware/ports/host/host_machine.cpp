#include "host/host_machine.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace frameferry {

void HostEntropy::fill(Room room) {
    constexpr std::size_t most_at_once = 256;  // of getentropy
    while (room.size != 0) {
        const std::size_t size = std::min(room.size, most_at_once);
        if (::getentropy(room.data, size) != 0) {
            std::perror("getentropy");
            std::abort();  // nothing may be made up in its place
        }
        room = room.from(size);
    }
}

bool read_disk_space(const char* root, std::uint64_t& total_bytes, std::uint64_t& free_bytes) {
    struct statvfs disk {};
    if (::statvfs(root, &disk) != 0) return false;
    total_bytes = std::uint64_t{disk.f_blocks} * disk.f_frsize;
    free_bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize;
    return true;
}

}  // namespace frameferry
