// JSON of any bytes, in pieces of any size, with a scratch of any size: what is told does not depend on the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "frameferry/json_reader.h"
#include "must.h"

using namespace frameferry;

namespace {

class Recorder final : public JsonHandler {
public:
    Next begin(std::string_view key, bool is_list) override {
        must(++depth_ <= JsonReader::max_depth);
        told += key;
        told += is_list ? '[' : '{';
        if (key == "skip") --depth_;
        return key == "skip" ? Next::skip : Next::go_on;
    }
    Next end(bool is_list) override {
        must(depth_-- > 0);
        told += is_list ? ']' : '}';
        return Next::go_on;
    }
    Next value(std::string_view key, const JsonValue& value) override {
        told += key;
        told += value.text;
        told += static_cast<char>('0' + static_cast<int>(value.type) + (value.is_whole ? 4 : 0));
        std::uint64_t number = 0;
        std::int64_t signed_number = 0;
        if (value.get(number)) must(std::to_string(number).size() <= value.text.size());
        must(!value.get(signed_number) || value.type == JsonType::number);
        return key == "refuse" ? Next::refuse : Next::go_on;
    }

    std::string told;

private:
    std::size_t depth_ = 0;
};

JsonStatus read(std::string_view text, std::size_t piece, std::size_t scratch_bytes, std::string& told) {
    std::vector<std::uint8_t> scratch(scratch_bytes);
    Recorder recorder;
    JsonReader reader({scratch.data(), scratch.size()}, recorder);
    for (std::size_t at = 0; at < text.size(); at += piece) reader.write(Bytes(text.substr(at, piece)));
    const JsonStatus status = reader.finish();
    told = recorder.told;
    return status;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data + 2), size - 2);
    std::string whole;
    std::string pieces;
    const JsonStatus status = read(text, size, data[0], whole);
    must(read(text, data[1] % 17 + 1, data[0], pieces) == status);
    must(whole == pieces);
    return 0;
}
