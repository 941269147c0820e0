#include "esp32/card_storage.h"

#include <ff.h>
// Does not include what it needs.
#include <diskio_sdmmc.h>
#include <driver/sdmmc_host.h>
#include <esp_vfs_fat.h>
#include <soc/soc.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "esp32/pins.h"

namespace frameferry {
namespace {

constexpr const char* mount_point = "/sdcard";
constexpr int most_open_files = 5;

// 8 KB at a time is what a card likes; internal memory is what its DMA reaches.
alignas(64) std::array<std::uint8_t, 8192> bounce;

bool reaches(const void* memory) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    return address >= SOC_DMA_LOW && address < SOC_DMA_HIGH;
}

bool read_space(const char* root, std::uint64_t& total_bytes, std::uint64_t& free_bytes) {
    return esp_vfs_fat_info(root, &total_bytes, &free_bytes) == ESP_OK;
}

sdmmc_slot_config_t slot_of_the_sense_board() {
    sdmmc_slot_config_t slot = SDMMC_SLOT_CONFIG_DEFAULT();
    slot.clk = pins::card_clock;
    slot.cmd = pins::card_command;
    slot.d0 = pins::card_data;
    slot.width = 1;
    slot.flags |= SDMMC_SLOT_FLAG_INTERNAL_PULLUP;
    return slot;
}

IoStatus status_of(FRESULT result) {
    switch (result) {
        case FR_OK: return IoStatus::ok;
        case FR_NO_FILE:
        case FR_NO_PATH: return IoStatus::not_found;
        case FR_NOT_READY:
        case FR_NOT_ENABLED:
        case FR_NO_FILESYSTEM: return IoStatus::no_card;
        default: return IoStatus::failed;
    }
}

}  // namespace

CardStorage::CardStorage() : PosixStorage(mount_point, read_space) {}

IoStatus CardStorage::ready() {
    if (card_ != nullptr && !is_away_) return IoStatus::ok;
    if (open_files_ != 0) return IoStatus::no_card;
    unmount();
    const sdmmc_host_t host = SDMMC_HOST_DEFAULT();
    const sdmmc_slot_config_t slot = slot_of_the_sense_board();
    esp_vfs_fat_sdmmc_mount_config_t config{};
    config.max_files = most_open_files;
    config.disk_status_check_enable = true;  // tells a card that was pulled out from one that fails
    if (esp_vfs_fat_sdmmc_mount(mount_point, &host, &slot, &config, &card_) != ESP_OK) card_ = nullptr;
    is_away_ = card_ == nullptr;
    return is_away_ ? IoStatus::no_card : IoStatus::ok;
}

void CardStorage::unmount() {
    if (card_ != nullptr) esp_vfs_fat_sdcard_unmount(mount_point, card_);
    card_ = nullptr;
}

IoStatus CardStorage::noted(IoStatus status) {
    is_away_ = is_away_ || status == IoStatus::no_card;
    return status;
}

IoStatus CardStorage::open(std::string_view path, File& file) {
    if (const IoStatus status = ready(); status != IoStatus::ok) return status;
    const IoStatus status = noted(PosixStorage::open(path, file));
    if (status == IoStatus::ok) ++open_files_;
    return status;
}

IoStatus CardStorage::create(std::string_view path, File& file) {
    if (const IoStatus status = ready(); status != IoStatus::ok) return status;
    const IoStatus status = noted(PosixStorage::create(path, file));
    if (status == IoStatus::ok) ++open_files_;
    return status;
}

void CardStorage::close(File file) {
    PosixStorage::close(file);
    --open_files_;
}

IoStatus CardStorage::pread(File file, std::uint32_t at, Room room, std::size_t& read_bytes) {
    if (reaches(room.data)) return noted(PosixStorage::pread(file, at, room, read_bytes));
    for (read_bytes = 0; read_bytes < room.size;) {
        std::size_t count = 0;
        const Room part = Room(bounce).first(room.size - read_bytes);
        const IoStatus status = PosixStorage::pread(file, at + static_cast<std::uint32_t>(read_bytes), part, count);
        if (status != IoStatus::ok) return noted(status);
        if (count == 0) break;
        std::memcpy(room.data + read_bytes, bounce.data(), count);
        read_bytes += count;
    }
    return IoStatus::ok;
}

IoStatus CardStorage::pwrite(File file, std::uint32_t at, Bytes bytes) {
    if (reaches(bytes.data)) return noted(PosixStorage::pwrite(file, at, bytes));
    for (std::size_t written = 0; written < bytes.size;) {
        const Bytes part = bytes.from(written).first(bounce.size());
        std::memcpy(bounce.data(), part.data, part.size);
        const IoStatus status =
            PosixStorage::pwrite(file, at + static_cast<std::uint32_t>(written), Bytes(bounce).first(part.size));
        if (status != IoStatus::ok) return noted(status);
        written += part.size;
    }
    return IoStatus::ok;
}

IoStatus CardStorage::remove(std::string_view path) {
    const IoStatus status = ready();
    return status == IoStatus::ok ? noted(PosixStorage::remove(path)) : status;
}

IoStatus CardStorage::make_folder(std::string_view path) {
    const IoStatus status = ready();
    return status == IoStatus::ok ? noted(PosixStorage::make_folder(path)) : status;
}

IoStatus CardStorage::list(std::string_view folder, Visitor& visitor) {
    if (const IoStatus status = ready(); status != IoStatus::ok) return status;
    Text<140> path;
    path.append_number(ff_diskio_get_pdrv_card(card_)).append(':').append(folder);
    FF_DIR entries{};
    FRESULT result = f_opendir(&entries, path.c_str());
    if (result != FR_OK) return noted(status_of(result));
    FILINFO entry{};
    while ((result = f_readdir(&entries, &entry)) == FR_OK && entry.fname[0] != '\0') {
        const bool is_folder = (entry.fattrib & AM_DIR) != 0;
        const auto size_bytes = static_cast<std::uint32_t>(entry.fsize);
        if (!visitor.found(&entry.fname[0], is_folder ? 0 : size_bytes, is_folder)) break;
    }
    f_closedir(&entries);
    return noted(status_of(result));
}

}  // namespace frameferry
