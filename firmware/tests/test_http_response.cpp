#include <doctest/doctest.h>

#include <string>

#include "frameferry/http_response.h"

using namespace frameferry;

namespace {

struct Sink final : AnswerSink {
    void begin(const HttpAnswer& answer) override {
        ++begun;
        code = answer.code;
    }
    bool write(Bytes bytes) override {
        body += bytes.text();
        return true;
    }

    int begun = 0;
    unsigned code = 0;
    std::string body;
};

struct Reading {
    ResponseStatus status = ResponseStatus::unfinished;
    HttpAnswer answer;
    std::string body;
    std::size_t taken = 0;
    int begun = 0;
    bool keeps = false;
};

Reading read(const std::string& text, std::size_t piece = SIZE_MAX, bool closes = false, std::uint64_t most = 1000) {
    Sink sink;
    HttpResponse response(sink, most);
    Reading reading;
    for (std::size_t at = 0; at < text.size() && response.status() == ResponseStatus::unfinished;) {
        const Bytes bytes(std::string_view(text).substr(at, piece));
        const std::size_t taken = response.take(bytes);
        REQUIRE(taken <= bytes.size);
        at += bytes.size;
        reading.taken += taken;
    }
    if (closes) response.closed();
    reading.status = response.status();
    reading.answer = response.answer();
    reading.keeps = response.keeps_connection();
    reading.body = sink.body;
    reading.begun = sink.begun;
    return reading;
}

std::string with_header(const std::string& header) { return "HTTP/1.1 200 OK\r\n" + header + "\r\n\r\n"; }

const std::string with_length = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const std::string chunked =
    "HTTP/1.1 503 Slow Down\r\nTransfer-Encoding: chunked\r\nRetry-After: 7\r\n\r\n"
    "3\r\nhel\r\n2;ext=1\r\nlo\r\n0\r\nTrailer: x\r\n\r\n";
const std::string interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";

}  // namespace

TEST_CASE("a counted body ends with its length, and what comes after is not taken") {
    const Reading reading = read(with_length + "HTTP/1.1");
    CHECK(reading.status == ResponseStatus::whole);
    CHECK(reading.answer.code == 200);
    CHECK(reading.body == "hello");
    CHECK(reading.taken == with_length.size());
    CHECK(reading.keeps);
}

TEST_CASE("a chunked body is joined, its extensions and trailers are not looked at") {
    const Reading reading = read(chunked + "rest");
    CHECK(reading.status == ResponseStatus::whole);
    CHECK(reading.answer.code == 503);
    CHECK(reading.body == "hello");
    CHECK(reading.taken == chunked.size());
    CHECK(reading.answer.says_retry_after);
    CHECK(reading.answer.retry_after_s == 7);
    CHECK(reading.keeps);
}

TEST_CASE("a body without a length ends with the connection") {
    const std::string text = "HTTP/1.1 200 OK\r\n\r\nhello";
    CHECK(read(text).status == ResponseStatus::unfinished);
    const Reading reading = read(text, SIZE_MAX, true);
    CHECK(reading.status == ResponseStatus::whole);
    CHECK(reading.body == "hello");
    CHECK_FALSE(reading.keeps);
}

TEST_CASE("answers that only announce another one are skipped") {
    const Reading reading = read(interim + with_length);
    CHECK(reading.status == ResponseStatus::whole);
    CHECK(reading.answer.code == 200);
    CHECK(reading.begun == 1);
}

TEST_CASE("pieces of any size give the same answer") {
    for (const std::string& text : {with_length, chunked, interim + with_length}) {
        for (std::size_t piece = 1; piece <= text.size(); ++piece) {
            const Reading reading = read(text, piece);
            CHECK(reading.status == ResponseStatus::whole);
            CHECK(reading.body == "hello");
        }
    }
}

TEST_CASE("an answer that is cut at any byte is not whole, even where the connection was closed in order") {
    for (const std::string& text : {with_length, chunked, interim + with_length}) {
        for (std::size_t size = 0; size < text.size(); ++size) {
            CHECK(read(text.substr(0, size), SIZE_MAX, true).status == ResponseStatus::unfinished);
        }
    }
}

TEST_CASE("an answer may have no body") {
    CHECK(read("HTTP/1.1 204 No Content\r\n\r\n").status == ResponseStatus::whole);
    CHECK(read("HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n").status == ResponseStatus::whole);
    CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").status == ResponseStatus::whole);
    CHECK(read("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n").status == ResponseStatus::whole);
}

TEST_CASE("line ends may lack their carriage return, and names may have any case") {
    const Reading reading = read("HTTP/1.1 200 OK\ncontent-LENGTH:5 \n\nhello");
    CHECK(reading.status == ResponseStatus::whole);
    CHECK(reading.body == "hello");
}

TEST_CASE("what is not HTTP is malformed, at its first wrong byte") {
    CHECK(read("<html>").status == ResponseStatus::malformed);
    CHECK(read("X").status == ResponseStatus::malformed);
    CHECK(read("HTTP/2").status == ResponseStatus::malformed);
    CHECK(read(std::string("\x15\x03\x01\x00\x02\x02\x28", 7)).status == ResponseStatus::malformed);
    for (const std::string line :
         {"HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20", "HTTP/1.1 2000 OK", "HTTP/1.1 099 X", "HTTP/1.1 600 X",
          "HTTP/1.x 200 OK", "HTTP/1.1 101 Switching Protocols", "HTTP/1.1\t200 OK", "HTTP/1.1 2 0 OK"}) {
        CAPTURE(line);
        CHECK(read(line + "\r\n\r\n").status == ResponseStatus::malformed);
    }
}

TEST_CASE("a length that cannot be believed makes the answer malformed") {
    for (const std::string header :
         {"Content-Length: ", "Content-Length: -1", "Content-Length: 5, 5", "Content-Length: 0x5",
          "Content-Length: 5\r\nContent-Length: 6", "Content-Length: 99999999999999999999999",
          "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: identity",
          "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Transfer-Encoding:", "no colon", ": no name"}) {
        CAPTURE(header);
        CHECK(read(with_header(header) + "hello").status == ResponseStatus::malformed);
    }
    CHECK(read(with_header("Content-Length:" + std::string(200, ' ') + "5") + "hello").status ==
          ResponseStatus::malformed);
    CHECK(read(with_header("Content-Length: 5\r\nContent-Length: 5") + "hello").status == ResponseStatus::whole);
}

TEST_CASE("chunks of a wrong form make the answer malformed") {
    for (const std::string body :
         {"x\r\n", "\r\n", "-1\r\n", "3\r\nhello\r\n", "3\r\nhelX\r\n", "ffffffffffffffff\r\n", "0x3\r\nhel\r\n"}) {
        CAPTURE(body);
        CHECK(read(with_header("Transfer-Encoding: chunked") + body).status == ResponseStatus::malformed);
    }
    CHECK(read(with_header("Transfer-Encoding: chunked") + "3;" + std::string(200, 'x')).status ==
          ResponseStatus::malformed);
}

TEST_CASE("chunks win over a length, but then the connection is not kept") {
    const Reading reading =
        read(with_header("Content-Length: 3\r\nTransfer-Encoding: chunked") + "1\r\na\r\n0\r\n\r\n");
    CHECK(reading.status == ResponseStatus::whole);
    CHECK(reading.body == "a");
    CHECK_FALSE(reading.keeps);
}

TEST_CASE("a server that says so does not keep the connection") {
    CHECK_FALSE(read(with_header("Connection: close\r\nContent-Length: 0")).keeps);
    CHECK_FALSE(read(with_header("Connection: Keep-Alive, CLOSE\r\nContent-Length: 0")).keeps);
    CHECK_FALSE(read("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").keeps);
    CHECK(read(with_header("Connection: keep-alive\r\nContent-Length: 0")).keeps);
}

TEST_CASE("a body that is larger than allowed is refused, however it is sent") {
    CHECK(read(with_header("Content-Length: 1001")).status == ResponseStatus::too_large);
    CHECK(read(with_header("Content-Length: 18446744073709551615")).status == ResponseStatus::too_large);
    CHECK(read(with_header("Transfer-Encoding: chunked") + "3e9\r\n").status == ResponseStatus::too_large);
    CHECK(read(with_header("Transfer-Encoding: chunked") + "3e8\r\n" + std::string(1000, 'a') + "\r\n1\r\n").status ==
          ResponseStatus::too_large);
    CHECK(read(with_header("Server: x") + std::string(1001, 'a')).status == ResponseStatus::too_large);
    const Reading reading = read("HTTP/1.1 502 Bad Gateway\r\n\r\n" + std::string(2000, 'a'));
    CHECK(reading.status == ResponseStatus::too_large);
    CHECK(reading.answer.code == 502);
}

TEST_CASE("a header of any length is read over, a head of any length is not") {
    CHECK(read(with_header("X-Long: " + std::string(10'000, 'a') + "\r\nContent-Length: 0")).status ==
          ResponseStatus::whole);
    CHECK(read(with_header(std::string(10'000, 'a') + ": x\r\nContent-Length: 0")).status == ResponseStatus::whole);
    CHECK(read(with_header("X-Long: " + std::string(17'000, 'a'))).status == ResponseStatus::too_large);
    CHECK(read("HTTP/1.1 200 " + std::string(17'000, 'a')).status == ResponseStatus::too_large);
    std::string endless = "HTTP/1.1 200 OK\r\n";
    for (int line = 0; line < 5'000; ++line) endless += "a: b\r\n";
    CHECK(read(endless).status == ResponseStatus::too_large);
    std::string trailers = with_header("Transfer-Encoding: chunked") + "0\r\n";
    for (int line = 0; line < 5'000; ++line) trailers += "a: b\r\n";
    CHECK(read(trailers).status == ResponseStatus::too_large);
}

TEST_CASE("a server that only announces is given up") {
    std::string endless;
    for (int head = 0; head < 20; ++head) endless += "HTTP/1.1 100 Continue\r\n\r\n";
    CHECK(read(endless).status == ResponseStatus::malformed);
}

TEST_CASE("a continued header line is read over") {
    CHECK(read(with_header("X-Folded: a\r\n b\r\nContent-Length: 0")).status == ResponseStatus::whole);
}

TEST_CASE("the date is read, and Retry-After as seconds and as a date") {
    const Reading reading = read(with_header(
        "Retry-After: Fri, 26 Dec 2025 10:17:30 GMT\r\nDate: Fri, 26 Dec 2025 10:15:30 GMT\r\nContent-Length: 0"));
    CHECK(reading.answer.date_ms == 1'766'744'130'000);
    CHECK(reading.answer.says_retry_after);
    CHECK(reading.answer.retry_after_s == 120);
    CHECK(read(with_header("Retry-After: 99999999999\r\nContent-Length: 0")).answer.retry_after_s == UINT32_MAX);
    CHECK_FALSE(read(with_header("Retry-After: soon\r\nDate: now\r\nContent-Length: 0")).answer.says_retry_after);
    CHECK(read(with_header("Retry-After: Fri, 26 Dec 2025 10:17:30 GMT\r\nDate: Fri, 26 Dec 2025 10:19:30 GMT\r\n"
                           "Content-Length: 0"))
              .answer.retry_after_s == 0);
    CHECK(read(with_header("Date: yesterday\r\nContent-Length: 0")).answer.date_ms == 0);
}
