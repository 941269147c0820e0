#include "frameferry/form.h"

#include "ascii.h"

namespace frameferry {

bool FormReader::next(FormField& field) {
    while (!is_broken_ && at_ < size_) {
        const std::string_view rest(body_ + at_, size_ - at_);
        const std::size_t from = at_;
        const std::size_t length = rest.find('&') == std::string_view::npos ? rest.size() : rest.find('&');
        at_ += length + 1;
        if (length == 0) continue;
        const std::size_t equals = rest.substr(0, length).find('=');
        const std::size_t name_size = equals == std::string_view::npos ? length : equals;
        field.name = decode(from, from + name_size);
        field.value = name_size == length ? std::string_view{} : decode(from + name_size + 1, from + length);
        return !is_broken_;
    }
    return false;
}

std::string_view FormReader::decode(std::size_t from, std::size_t to) {
    std::size_t written = from;
    for (std::size_t at = from; at < to; ++at) {
        char character = body_[at] == '+' ? ' ' : body_[at];
        if (character == '%') {
            const int high = to - at > 2 ? ascii::hex_digit(body_[at + 1]) : -1;
            const int low = to - at > 2 ? ascii::hex_digit(body_[at + 2]) : -1;
            is_broken_ = is_broken_ || high < 0 || low < 0;
            character = static_cast<char>(high * 16 + low);
            at += 2;
        }
        is_broken_ = is_broken_ || static_cast<unsigned char>(character) < ' ';
        body_[written++] = character;
    }
    return {body_ + from, written - from};
}

}  // namespace frameferry
