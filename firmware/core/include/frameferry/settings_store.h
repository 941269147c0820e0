// What the owner wants of the device, kept.
#pragma once

#include <cstdint>

#include "frameferry/pause.h"
#include "frameferry/ports.h"
#include "frameferry/settings.h"

namespace frameferry {

[[nodiscard]] bool operator==(const Settings& one, const Settings& other);

// The settings as they are kept, with the server's number for them. The pause in them is the Pause's. From any thread.
class SettingsStore {
public:
    static constexpr std::uint64_t no_version = UINT64_MAX;

    // `pause` is of all servers, `values` of one.
    SettingsStore(KeyValue& values, Pause& pause, Mutex& mutex) : values_(values), pause_(pause), mutex_(mutex) {}

    // What cannot be read is the default, without a version: the next sync brings it.
    void load();
    [[nodiscard]] Settings settings();
    [[nodiscard]] Pause::Wish pause_wish();
    // `no_version` where they are not exactly the server's.
    [[nodiscard]] std::uint64_t version();
    // In force even where they cannot be kept; then only until the next start. False if so.
    bool change(const Settings& settings, std::uint64_t version);

    // An answer of this time of the server has told them, or had nothing to tell because they are the server's.
    void confirmed(std::int64_t server_time_ms);
    // What the server did to them at that time of its own is in them for certain.
    [[nodiscard]] bool know_of(std::int64_t server_time_ms);
    // They may lack something: they have no version until they are told once more. False where that is not kept.
    bool doubt();

private:
    bool keep(const Settings& settings, std::uint64_t version);

    KeyValue& values_;
    Pause& pause_;
    Mutex& mutex_;
    Settings settings_;
    std::uint64_t version_ = no_version;
    std::int64_t confirmed_at_ms_ = 0;  // of the server's time; 0: not since the start
};

}  // namespace frameferry
