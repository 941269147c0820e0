#include "esp32/board_memory.h"

#include <array>
#include <new>

#include "esp32/system.h"

namespace frameferry {
namespace {

constexpr std::size_t most_packs = 8'192;
constexpr std::size_t window = 100;

// Plain data: PSRAM has no atomic operations.
struct Tables {
    std::array<PackRow, most_packs> rows;
    std::array<Way, window> ways;
    std::array<NamedPack, window> named;
    std::array<ObjectAnswer, window> answers;
};

alignas(64) std::array<std::uint8_t, 8192> card;
alignas(64) std::array<std::uint8_t, 8192> chunk;
std::array<std::uint8_t, 4096> http_send;
std::array<std::uint8_t, 1024> http_receive;
std::array<std::uint8_t, 4096> json_scratch;

}  // namespace

bool make_device_memory(DeviceMemory& memory) {
    void* const room = external_memory(sizeof(Tables));
    if (room == nullptr) return false;
    auto* const tables = new (room) Tables();
    memory.packs = {tables->rows.data(), most_packs, card};
    memory.uplink = {tables->ways.data(), tables->named.data(), tables->answers.data(), window,
                     http_send,           http_receive,         json_scratch,           chunk};
    return true;
}

}  // namespace frameferry
