// {"error": {"code": ...}, "next_seq": ...}
#pragma once

#include <optional>
#include <string_view>

#include "frameferry/bytes.h"
#include "frameferry/captures.h"
#include "frameferry/json_reader.h"
#include "next_seq.h"

namespace frameferry {

class ApiError final : public JsonDocument {
public:
    Next begin(std::string_view key, bool is_list) override {
        if (is_list) return depth_ == 0 ? Next::refuse : Next::skip;
        if (depth_ == 0 || (depth_ == 1 && key == "error")) {
            ++depth_;
            return Next::go_on;
        }
        return Next::skip;
    }

    Next end(bool /*is_list*/) override {
        --depth_;
        return Next::go_on;
    }

    Next value(std::string_view key, const JsonValue& value) override {
        if (depth_ == 0) return Next::refuse;
        Seq seq = 0;
        if (depth_ == 2 && key == "code" && !value.get(code_)) code_.clear();
        if (depth_ == 1 && key == "next_seq" && get_next_seq(value, seq)) next_seq_ = seq;
        return Next::go_on;
    }

    [[nodiscard]] bool is_whole() const override { return !code_.empty(); }
    [[nodiscard]] std::string_view code() const { return code_; }
    [[nodiscard]] std::optional<Seq> next_seq() const { return next_seq_; }

private:
    int depth_ = 0;
    Text<39> code_;
    std::optional<Seq> next_seq_;
};

}  // namespace frameferry
