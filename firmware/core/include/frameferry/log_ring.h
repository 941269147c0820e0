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
    static constexpr std::size_t line_count = 64;
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

    // Copies the newest whole lines that fit, oldest of them first, each ended by a line end; gives their size.
    std::size_t newest(char* room, std::size_t room_size);

private:
    void keep(const Line& line);

    Clock& clock_;
    Mutex& mutex_;
    Listener* listener_;
    std::array<Line, line_count> lines_{};
    std::size_t next_ = 0;
    std::size_t count_ = 0;
};

}  // namespace frameferry
