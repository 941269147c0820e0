// Bytes on their way: what takes them, and what makes them.
#pragma once

#include <cstdint>

#include "frameferry/bytes.h"

namespace frameferry {

class ByteSink {
public:
    virtual ~ByteSink() = default;
    // False: these were not taken, and none will be from now on.
    virtual bool write(Bytes bytes) = 0;
};

class CountingSink final : public ByteSink {
public:
    bool write(Bytes bytes) override {
        size_bytes_ += bytes.size;
        return true;
    }
    [[nodiscard]] std::uint64_t size_bytes() const { return size_bytes_; }

private:
    std::uint64_t size_bytes_ = 0;
};

// A request's body. It may be asked for again, from the beginning: by a second try, or to be counted first.
class BodySource {
public:
    virtual ~BodySource() = default;
    // All of the body. False where the sink takes no more, and where the source itself failed: it knows which.
    virtual bool write_to(ByteSink& sink) = 0;
};

// How many bytes a source makes, by letting it make them.
inline std::uint64_t counted(BodySource& source) {
    CountingSink sink;
    source.write_to(sink);
    return sink.size_bytes();
}

}  // namespace frameferry
