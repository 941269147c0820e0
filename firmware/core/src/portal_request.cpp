#include "frameferry/portal_request.h"

#include "ascii.h"

namespace frameferry {
namespace {

// A proxy's form of a request names the host in its path: what comes behind it is the path.
std::string_view without_authority(std::string_view target) {
    constexpr std::string_view scheme = "http://";
    if (target.substr(0, scheme.size()) != scheme) return target;
    const std::size_t slash = target.find('/', scheme.size());
    return slash == std::string_view::npos ? "/" : target.substr(slash);
}

}  // namespace

PortalRequest::Progress PortalRequest::take(Bytes bytes) {
    for (std::size_t at = 0; at < bytes.size && progress() == Progress::more; ++at) {
        if (part_ != Part::body) {
            take_character(static_cast<char>(bytes.data[at]));
            continue;
        }
        body_.data[body_size_++] = bytes.data[at];
        if (body_size_ == length_) part_ = Part::done;
    }
    return progress();
}

PortalRequest::Progress PortalRequest::progress() const {
    if (refusal_ != 0) return Progress::bad;
    return part_ == Part::done ? Progress::whole : Progress::more;
}

void PortalRequest::refuse(int status) {
    if (refusal_ == 0) refusal_ = status;
}

void PortalRequest::take_character(char character) {
    if (++head_bytes_ > most_head_bytes) return refuse(431);
    if (character != '\n') {
        line_.append(character);
        return;
    }
    end_line();
    line_.clear();
}

void PortalRequest::end_line() {
    std::string_view line = line_;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (part_ == Part::request_line) {
        if (line.empty()) return;  // RFC 9112 section 2.2: an empty line before a request is passed over
        if (!line_.fits()) return refuse(414);
        return take_request_line(line);
    }
    if (line.empty()) return end_head();
    take_header(line);
}

void PortalRequest::take_request_line(std::string_view line) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last || line.substr(last + 1, 7) != "HTTP/1.") return refuse(400);
    const std::string_view target = without_authority(line.substr(first + 1, last - first - 1));
    method_ = Text<7>(line.substr(0, first));
    path_ = Text<127>(target.substr(0, target.find('?')));
    if (!method_.fits()) return refuse(501);
    if (!path_.fits()) return refuse(414);
    if (path_.empty() || path_.view().front() != '/') return refuse(400);
    part_ = Part::headers;
}

// What is longer than a line may be is not one of those that are asked for.
void PortalRequest::take_header(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return line_.fits() ? refuse(400) : void();
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = ascii::trimmed(line.substr(colon + 1));
    if (ascii::same_word(name, "host")) {
        host_ = Text<63>(value.substr(0, value.find(':')));
    } else if (ascii::same_word(name, "origin")) {
        origin_ = Text<127>(value);
        if (!origin_.fits()) origin_ = Text<127>("null");
    } else if (ascii::same_word(name, "content-type")) {
        const std::string_view type = ascii::trimmed(value.substr(0, value.find(';')));
        is_form_ = ascii::same_word(type, "application/x-www-form-urlencoded");
    } else if (ascii::same_word(name, "content-length")) {
        take_length(value);
    } else if (ascii::same_word(name, "transfer-encoding")) {
        refuse(411);  // no browser sends a form in chunks
    }
}

void PortalRequest::take_length(std::string_view value) {
    std::uint64_t length = 0;
    if (!ascii::parse_number(value, length) || has_length_) return refuse(400);
    has_length_ = true;
    if (length > body_.size) return refuse(413);
    length_ = static_cast<std::size_t>(length);
}

void PortalRequest::end_head() {
    if (is_post() && !has_length_) return refuse(411);
    part_ = length_ == 0 ? Part::done : Part::body;
}

}  // namespace frameferry
