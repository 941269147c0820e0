#include "frameferry/settings_reader.h"

#include <algorithm>
#include <array>

#include "frameferry/instant.h"

namespace frameferry {

namespace {

constexpr std::uint64_t longest_interval_s = 86'400;
constexpr std::array<std::string_view, 10> resolutions{"QVGA", "VGA",  "SVGA", "XGA",  "HD",
                                                       "SXGA", "UXGA", "FHD",  "QXGA", "QSXGA"};

bool keep_interval(const JsonValue& value, std::uint32_t& interval_s) {
    std::int64_t number = 0;
    if (!value.get(number)) return false;
    const auto longest = static_cast<std::int64_t>(longest_interval_s);
    if (number > 0) interval_s = static_cast<std::uint32_t>(std::min(number, longest));
    return true;
}

bool keep_quality(const JsonValue& value, std::uint8_t& quality) {
    std::int64_t number = 0;
    if (!value.get(number)) return false;
    if (number >= 4 && number <= 63) quality = static_cast<std::uint8_t>(number);
    return true;
}

bool keep_resolution(const JsonValue& value, Resolution& resolution) {
    std::string_view name;
    if (!value.get(name)) return false;
    if (!parse_resolution(name, resolution)) resolution = Settings().resolution;
    return true;
}

bool keep_policy(const JsonValue& value, bool& newest_first) {
    std::string_view name;
    if (!value.get(name)) return false;
    newest_first = name == "newest_first";
    return true;
}

bool keep_instant(const JsonValue& value, std::int64_t& utc_ms) {
    std::string_view text;
    return value.get(text) && parse_rfc3339(text, utc_ms);
}

}  // namespace

bool SettingsReader::value(std::string_view key, const JsonValue& value) {
    if (value.is_null()) return true;
    if (key == "interval_s") return keep_interval(value, settings_.interval_s);
    if (key == "jpeg_quality") return keep_quality(value, settings_.jpeg_quality);
    if (key == "resolution") return keep_resolution(value, settings_.resolution);
    if (key == "motion") return value.get(settings_.motion);
    if (key == "upload_policy") return keep_policy(value, settings_.newest_first);
    if (key == "paused") return value.get(settings_.paused);
    if (key == "paused_until") return keep_instant(value, settings_.paused_until_ms);
    return true;
}

bool SettingsReader::knows(std::string_view key) {
    constexpr std::array<std::string_view, 7> keys{"interval_s",    "jpeg_quality", "resolution",  "motion",
                                                   "upload_policy", "paused",       "paused_until"};
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

bool parse_resolution(std::string_view name, Resolution& resolution) {
    const auto* found = std::find(resolutions.begin(), resolutions.end(), name);
    if (found == resolutions.end()) return false;
    resolution = static_cast<Resolution>(found - resolutions.begin());
    return true;
}

}  // namespace frameferry
