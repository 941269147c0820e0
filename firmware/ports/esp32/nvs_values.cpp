#include "esp32/nvs_values.h"

#include <nvs_flash.h>

#include "frameferry/bytes.h"

namespace frameferry {
namespace {

constexpr const char* partition = "ferry";  // partitions.csv
constexpr const char* name_space = "ferry";
using Key = Text<NVS_KEY_NAME_MAX_SIZE - 1>;

}  // namespace

bool NvsValues::begin() {
    is_open_ = nvs_flash_init_partition(partition) == ESP_OK &&
               nvs_open_from_partition(partition, name_space, NVS_READWRITE, &handle_) == ESP_OK;
    return is_open_;
}

bool NvsValues::begin_anew() { return is_open_ || (nvs_flash_erase_partition(partition) == ESP_OK && begin()); }

KeyValue::Found NvsValues::get(std::string_view key, Room room, std::size_t& size) {
    if (!is_open_) return Found::broken;
    size = room.size;
    const esp_err_t error = nvs_get_blob(handle_, Key(key).c_str(), room.data, &size);
    if (error == ESP_ERR_NVS_NOT_FOUND) return Found::nothing;
    return error == ESP_OK ? Found::value : Found::broken;
}

bool NvsValues::put(std::string_view key, Bytes value) {
    return is_open_ && nvs_set_blob(handle_, Key(key).c_str(), value.data, value.size) == ESP_OK &&
           nvs_commit(handle_) == ESP_OK;
}

bool NvsValues::erase(std::string_view key) {
    if (!is_open_) return false;
    const esp_err_t error = nvs_erase_key(handle_, Key(key).c_str());
    return error == ESP_ERR_NVS_NOT_FOUND || (error == ESP_OK && nvs_commit(handle_) == ESP_OK);
}

}  // namespace frameferry
