// What this machine has that the core needs: locks, chance, room on its disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

#include "frameferry/ports.h"

namespace frameferry {

class HostMutex final : public Mutex {
public:
    void lock() override { mutex_.lock(); }
    bool try_lock(std::uint32_t within_ms) override { return mutex_.try_lock_for(std::chrono::milliseconds(within_ms)); }
    void unlock() override { mutex_.unlock(); }

private:
    std::timed_mutex mutex_;
};

class HostEntropy final : public Entropy {
public:
    void fill(Room room) override;
};

// A PosixStorage::SpaceReader.
bool read_disk_space(const char* root, std::uint64_t& total_bytes, std::uint64_t& free_bytes);

}  // namespace frameferry
