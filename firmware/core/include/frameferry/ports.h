// What the core needs of the machine it runs on. A port translates: it does not retry, parse, or remember what the core
// should know. Nothing here is called from two threads at once unless it says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "frameferry/bytes.h"

namespace frameferry {

// How much a wall clock is to be believed.
enum class ClockQuality : std::uint8_t {
    never_set,  // nobody has told the time since this boot
    date,       // by the Date header of the API, to some seconds
    ntp,    // at some time since this boot; how long ago shows in `Clock::drift_ms`
};

class Clock {
public:
    virtual ~Clock() = default;
    // Milliseconds since this boot. Never goes back, and goes on through light sleep. From any thread.
    virtual std::uint64_t monotonic_ms() = 0;
    // Milliseconds since 1970-01-01 in UTC; 0 while `quality` is never_set. From any thread.
    virtual std::int64_t utc_ms() = 0;
    virtual ClockQuality quality() = 0;
    // How far `utc_ms` may be off by now for having drifted since it was set, at the worst. 0 for a clock that
    // something else keeps right all the time. From any thread.
    virtual std::uint32_t drift_ms() = 0;
    // From now on it is this time, and known so. Ignored by a port whose clock something else keeps right.
    virtual void set_utc_ms(std::int64_t utc_ms, ClockQuality quality) = 0;
};

// Not to be taken twice by one thread.
class Mutex {
public:
    virtual ~Mutex() = default;
    virtual void lock() = 0;
    // False where somebody else still has it after so long.
    virtual bool try_lock(std::uint32_t within_ms) = 0;
    virtual void unlock() = 0;
};

class Entropy {
public:
    virtual ~Entropy() = default;
    // Fills the room with bytes that nobody can guess (RF noise on the board). From any thread.
    virtual void fill(Room room) = 0;
};

enum class IoStatus : std::uint8_t {
    ok,
    not_found,
    no_space,
    read_only,
    no_card,  // missing or pulled out: nothing can be done until it is back
    failed,   // EIO and what is like it
};

// One file system: the card. A handle is small and never negative. Paths begin with "/", are US-ASCII and at most 127
// characters. Nothing is durable before `sync` of the file has returned ok, neither bytes, nor size, nor name: FAT keeps
// all three in the folder's entry. What was removed may be back after a power cut until the next sync of any file.
class Storage {
public:
    using File = int;
    static constexpr File none = -1;

    // Called once for each file or folder; false ends the listing. `size_bytes` is 0 for a folder.
    class Visitor {
    public:
        virtual ~Visitor() = default;
        virtual bool found(std::string_view name, std::uint32_t size_bytes, bool is_folder) = 0;
    };

    virtual ~Storage() = default;
    // An existing file, to be read and written. not_found where there is none.
    virtual IoStatus open(std::string_view path, File& file) = 0;
    // A new file of no bytes; one that is there becomes empty. The folder it lies in exists.
    virtual IoStatus create(std::string_view path, File& file) = 0;
    virtual void close(File file) = 0;
    virtual IoStatus size(File file, std::uint32_t& size_bytes) = 0;
    // `read_bytes` is less than the room only at the end of the file.
    virtual IoStatus pread(File file, std::uint32_t at, Room room, std::size_t& read_bytes) = 0;
    // All bytes, or not ok; then any of them may have been written. Never past the file's size: see `grow`.
    virtual IoStatus pwrite(File file, std::uint32_t at, Bytes bytes) = 0;
    virtual IoStatus sync(File file) = 0;
    // The file has this size then, over whatever lies on the card. no_space leaves it as it was.
    virtual IoStatus grow(File file, std::uint32_t size_bytes) = 0;
    virtual IoStatus trim(File file, std::uint32_t size_bytes) = 0;
    // A file that is not open, or a folder with nothing in it. not_found is not an error to most callers.
    virtual IoStatus remove(std::string_view path) = 0;
    // ok also where it exists.
    virtual IoStatus make_folder(std::string_view path) = 0;
    // not_found where the folder is missing.
    virtual IoStatus list(std::string_view folder, Visitor& visitor) = 0;
    virtual IoStatus space(std::uint64_t& total_bytes, std::uint64_t& free_bytes) = 0;
};

// Small values that survive a reset, and each write of which is whole or not there: NVS on the board.
class KeyValue {
public:
    enum class Found : std::uint8_t {
        value,
        nothing,  // never written
        broken,   // there may be one, and it cannot be read
    };

    virtual ~KeyValue() = default;
    // Keys have at most 15 characters (NVS). `size` is at most the room's; a longer value is broken.
    virtual Found get(std::string_view key, Room room, std::size_t& size) = 0;
    // Durable once it returns true.
    virtual bool put(std::string_view key, Bytes value) = 0;
    virtual bool erase(std::string_view key) = 0;
};

// What a connection said. Negative means that it is dead (coreHTTP's rule: no bytes never means disconnected).
enum class NetStatus : std::int8_t {
    again = 0,          // not now; nothing happened
    closed = -1,        // the other side has closed it in order
    reset = -2,         // broken
    timed_out = -3,
    no_address = -4,    // DNS
    refused = -5,       // nobody listens, or no route
    tls_failed = -6,    // handshake, or a record that is not to be trusted
    no_memory = -7,     // not enough, or not in one piece, to begin TLS
};

struct NetResult {
    NetStatus status = NetStatus::again;
    std::size_t bytes = 0;  // more than 0 only where status is `again`

    static NetResult of(std::size_t bytes) { return {NetStatus::again, bytes}; }
    static NetResult dead(NetStatus status) { return {status, 0}; }
    [[nodiscard]] bool is_dead() const { return status != NetStatus::again; }
};

struct Endpoint {
    std::string_view host;
    std::uint16_t port = 443;
    bool uses_tls = true;
};

// One connection at a time, plain or TLS. A port keeps a TLS session for each host, to resume it.
class Transport {
public:
    virtual ~Transport() = default;
    // Connects and shakes hands, at most until the deadline (of Clock::monotonic_ms). `again` means: it stands.
    virtual NetResult connect(const Endpoint& endpoint, std::uint64_t deadline_ms) = 0;
    // Up to all of the bytes; waits at most until the deadline, and then gives 0 bytes and `again`.
    virtual NetResult write(Bytes bytes, std::uint64_t deadline_ms) = 0;
    virtual NetResult read(Room room, std::uint64_t deadline_ms) = 0;
    // Also after it has died, and twice.
    virtual void close() = 0;
};

struct Frame {
    Bytes jpeg;
};

// Resolutions by the names of the settings.
enum class Resolution : std::uint8_t { qvga, vga, svga, xga, hd, sxga, uxga, fhd, qxga, qsxga };

class Camera {
public:
    virtual ~Camera() = default;
    // The newest frame, whole or not: whether it is a JPEG is for the core to see. False where there is none.
    virtual bool grab(Frame& frame) = 0;
    // Gives the frame back. Exactly once for each that was grabbed.
    virtual void release() = 0;
    // `jpeg_quality` is the driver's: 4 (best) to 63. From the next grab on.
    virtual void configure(Resolution resolution, std::uint8_t jpeg_quality) = 0;
};

}  // namespace frameferry
