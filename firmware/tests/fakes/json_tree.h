// JSON as a tree of text, for what tests read: vectors, and what the device sent.
#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "frameferry/json_reader.h"

struct JsonTree {
    // `text` of a text, the digits of a number, "true", "false" or "null"; empty of what has parts.
    std::string text;
    bool is_quoted = false;
    std::map<std::string, JsonTree> fields;
    std::vector<JsonTree> elements;

    const JsonTree& at(const std::string& name) const { return fields.at(name); }
    bool has(const std::string& name) const { return fields.count(name) != 0; }
    std::uint64_t number() const { return std::stoull(text); }
};

class JsonTreeBuilder final : public frameferry::JsonHandler {
public:
    explicit JsonTreeBuilder(JsonTree& root) { path_.push_back(&root); }

    Next begin(std::string_view key, bool is_list) override {
        JsonTree& opened = is_root_ ? *path_.back() : added(key);
        if (!is_root_) path_.push_back(&opened);
        is_root_ = false;
        lists_.push_back(is_list);
        return Next::go_on;
    }
    Next end(bool) override {
        lists_.pop_back();
        if (!lists_.empty()) path_.pop_back();
        return Next::go_on;
    }
    Next value(std::string_view key, const frameferry::JsonValue& value) override {
        JsonTree& leaf = is_root_ ? *path_.back() : added(key);
        leaf.is_quoted = value.type == frameferry::JsonType::text;
        leaf.text = value.type == frameferry::JsonType::null      ? "null"
                    : value.type == frameferry::JsonType::boolean ? (value.is_true ? "true" : "false")
                                                                  : std::string(value.text);
        return Next::go_on;
    }

private:
    JsonTree& added(std::string_view key) {
        if (!lists_.back()) return path_.back()->fields[std::string(key)];
        path_.back()->elements.emplace_back();
        return path_.back()->elements.back();
    }

    std::vector<JsonTree*> path_;
    std::vector<bool> lists_;
    bool is_root_ = true;
};

inline JsonTree parse_json(const std::string& text) {
    std::vector<std::uint8_t> scratch(1U << 16U);
    JsonTree tree;
    JsonTreeBuilder builder(tree);
    frameferry::JsonReader reader({scratch.data(), scratch.size()}, builder);
    reader.write(frameferry::Bytes(std::string_view(text)));
    if (reader.finish() != frameferry::JsonStatus::whole) throw std::runtime_error("no JSON: " + text);
    return tree;
}

inline std::string read_text_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path);
    return {std::istreambuf_iterator<char>(file), {}};
}
