// A sink that keeps what it gets, until its room is used up.
#pragma once

#include <cstdint>
#include <string>

#include "frameferry/streams.h"

class TextSink : public frameferry::ByteSink {
public:
    bool write(frameferry::Bytes bytes) override {
        if (bytes.size > room - text.size()) return false;
        text += bytes.text();
        return true;
    }

    std::string text;
    std::size_t room = SIZE_MAX;
};

// A body that lies in memory; it can fail before a byte of it.
class TextBody : public frameferry::BodySource {
public:
    explicit TextBody(std::string body) : text(std::move(body)) {}

    bool write_to(frameferry::ByteSink& sink) override {
        ++times_asked;
        for (std::size_t at = 0; at < text.size(); at += piece) {
            if (at >= fails_at) return false;
            if (!sink.write(frameferry::Bytes(std::string_view(text).substr(at, piece)))) return false;
        }
        return fails_at > text.size();
    }

    std::string text;
    std::size_t piece = 1000;
    std::size_t fails_at = SIZE_MAX;
    int times_asked = 0;
};
