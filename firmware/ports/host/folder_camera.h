// A camera that sees the JPEGs of a folder, in the order of their names, over and over.
#pragma once

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
    [[nodiscard]] bool is_finished() const { return left_ == std::uint32_t{0}; }

    bool grab(Frame& frame) override;
    void release() override { jpeg_.clear(); }
    void configure(Resolution, std::uint8_t) override {}

private:
    std::vector<std::string> paths_;
    std::size_t next_ = 0;
    std::optional<std::uint32_t> left_;
    std::vector<std::uint8_t> jpeg_;
};

}  // namespace frameferry
