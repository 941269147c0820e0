// A camera that sees the JPEGs of a folder, in the order of their names, over and over.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "frameferry/ports.h"

namespace frameferry {

class FolderCamera final : public Camera {
public:
    // `count`: so many pictures, and then none any more.
    explicit FolderCamera(const std::string& folder, std::optional<std::uint32_t> count = std::nullopt);

    [[nodiscard]] bool has_pictures() const { return !paths_.empty(); }
    // From any thread.
    [[nodiscard]] bool is_finished() const { return left_ == 0; }

    bool grab(Frame& frame) override;
    void release() override { jpeg_.clear(); }
    void configure(Resolution, std::uint8_t) override {}

private:
    std::vector<std::string> paths_;
    std::size_t next_ = 0;
    std::atomic<std::int64_t> left_;  // below 0: no end
    std::vector<std::uint8_t> jpeg_;
};

}  // namespace frameferry
