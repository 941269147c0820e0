#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "frameferry/json_reader.h"

using namespace frameferry;

namespace {

// Writes down what it is told.
class Recorder final : public JsonHandler {
public:
    Next begin(std::string_view key, bool is_list) override {
        told += std::string(key) + (is_list ? "[" : "{");
        return key == "skipped" ? Next::skip : key == "refused" ? Next::refuse : Next::go_on;
    }
    Next end(bool is_list) override {
        told += is_list ? "]" : "}";
        return Next::go_on;
    }
    Next value(std::string_view key, const JsonValue& value) override {
        told += std::string(key) + "=" + std::string(value.text);
        if (value.type == JsonType::null) told += "null";
        if (value.type == JsonType::boolean) told += value.is_true ? "true" : "false";
        told += value.is_whole ? ";" : "~;";
        return key == "refused" ? Next::refuse : Next::go_on;
    }

    std::string told;
};

struct Reading {
    JsonStatus status;
    std::string told;
};

Reading read_in_pieces(std::string_view text, std::size_t piece, std::size_t scratch_bytes = 64) {
    std::vector<std::uint8_t> scratch(scratch_bytes);
    Recorder recorder;
    JsonReader reader({scratch.data(), scratch.size()}, recorder);
    for (std::size_t at = 0; at < text.size(); at += piece) reader.write(Bytes(text.substr(at, piece)));
    const JsonStatus status = reader.finish();
    return {status, recorder.told};
}

Reading read(std::string_view text, std::size_t scratch_bytes = 64) {
    return read_in_pieces(text, text.size() + 1, scratch_bytes);
}

JsonValue number(std::string_view digits) { return {JsonType::number, digits, false, true}; }

constexpr std::string_view everything =
    R"( { "a" : [ 1 , -0.5e+3 , "x\n\u00e9\ud83d\ude00" , true , false , null , { } , [ ] ] , "b" : { "c" : "" } } )";

}  // namespace

TEST_CASE("an object is told in its order, with keys, values and ends") {
    const Reading reading = read(everything);
    CHECK(reading.status == JsonStatus::whole);
    CHECK(reading.told == "{a[=1;=-0.5e+3;=x\n\u00e9\U0001F600;=true;=false;=null;{}[]]b{c=;}}");
}

TEST_CASE("pieces of any size tell the same") {
    const std::string whole = read(everything).told;
    for (std::size_t piece = 1; piece <= everything.size(); ++piece) {
        const Reading reading = read_in_pieces(everything, piece);
        CHECK(reading.status == JsonStatus::whole);
        CHECK(reading.told == whole);
    }
}

TEST_CASE("a text that was cut at any byte is unfinished") {
    const std::size_t last = everything.find_last_of('}');
    for (std::size_t size = 0; size <= last; ++size) {
        CAPTURE(size);
        CHECK(read(everything.substr(0, size)).status == JsonStatus::unfinished);
    }
}

TEST_CASE("what no JSON is, is malformed") {
    for (const std::string_view text :
         {"}", "]", "{]", "[}", "{,}", "[,]", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}", "[1 2]",
          "[1]]", "{}{}", "1 1", "01", "[01]", "[-]", "[+1]", "[1.]", "[.5]", "[1e]", "[1e+]", "[1.e1]", "[--1]",
          "[tru]", "[trye]", "[nul]", "[NaN]", "[Infinity]", "'a'", "[\"\\x\"]", "[\"\\u12g4\"]", "[\"\n\"]",
          "[\"\t\"]", "\xEF\xBB\xBF{}", "<html>", "{\"a\":1 \"b\":2}", "{\"a\" 1}", "[\"a\":1]", "\x01"}) {
        CAPTURE(text);
        CHECK(read(text).status == JsonStatus::malformed);
    }
}

TEST_CASE("what is malformed stays malformed, whatever comes after it") {
    Recorder recorder;
    std::array<std::uint8_t, 8> scratch{};
    JsonReader reader(scratch, recorder);
    CHECK(reader.write(Bytes(std::string_view("[}"))));
    CHECK(reader.write(Bytes(std::string_view("[1]"))));
    CHECK(reader.finish() == JsonStatus::malformed);
    CHECK(recorder.told == "[");
}

TEST_CASE("UTF-8 is passed on, and what is none is malformed") {
    CHECK(read("\"\u00e9\u20ac\U0001F600\U0010FFFF\"").told == "=\u00e9\u20ac\U0001F600\U0010FFFF;");
    for (const std::string_view bytes :
         {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80",
          "\xF5\x80\x80\x80", "\xFF", "\xC3", "\xE2\x82", "\xC3\\u0041"}) {
        CAPTURE(bytes);
        CHECK(read("\"" + std::string(bytes) + "\"").status == JsonStatus::malformed);
    }
}

TEST_CASE("escapes become characters") {
    CHECK(read(R"("\"\\\/\b\f\n\r\t")").told == "=\"\\/\b\f\n\r\t;");
    CHECK(read(R"("\u0041\u00E9\u20ac\uD83D\uDE00")").told == "=A\u00e9\u20ac\U0001F600;");
    CHECK(read(R"("a\u0000b")").told == std::string("=a\0b;", 5));
}

TEST_CASE("half of a surrogate pair is read as the replacement character") {
    CHECK(read(R"("\ud83d")").told == "=\uFFFD;");
    CHECK(read(R"("\ude00")").told == "=\uFFFD;");
    CHECK(read(R"("\ud83dx")").told == "=\uFFFDx;");
    CHECK(read(R"("\ud83d\n")").told == "=\uFFFD\n;");
    CHECK(read(R"("\ud83d\u0041")").told == "=\uFFFDA;");
    CHECK(read(R"("\ud83d\ud83d\ude00")").told == "=\uFFFD\U0001F600;");
}

TEST_CASE("a value longer than the scratch is told in part, and the rest is read") {
    const Reading reading = read(R"({"key":"0123456789","next":12345678901,"n":1})", 8);
    CHECK(reading.status == JsonStatus::whole);
    CHECK(reading.told == "{key=01234~;next=1234~;n=1;}");
}

TEST_CASE("a character that does not fit whole is not told as if it did") {
    CHECK(read(R"("abc\u20acd")", 4).told == "=abc\xE2~;");
}

TEST_CASE("a key longer than the scratch is not told, nor what it names") {
    const Reading reading = read(R"({"0123456789":"x","0123456789":{"a":[1]},"b":[2]})", 8);
    CHECK(reading.status == JsonStatus::whole);
    CHECK(reading.told == "{b[=2;]}");
}

TEST_CASE("nothing is told of what is skipped, however deep it is") {
    const Reading reading = read(R"({"skipped":{"a":[{"b":"}"}],"skipped":[]},"skipped":[1,[2]],"c":3})");
    CHECK(reading.status == JsonStatus::whole);
    CHECK(reading.told == "{skipped{skipped[c=3;}");
}

TEST_CASE("what is skipped must be JSON too") {
    CHECK(read(R"({"skipped":{"a":[}]}})").status == JsonStatus::malformed);
}

TEST_CASE("a handler can refuse") {
    CHECK(read(R"({"refused":1,"a":2})").status == JsonStatus::refused);
    CHECK(read(R"({"refused":{"a":2}})").status == JsonStatus::refused);
}

TEST_CASE("depth has an end") {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    CHECK(read(nested(JsonReader::max_depth)).status == JsonStatus::whole);
    CHECK(read(nested(JsonReader::max_depth + 1)).status == JsonStatus::too_deep);
    CHECK(read(R"({"skipped":)" + nested(JsonReader::max_depth)).status == JsonStatus::too_deep);
    CHECK(read(std::string(100'000, '[')).status == JsonStatus::too_deep);
}

TEST_CASE("a value alone is JSON") {
    CHECK(read("1").told == "=1;");
    CHECK(read(" -12.5e3 ").told == "=-12.5e3;");
    CHECK(read("\"a\"").told == "=a;");
    CHECK(read("null").told == "=null;");
    CHECK(read("").status == JsonStatus::unfinished);
    CHECK(read("-").status == JsonStatus::malformed);
}

TEST_CASE("whole numbers have their range, and nothing else is one") {
    std::uint64_t u = 7;
    std::int64_t i = 7;
    CHECK((number("18446744073709551615").get(u) && u == UINT64_MAX));
    CHECK_FALSE(number("18446744073709551616").get(u));
    CHECK_FALSE(number("99999999999999999999999").get(u));
    CHECK_FALSE(number("-1").get(u));
    CHECK_FALSE(number("1.0").get(u));
    CHECK_FALSE(number("1e3").get(u));
    CHECK((number("-9223372036854775807").get(i) && i == -INT64_MAX));
    CHECK((number("9223372036854775807").get(i) && i == INT64_MAX));
    CHECK_FALSE(number("9223372036854775808").get(i));
    CHECK_FALSE((JsonValue{JsonType::text, "1", false, true}.get(u)));
    CHECK_FALSE((JsonValue{JsonType::number, "1", false, false}.get(u)));
}

TEST_CASE("a text that does not fit or is not whole is none") {
    Text<3> text;
    CHECK(JsonValue{JsonType::text, "abc", false, true}.get(text));
    CHECK(text == "abc");
    CHECK_FALSE(JsonValue{JsonType::text, "abcd", false, true}.get(text));
    CHECK_FALSE(JsonValue{JsonType::text, "ab", false, false}.get(text));
    CHECK_FALSE(JsonValue{JsonType::number, "1", false, true}.get(text));
    bool truth = false;
    CHECK((JsonValue{JsonType::boolean, "", true, true}.get(truth) && truth));
    CHECK_FALSE(JsonValue{}.get(truth));
}
