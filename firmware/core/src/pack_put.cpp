#include "frameferry/pack_put.h"

#include <sodium.h>

#include <algorithm>

#include "frameferry/backoff.h"

namespace frameferry {
namespace {

class PackBody final : public BodySource {
public:
    PackBody(PackQueue& queue, const QueuedPack& pack, Room chunk) : queue_(queue), pack_(pack), chunk_(chunk) {}

    bool write_to(ByteSink& sink) override {
        status_ = QueueStatus::ok;
        for (std::uint32_t at = 0; at < pack_.size_bytes;) {
            const Room part = chunk_.first(pack_.size_bytes - at);
            status_ = queue_.read(pack_, at, part);
            if (status_ != QueueStatus::ok || !sink.write(part)) return false;
            at += static_cast<std::uint32_t>(part.size);
        }
        return true;
    }
    [[nodiscard]] QueueStatus status() const { return status_; }

private:
    PackQueue& queue_;
    const QueuedPack& pack_;
    Room chunk_;
    QueueStatus status_ = QueueStatus::ok;
};

// Errors of S3 are XML with a code (Amazon S3 API Reference, "Error responses"); anything else is not S3's. It reads no
// more of XML than that.
class S3Answer final : public AnswerSink {
public:
    void begin(const HttpAnswer&) override { step_ = 0, at_ = 0, code_.clear(); }

    bool write(Bytes bytes) override {
        for (std::size_t at = 0; at < bytes.size; ++at) take(static_cast<char>(bytes.data[at]));
        return true;
    }
    // Empty where there was none, or not the end of it.
    [[nodiscard]] std::string_view code() const { return step_ == 3 ? code_.view() : std::string_view{}; }

private:
    static constexpr std::array<std::string_view, 2> marks{"<Error>", "<Code>"};

    void take(char character) {
        if (step_ < 2) {
            find(character);
        } else if (step_ == 2 && character == '<') {
            step_ = code_.fits() && !code_.empty() ? 3 : 4;
        } else if (step_ == 2) {
            code_.append(character);
        }
    }

    void find(char character) {
        const std::string_view mark = marks[step_];
        at_ = character == mark[at_] ? at_ + 1 : (character == mark[0] ? 1 : 0);
        if (at_ == mark.size()) ++step_, at_ = 0;
    }

    unsigned step_ = 0;
    std::size_t at_ = 0;
    Text<63> code_;
};

template <std::size_t N>
bool is_one_of(std::string_view code, const std::array<std::string_view, N>& codes) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
}

constexpr std::array<std::string_view, 2> stale_url_codes{"ExpiredToken", "InvalidToken"};
constexpr std::array<std::string_view, 4> passing_codes{"IncompleteBody", "RequestTimeout", "SlowDown",
                                                        "RequestTimeTooSkewed"};
constexpr std::array<std::string_view, 4> digest_codes{"BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch",
                                                       "XAmzContentSHA256Mismatch"};

PutOutcome outcome_of_error(unsigned status, std::string_view code) {
    if (code.empty() && status < 500) return PutOutcome::foreign;
    if (is_one_of(code, passing_codes) || status >= 500 || status == 408 || status == 409 || status == 429) {
        return PutOutcome::busy;
    }
    if (status == 403 || is_one_of(code, stale_url_codes)) return PutOutcome::url_refused;
    if (is_one_of(code, digest_codes)) return PutOutcome::digest_refused;
    return status < 400 ? PutOutcome::foreign : PutOutcome::refused;
}

PutOutcome outcome_of_source(QueueStatus status) {
    switch (status) {
        case QueueStatus::gone: return PutOutcome::pack_gone;
        case QueueStatus::damaged: return PutOutcome::pack_damaged;
        case QueueStatus::ok: return PutOutcome::no_answer;
        default: return PutOutcome::card_failed;
    }
}

PutOutcome outcome_of(const HttpResult& http, std::string_view code, QueueStatus source) {
    const unsigned status = http.answer.code;
    switch (http.status) {
        case HttpStatus::ok:
        case HttpStatus::cut:
            // An answer that was cut off behind its status says enough, if it is a good one: a receipt must prove it.
            if (status == 412) return PutOutcome::stored;
            if (status == 200) return http.is_request_sent ? PutOutcome::stored : PutOutcome::foreign;
            return http.status == HttpStatus::ok ? outcome_of_error(status, code) : PutOutcome::no_answer;
        case HttpStatus::source_failed: return outcome_of_source(source);
        case HttpStatus::bad_request:
        case HttpStatus::malformed:
        case HttpStatus::too_large: return PutOutcome::foreign;
        default: return PutOutcome::no_answer;
    }
}

}  // namespace

std::uint32_t retry_after_ms(const HttpAnswer& answer) {
    constexpr std::uint32_t longest_s = longest_retry_after_ms / 1000;
    return answer.says_retry_after ? std::min(answer.retry_after_s, longest_s) * 1000 : 0;
}

std::uint32_t PutResult::retry_after_ms() const { return frameferry::retry_after_ms(http.answer); }

PutResult put_pack(HttpClient& http, PackQueue& queue, const UploadPlaces& places, const QueuedPack& pack,
                   const Sha256& sha256, std::string_view signature, Room chunk) {
    std::array<char, 45> checksum{};
    sodium_bin2base64(checksum.data(), checksum.size(), sha256.data(), sha256.size(), sodium_base64_VARIANT_ORIGINAL);
    // Four headers are signed; the client writes the length.
    const std::array<HttpHeader, 3> headers{{{"Content-Type", "application/zip"},
                                             {"x-amz-checksum-sha256", checksum.data()},
                                             {"If-None-Match", "*"}}};
    const auto tail = pack_key_tail(pack.seqs, sha256);
    PackBody body(queue, pack, chunk);
    HttpRequest request;
    request.method = "PUT";
    request.endpoint = places.endpoint();
    request.target = {places.path_prefix, tail, "?", places.query, signature};
    request.headers = {headers.data(), headers.size()};
    request.body = &body;
    request.body_bytes = pack.size_bytes;
    request.max_answer_bytes = 64U << 10U;
    S3Answer answer;
    PutResult result;
    result.http = http.send(request, answer);
    result.code.append(answer.code());
    result.is_wholly_sent = result.http.is_request_sent;
    result.outcome = outcome_of(result.http, answer.code(), body.status());
    return result;
}

}  // namespace frameferry
