// The last lines of what a device did: for the owner who asks, and for who looks at the serial port.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "frameferry/bytes.h"
#include "frameferry/ports.h"

namespace frameferry {

// Lines of a fixed length; the oldest goes. In memory: a log on flash would wear it out. Nothing secret is ever handed
// to it: no token, no code, no query of a URL. From any thread.
class LogRing {
public:
    static constexpr std::size_t line_size = 80;
    static constexpr std::uint32_t line_count = 64;
    using Line = Text<line_size>;

    // Sees each line as it is added: a serial port. With the ring's lock held.
    class Listener {
    public:
        virtual ~Listener() = default;
        virtual void logged(std::string_view line) = 0;
    };

    LogRing(Clock& clock, Mutex& mutex, Listener* listener = nullptr)
        : clock_(clock), mutex_(mutex), listener_(listener) {}

    // "<seconds since the boot> <text>", cut where it is too long; what is not printable US-ASCII becomes '?'.
    void add(std::string_view text);
    void add(std::string_view text, std::string_view detail);
    void add(std::string_view text, std::uint64_t number);

    // A line as it is told: `number` counts from 0 at the boot, and no two lines of a boot are of one millisecond.
    struct Told {
        std::uint32_t number = 0;
        std::uint64_t at_ms = 0;  // of Clock::monotonic_ms
        Line text;
    };
    // The first that is still there of those from this number on. False where there is none.
    bool first_from(std::uint32_t number, Told& told);
    // The number that the next line will have.
    [[nodiscard]] std::uint32_t end();
    // The lines are gone, and their numbers are not given again.
    void clear();

private:
    struct Kept {
        std::uint64_t at_ms = 0;
        Line text;
    };
    void keep(std::uint64_t now_ms, const Line& line);

    Clock& clock_;
    Mutex& mutex_;
    Listener* listener_;
    std::array<Kept, line_count> lines_{};  // a line's place is its number, by their count
    std::uint32_t end_ = 0;
    std::uint32_t oldest_ = 0;
};

}  // namespace frameferry
