// Holds a mutex as long as it lives.
#pragma once

#include "frameferry/ports.h"

namespace frameferry {

class Lock {
public:
    explicit Lock(Mutex& mutex) : mutex_(mutex) { mutex_.lock(); }
    ~Lock() { mutex_.unlock(); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

private:
    Mutex& mutex_;
};

// As Lock. Calls `meanwhile` each time that it has waited for so long in vain: for who has something to do that must not
// wait, as a watchdog to feed.
class PatientLock {
public:
    template <class Meanwhile>
    PatientLock(Mutex& mutex, std::uint32_t each_ms, Meanwhile meanwhile) : mutex_(mutex) {
        while (!mutex_.try_lock(each_ms)) meanwhile();
    }
    ~PatientLock() { mutex_.unlock(); }
    PatientLock(const PatientLock&) = delete;
    PatientLock& operator=(const PatientLock&) = delete;

private:
    Mutex& mutex_;
};

}  // namespace frameferry
