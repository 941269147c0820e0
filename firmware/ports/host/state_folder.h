// Where a device on this machine keeps what it has: for one process at a time.
#pragma once

#include <string>

namespace frameferry {

class StateFolder {
public:
    explicit StateFolder(std::string folder) : folder_(std::move(folder)) {}
    StateFolder(const StateFolder&) = delete;
    StateFolder& operator=(const StateFolder&) = delete;
    ~StateFolder();

    // Makes what is missing. False where that cannot be, or where another process holds it: then it has said so on
    // stderr. A process that is killed holds nothing any more.
    bool hold();
    [[nodiscard]] std::string card() const { return folder_ + "/card"; }
    [[nodiscard]] std::string values() const { return folder_ + "/values"; }

private:
    std::string folder_;
    int lock_ = -1;
};

}  // namespace frameferry
