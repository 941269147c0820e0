// JSON into a sink. Commas are its business, the order of calls is the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "frameferry/streams.h"

namespace frameferry {

class JsonWriter {
public:
    explicit JsonWriter(ByteSink& sink) : sink_(sink) {}

    // In an object each begin and value has its key; in a list it is `element`.
    JsonWriter& begin_object();
    JsonWriter& end_object();
    JsonWriter& begin_list();
    JsonWriter& end_list();
    JsonWriter& key(std::string_view name);
    // Text in UTF-8; what is not becomes U+FFFD. At most `max_characters` of it.
    JsonWriter& text(std::string_view characters, std::size_t max_characters = SIZE_MAX);
    JsonWriter& number(std::uint64_t value);
    JsonWriter& signed_number(std::int64_t value);
    // value / 10^decimals.
    JsonWriter& decimal(std::int64_t value, unsigned decimals);
    JsonWriter& boolean(bool is_true);

    // False once the sink took no more: then nothing more was written.
    [[nodiscard]] bool ok() const { return ok_; }

private:
    void put(std::string_view characters);
    void before_value();

    ByteSink& sink_;
    bool ok_ = true;
    bool needs_comma_ = false;
};

}  // namespace frameferry
