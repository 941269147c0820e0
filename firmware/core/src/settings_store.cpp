#include "frameferry/settings_store.h"

#include <algorithm>

#include "frameferry/kept_values.h"
#include "frameferry/lock.h"

namespace frameferry {
namespace {

constexpr std::string_view settings_key = "settings";
constexpr std::uint8_t settings_format = 1;
using SettingsRecord = std::array<std::uint8_t, 40>;
// A server notes the time of a command before it changes the settings with it, and the time of a sync's answer after it
// has read them: a gateway gives each of the two half a minute.
constexpr std::int64_t longest_request_ms = 60'000;

// Whoever sends them: a camera that captures without a pause between, or never, is of no use to anybody.
Settings within_limits(Settings settings) {
    settings.interval_s = std::clamp<std::uint32_t>(settings.interval_s, 1, 86'400);
    settings.jpeg_quality = std::clamp<std::uint8_t>(settings.jpeg_quality, 4, 63);
    settings.resolution = std::min(settings.resolution, Resolution::qsxga);
    return settings;
}

}  // namespace

bool operator==(const Settings& one, const Settings& other) {
    return one.interval_s == other.interval_s && one.jpeg_quality == other.jpeg_quality &&
           one.resolution == other.resolution && one.motion == other.motion &&
           one.newest_first == other.newest_first && one.paused == other.paused &&
           one.paused_until_ms == other.paused_until_ms;
}

void SettingsStore::load() {
    const Lock lock(mutex_);
    SettingsRecord record{};
    RecordReader reader(record);
    if (reader.get(values_, settings_key, settings_format) != KeyValue::Found::value) return;
    Settings kept;
    kept.interval_s = static_cast<std::uint32_t>(reader.number(4));
    kept.jpeg_quality = static_cast<std::uint8_t>(reader.number(1));
    kept.resolution = static_cast<Resolution>(reader.number(1));
    kept.motion = reader.number(1) != 0;
    kept.newest_first = reader.number(1) != 0;
    kept.paused = reader.number(1) != 0;
    kept.paused_until_ms = static_cast<std::int64_t>(reader.number());
    const std::uint64_t version = reader.number();
    if (!reader.is_whole()) return;
    settings_ = within_limits(kept);
    version_ = version;
}

Settings SettingsStore::settings() {
    const Lock lock(mutex_);
    return settings_;
}

Pause::Wish SettingsStore::pause_wish() {
    const Settings now = settings();
    return {now.paused, now.paused_until_ms};
}

std::uint64_t SettingsStore::version() {
    const Lock lock(mutex_);
    return version_;
}

bool SettingsStore::change(const Settings& settings, std::uint64_t version) {
    // The pause first: with the version kept and the pause lost, nobody would ever tell it again.
    const bool is_pause_kept = pause_.set_owner({settings.paused, settings.paused_until_ms});
    const Lock lock(mutex_);
    const Settings wanted = within_limits(settings);
    if (wanted == settings_ && version == version_) return is_pause_kept;
    settings_ = wanted;
    version_ = is_pause_kept ? version : no_version;
    return keep(settings_, version_) && is_pause_kept;
}

void SettingsStore::confirmed(std::int64_t server_time_ms) {
    const Lock lock(mutex_);
    confirmed_at_ms_ = server_time_ms;
}

bool SettingsStore::know_of(std::int64_t server_time_ms) {
    const Lock lock(mutex_);
    return confirmed_at_ms_ != 0 && server_time_ms < confirmed_at_ms_ - longest_request_ms;
}

bool SettingsStore::doubt() {
    const Lock lock(mutex_);
    if (version_ == no_version) return true;
    version_ = no_version;
    return keep(settings_, version_);
}

bool SettingsStore::keep(const Settings& settings, std::uint64_t version) {
    SettingsRecord record{};
    RecordWriter writer(record, settings_format);
    writer.number(settings.interval_s, 4).number(settings.jpeg_quality, 1);
    writer.number(static_cast<std::uint64_t>(settings.resolution), 1).number(settings.motion ? 1 : 0, 1);
    writer.number(settings.newest_first ? 1 : 0, 1).number(settings.paused ? 1 : 0, 1);
    writer.number(static_cast<std::uint64_t>(settings.paused_until_ms)).number(version);
    return writer.put(values_, settings_key);
}

}  // namespace frameferry
