// What this machine has that the core needs: locks, chance, room on its disk.
#pragma once

#include <cstdint>
#include <mutex>

#include "frameferry/ports.h"

namespace frameferry {

class HostMutex final : public Mutex {
public:
    void lock() override { mutex_.lock(); }
    void unlock() override { mutex_.unlock(); }

private:
    std::mutex mutex_;
};

class HostEntropy final : public Entropy {
public:
    void fill(Room room) override;
};

// A PosixStorage::SpaceReader.
bool read_disk_space(const char* root, std::uint64_t& total_bytes, std::uint64_t& free_bytes);

}  // namespace frameferry
