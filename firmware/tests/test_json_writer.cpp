#include <doctest/doctest.h>

#include <string>

#include "fakes/json_tree.h"
#include "fakes/text_sink.h"
#include "frameferry/json_writer.h"

using namespace frameferry;

namespace {

template <class Write>
std::string written(Write write) {
    TextSink sink;
    JsonWriter json(sink);
    write(json);
    CHECK(json.ok());
    return sink.text;
}

std::string text(std::string_view characters, std::size_t most = SIZE_MAX) {
    return written([&](JsonWriter& json) { json.text(characters, most); });
}

}  // namespace

TEST_CASE("commas stand between things and nowhere else") {
    CHECK(written([](JsonWriter& json) {
              json.begin_object().key("a").begin_list().number(1).number(2).begin_object().end_object().end_list();
              json.key("b").text("x").key("c").begin_list().end_list().key("d").boolean(false).end_object();
          }) == R"({"a":[1,2,{}],"b":"x","c":[],"d":false})");
}

TEST_CASE("texts are escaped as needed, and read back as they were") {
    CHECK(text("a\"b\\c\n\x01/") == R"("a\"b\\c\u000a\u0001/")");
    const std::string all = "\u00e9\u20ac\U0001F600 \"quoted\" \\ \t\x7F";
    CHECK(parse_json(text(all)).text == all);
}

TEST_CASE("bytes that are no UTF-8 become replacement characters") {
    CHECK(text("a\x80z") == "\"a\uFFFDz\"");
    CHECK(text("\xE2\x82") == "\"\uFFFD\uFFFD\"");
    CHECK(text("\xC3(") == "\"\uFFFD(\"");
    CHECK(text("\xED\xA0\x80") == "\"\uFFFD\uFFFD\uFFFD\"");
}

TEST_CASE("a limit counts characters, not bytes") {
    CHECK(text("\u00e9\u00e9\u00e9", 2) == "\"\u00e9\u00e9\"");
    CHECK(text("a\nb", 2) == "\"a\\u000a\"");
    CHECK(text("abc", 0) == "\"\"");
}

TEST_CASE("numbers are written whole and with decimals") {
    CHECK(written([](JsonWriter& json) { json.number(UINT64_MAX); }) == "18446744073709551615");
    CHECK(written([](JsonWriter& json) { json.signed_number(INT64_MIN); }) == "-9223372036854775808");
    CHECK(written([](JsonWriter& json) { json.decimal(215, 1); }) == "21.5");
    CHECK(written([](JsonWriter& json) { json.decimal(-5, 1); }) == "-0.5");
    CHECK(written([](JsonWriter& json) { json.decimal(7, 3); }) == "0.007");
    CHECK(written([](JsonWriter& json) { json.decimal(0, 0); }) == "0");
}

TEST_CASE("a sink that takes no more ends the writing") {
    TextSink sink;
    sink.room = 3;
    JsonWriter json(sink);
    json.begin_list().number(12345).number(2).end_list();
    CHECK_FALSE(json.ok());
    CHECK(sink.text == "[");
}
