// The fields of an HTML form, as a browser posts them (application/x-www-form-urlencoded).
#pragma once

#include <cstddef>
#include <string_view>

namespace frameferry {

struct FormField {
    std::string_view name;
    std::string_view value;
};

// Decodes in place, one field after the other; what it gives are views of the body. After a mistake there are no more.
class FormReader {
public:
    FormReader(char* body, std::size_t size) : body_(body), size_(size) {}

    bool next(FormField& field);
    // A percent sign without two hex digits, or a character below 32: nobody types that into the portal's form.
    [[nodiscard]] bool is_broken() const { return is_broken_; }

private:
    std::string_view decode(std::size_t from, std::size_t to);

    char* body_;
    std::size_t size_;
    std::size_t at_ = 0;
    bool is_broken_ = false;
};

}  // namespace frameferry
