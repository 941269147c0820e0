#include "host/state_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

namespace frameferry {

StateFolder::~StateFolder() {
    if (lock_ >= 0) ::close(lock_);
}

bool StateFolder::hold() {
    std::error_code failed;
    for (const std::string& each : {card(), values()}) std::filesystem::create_directories(each, failed);
    if (!failed) std::filesystem::permissions(folder_, std::filesystem::perms::owner_all, failed);
    if (!failed) lock_ = ::open((folder_ + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ < 0) {
        std::fprintf(stderr, "frameferry-device: cannot write to %s\n", folder_.c_str());
        return false;
    }
    if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return true;
    std::fprintf(stderr, "frameferry-device: another process uses %s\n", folder_.c_str());
    return false;
}

}  // namespace frameferry
