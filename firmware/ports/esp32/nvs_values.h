// Small values in NVS, in a partition of its own: the core erases the common one when it does not understand it.
#pragma once

#include <nvs.h>

#include "frameferry/ports.h"

namespace frameferry {

class NvsValues final : public KeyValue {
public:
    // False where the partition cannot be read: then every value is `broken`, and nothing is kept.
    bool begin();
    // Gives up what cannot be read anyway. Only when somebody stands before the device and sets it up anew.
    bool begin_anew();

    Found get(std::string_view key, Room room, std::size_t& size) override;
    bool put(std::string_view key, Bytes value) override;
    bool erase(std::string_view key) override;

private:
    nvs_handle_t handle_ = 0;
    bool is_open_ = false;
};

}  // namespace frameferry
