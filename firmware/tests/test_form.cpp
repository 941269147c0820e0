#include <doctest/doctest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "frameferry/form.h"

using frameferry::FormField;
using frameferry::FormReader;
using Fields = std::vector<std::pair<std::string, std::string>>;

namespace {

struct Read {
    Fields fields;
    bool is_broken = false;
};

Read read(std::string body) {
    FormReader reader(body.data(), body.size());
    Read result;
    FormField field;
    while (reader.next(field)) result.fields.emplace_back(field.name, field.value);
    result.is_broken = reader.is_broken();
    return result;
}

}  // namespace

TEST_CASE("fields come in their order, with blanks, signs and UTF-8 as they were typed") {
    const Read form = read("ssid=Caf%C3%A9+%26+Bar&password=a%2Bb%3Dc%25&ssid=&code=7ZK3M-Q9V1A");
    CHECK_FALSE(form.is_broken);
    CHECK(form.fields == Fields{{"ssid", "Café & Bar"}, {"password", "a+b=c%"}, {"ssid", ""}, {"code", "7ZK3M-Q9V1A"}});
}

TEST_CASE("a value may hold equals signs, and a name may stand alone") {
    CHECK(read("a=b=c&flag&=x").fields == Fields{{"a", "b=c"}, {"flag", ""}, {"", "x"}});
}

TEST_CASE("nothing between two signs is no field") {
    CHECK(read("").fields.empty());
    CHECK(read("&&a=1&&").fields == Fields{{"a", "1"}});
}

TEST_CASE("names are decoded too, after the body is split") {
    CHECK(read("a%26b%3D=1").fields == Fields{{"a&b=", "1"}});
}

TEST_CASE("a percent sign without two digits ends the form") {
    for (const char* body : {"a=%", "a=%4", "a=%4&b=1", "a=%G1", "a=1&b=%1G", "%=1"}) {
        const Read form = read(body);
        CHECK(form.is_broken);
        CHECK(form.fields.size() <= 1);
    }
}

TEST_CASE("control characters end the form: nobody types them") {
    for (const char* body : {"a=%00", "a=b%0D%0AX: y", "a=\t", "a=%1f"}) CHECK(read(body).is_broken);
    CHECK_FALSE(read("a=%7E%FF").is_broken);
}

TEST_CASE("no body of random bytes makes it read beyond") {
    std::mt19937 random(3);
    constexpr char alphabet[] = {'%', '&', '=', '+', 'a', '4', '1', '\n', '\xff'};
    for (int round = 0; round < 20'000; ++round) {
        std::string body(random() % 24, ' ');
        for (char& character : body) character = alphabet[random() % sizeof alphabet];
        std::size_t size = 0;
        for (const auto& [name, value] : read(body).fields) size += name.size() + value.size();
        CHECK(size <= body.size());
    }
}
