// What an owner does in the console, and what the server makes of it (chalicelib/services/inbox.py).
#pragma once

#include <cstdint>
#include <regex>
#include <string>

#include "fakes/device_run.h"
#include "frameferry/instant.h"

namespace device_run {

class Owner {
public:
    explicit Owner(World& world) : world_(world) {}

    // Gives a command now. To pause and to resume changes the settings first.
    void give(const std::string& command_id, const std::string& kind, std::int64_t duration_s = 0) {
        const std::int64_t now_ms = fake_cloud::Cloud::utc_at_zero_ms + static_cast<std::int64_t>(world_.clock.now_ms);
        if (kind == "resume") set_pause("false");
        if (kind == "pause" && duration_s == 0) set_pause("true");
        if (kind == "pause" && duration_s != 0) {
            set_pause("false", '"' + std::string(frameferry::to_rfc3339(now_ms + duration_s * 1000).c_str()) + '"');
        }
        const std::string arguments = duration_s == 0 ? "" : R"({"duration_s":)" + std::to_string(duration_s) + "}";
        world_.cloud.commands.push_back({command_id, kind, arguments, now_ms});
    }

    // Both as JSON.
    void set_pause(const std::string& paused, const std::string& paused_until = "null") {
        static const std::regex before(R"re(,?"paused(_until)?":(true|false|null|"[^"]*"))re");
        std::string& settings = world_.cloud.settings;
        settings = std::regex_replace(settings, before, "");
        settings.pop_back();
        settings += R"(,"paused":)" + paused + R"(,"paused_until":)" + paused_until + "}";
        ++world_.cloud.settings_version;
    }

private:
    World& world_;
};

}  // namespace device_run
