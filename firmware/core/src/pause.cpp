#include "frameferry/pause.h"

#include "frameferry/kept_values.h"
#include "frameferry/lock.h"

namespace frameferry {
namespace {

constexpr std::string_view pause_key = "pause";
constexpr std::uint8_t pause_format = 2;
constexpr std::uint8_t format_before = 1;  // without the button's time
using PauseRecord = std::array<std::uint8_t, 24>;

}  // namespace

void Pause::load() {
    const Lock lock(mutex_);
    PauseRecord record{};
    RecordReader reader(record);
    KeyValue::Found found = reader.get(values_, pause_key, pause_format);
    const bool may_be_old = found == KeyValue::Found::broken;
    if (may_be_old) found = reader.get(values_, pause_key, format_before);
    if (found == KeyValue::Found::nothing) {
        by_button_ = false;
        owner_ = {};
        return;
    }
    const bool by_button = reader.number(1) != 0;
    const bool by_owner = reader.number(1) != 0;
    const auto until_ms = static_cast<std::int64_t>(reader.number());
    const auto button_at_ms = may_be_old ? 0 : static_cast<std::int64_t>(reader.number());
    if (found != KeyValue::Found::value || !reader.is_whole()) return;
    by_button_ = by_button;
    button_at_ms_ = button_at_ms;
    owner_ = {by_owner, until_ms};
}

bool Pause::is_paused() {
    const Lock lock(mutex_);
    if (by_button_ || owner_.is_paused) return true;
    return owner_.until_ms != 0 && !has_ended(owner_);
}

bool Pause::has_ended(const Wish& wish) {
    const bool is_timed = !wish.is_paused && wish.until_ms != 0;
    return is_timed && clock_.is_set() && clock_.earliest_utc_ms() >= wish.until_ms;
}

bool Pause::set_button(bool is_paused) {
    const Lock lock(mutex_);
    by_button_ = is_paused;
    button_at_ms_ = is_paused ? clock_.earliest_utc_ms() : 0;
    return changed();
}

bool Pause::set_owner(const Wish& told) {
    const Lock lock(mutex_);
    const Wish wish = not_ended(told);
    if (is_kept_ && wish.is_paused == owner_.is_paused && wish.until_ms == owner_.until_ms) return true;
    owner_ = wish;
    return changed();
}

// In force is the one that lasts longer.
bool Pause::pause(const Wish& told, const Wish& settings) {
    const bool is_longer = told.is_paused || (!settings.is_paused && told.until_ms > settings.until_ms);
    return set_owner(is_longer ? told : settings);
}

bool Pause::resume(const Wish& settings, std::int64_t given_at_ms) {
    const Lock lock(mutex_);
    by_button_ = by_button_ && button_at_ms_ > given_at_ms;
    owner_ = not_ended(settings);
    return changed();
}

bool Pause::is_paused_by_button() {
    const Lock lock(mutex_);
    return by_button_;
}

// What has ended must not be there after a reboot, when nobody knows the time.
bool Pause::keep() {
    const Lock lock(mutex_);
    if (has_ended(owner_)) {
        owner_ = {};
        is_kept_ = false;
    }
    return is_kept_ || keep_now();
}

bool Pause::changed() {
    is_kept_ = false;
    return keep_now();
}

bool Pause::keep_now() {
    PauseRecord record{};
    RecordWriter writer(record, pause_format);
    writer.number(by_button_ ? 1 : 0, 1).number(owner_.is_paused ? 1 : 0, 1);
    writer.number(static_cast<std::uint64_t>(owner_.until_ms)).number(static_cast<std::uint64_t>(button_at_ms_));
    is_kept_ = writer.put(values_, pause_key);
    return is_kept_;
}

}  // namespace frameferry
