// Small records in the KeyValue store: fields in a row with a CRC, so that what cannot be read is known as such.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "frameferry/bytes.h"
#include "frameferry/ports.h"

namespace frameferry {

// Serves several threads, one at a time.
class LockedValues : public KeyValue {
public:
    LockedValues(KeyValue& values, Mutex& mutex) : values_(values), mutex_(mutex) {}
    Found get(std::string_view key, Room room, std::size_t& size) override;
    bool put(std::string_view key, Bytes value) override;
    bool erase(std::string_view key) override;

private:
    KeyValue& values_;
    Mutex& mutex_;
};

// The values of one server: each has its own devices, tokens, settings and commands.
class ScopedValues : public KeyValue {
public:
    // Keys of at most 9 characters get 6 in front, from the hash of the server's origin.
    explicit ScopedValues(KeyValue& values) : values_(values) {}
    void set_origin(std::string_view origin);
    Found get(std::string_view key, Room room, std::size_t& size) override;
    bool put(std::string_view key, Bytes value) override;
    bool erase(std::string_view key) override;

private:
    using Key = Text<15>;
    [[nodiscard]] Key scoped(std::string_view key) const;

    KeyValue& values_;
    Text<6> scope_;
};

constexpr std::size_t max_record_bytes = 1024;

// Writes numbers (little-endian) and texts one after the other. What does not fit makes the record unfit to be kept.
class RecordWriter {
public:
    // `format` says how the fields are to be read.
    RecordWriter(Room room, std::uint8_t format) : room_(room) { number(format, 1); }

    RecordWriter& number(std::uint64_t value, std::size_t bytes = 8);
    RecordWriter& bytes(Bytes bytes);
    RecordWriter& text(std::string_view text);  // at most 255 characters
    // False where it did not fit or was not kept.
    bool put(KeyValue& values, std::string_view key);

private:
    Room room_;
    std::size_t size_ = 0;
    bool fits_ = true;
};

// Reads in the order in which it was written. After a mistake all fields are 0 and `is_whole` is false.
class RecordReader {
public:
    explicit RecordReader(Room room) : room_(room) {}

    // `broken` also where the CRC or the format is wrong.
    KeyValue::Found get(KeyValue& values, std::string_view key, std::uint8_t format);
    std::uint64_t number(std::size_t bytes = 8);
    bool bytes(Room into);
    std::string_view text();  // into the room
    // Everything was there that was asked for.
    [[nodiscard]] bool is_whole() const { return is_whole_; }

private:
    Room room_;
    std::size_t size_ = 0;
    std::size_t at_ = 0;
    bool is_whole_ = true;
};

}  // namespace frameferry
