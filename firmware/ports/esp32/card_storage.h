// The card in the Sense board's slot: SDMMC with one data line, FAT32, POSIX calls.
#pragma once

#include <sdmmc_cmd.h>

#include <cstdint>

#include "frameferry/ports.h"
#include "posix/posix_storage.h"

namespace frameferry {

// Never formats. A card that was pulled out is looked for again by the next call that names a path.
class CardStorage final : public PosixStorage {
public:
    CardStorage();

    IoStatus open(std::string_view path, File& file) override;
    IoStatus create(std::string_view path, File& file) override;
    void close(File file) override;
    // The card's DMA does not reach PSRAM, where photos lie; the driver would take them sector by sector.
    IoStatus pread(File file, std::uint32_t at, Room room, std::size_t& read_bytes) override;
    IoStatus pwrite(File file, std::uint32_t at, Bytes bytes) override;
    IoStatus remove(std::string_view path) override;
    IoStatus make_folder(std::string_view path) override;
    // By FatFs: its folders tell the sizes, POSIX asks for each one.
    IoStatus list(std::string_view folder, Visitor& visitor) override;

private:
    IoStatus ready();
    IoStatus noted(IoStatus status);
    void unmount();

    sdmmc_card_t* card_ = nullptr;
    bool is_away_ = false;
    int open_files_ = 0;  // numbers of files of a card that is away must not become those of another one
};

}  // namespace frameferry
