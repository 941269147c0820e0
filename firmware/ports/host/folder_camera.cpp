#include "host/folder_camera.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace frameferry {
namespace {

bool is_jpeg(const std::filesystem::path& path) {
    std::string suffix = path.extension().string();
    std::transform(suffix.begin(), suffix.end(), suffix.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    return suffix == ".jpg" || suffix == ".jpeg";
}

}  // namespace

FolderCamera::FolderCamera(const std::string& folder, std::optional<std::uint32_t> count) : left_(count ? std::int64_t{*count} : -1) {
    std::error_code unreadable;
    for (const auto& entry : std::filesystem::directory_iterator(folder, unreadable)) {
        if (is_jpeg(entry.path())) paths_.push_back(entry.path().string());
    }
    std::sort(paths_.begin(), paths_.end());
}

bool FolderCamera::grab(Frame& frame) {
    if (paths_.empty() || is_finished()) return false;
    std::ifstream file(paths_[next_ % paths_.size()], std::ios::binary);
    ++next_;
    jpeg_.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    if (!file || jpeg_.empty()) return false;
    if (left_ > 0) --left_;
    frame.jpeg = Bytes{jpeg_.data(), jpeg_.size()};
    return true;
}

}  // namespace frameferry
