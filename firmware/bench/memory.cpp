// The core's memory, which is all given before the start: there is no heap. Prints JSON. Pointers have eight bytes here
// and four on the board, so that the board takes a little less.
#include <cstdio>

#include "frameferry/device.h"

using namespace frameferry;

int main() {
    constexpr std::size_t packs = 4500;  // a month of photos every 30 s, in packs of 20
    using Room = DeviceRoom<packs>;
    std::printf("{\"device_bytes\": %zu, \"room_bytes\": %zu, \"rows_bytes\": %zu, \"packs\": %zu}\n", sizeof(Device),
                sizeof(Room) - sizeof(Room::rows), sizeof(Room::rows), packs);
    return 0;
}
