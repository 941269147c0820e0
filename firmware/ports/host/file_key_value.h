// Small values, a file each: what NVS is on the board.
#pragma once

#include <string>

#include "frameferry/ports.h"

namespace frameferry {

// A value is written beside the old one, synced, and put in its place: whole or not there.
class FileKeyValue final : public KeyValue {
public:
    explicit FileKeyValue(std::string folder) : folder_(std::move(folder)) {}

    Found get(std::string_view key, Room room, std::size_t& size) override;
    bool put(std::string_view key, Bytes value) override;
    bool erase(std::string_view key) override;

private:
    [[nodiscard]] std::string path_of(std::string_view key) const;
    [[nodiscard]] bool sync_folder() const;

    std::string folder_;
};

}  // namespace frameferry
