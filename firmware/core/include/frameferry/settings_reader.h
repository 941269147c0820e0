// Settings as they stand in the answers of several routes.
#pragma once

#include <string_view>

#include "frameferry/json_reader.h"
#include "frameferry/settings.h"

namespace frameferry {

// Told the fields of one `settings`. A resolution that this firmware does not know is the default one.
class SettingsReader {
public:
    // False where the field has another type than it must have.
    [[nodiscard]] bool value(std::string_view key, const JsonValue& value);
    // One of these that is a list or an object has another type, too.
    [[nodiscard]] static bool knows(std::string_view key);
    [[nodiscard]] const Settings& settings() const { return settings_; }

private:
    Settings settings_;
};

// False where it is no such name; then nothing is written.
[[nodiscard]] bool parse_resolution(std::string_view name, Resolution& resolution);

}  // namespace frameferry
