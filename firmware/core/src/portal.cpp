#include "frameferry/portal.h"

#include <array>

#include "ascii.h"
#include "frameferry/api_address.h"
#include "frameferry/form.h"
#include "frameferry/http_client.h"
#include "frameferry/identity.h"
#include "frameferry/kept_values.h"
#include "frameferry/portal_page.h"

namespace frameferry {
namespace {

constexpr std::string_view password_key = "portal_pw";
constexpr std::uint8_t password_format = 1;
constexpr std::size_t password_length = 10;
// Crockford's 32 without what is read wrongly: 50 bits in ten characters.
constexpr std::string_view password_alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

Text<16> new_password(Entropy& entropy) {
    std::array<std::uint8_t, password_length> random{};
    entropy.fill(random);
    Text<16> password;
    for (const std::uint8_t byte : random) password.append(password_alphabet[byte % password_alphabet.size()]);
    return password;
}

constexpr std::string_view saved_notice =
    "Saved. This network ends now, and the camera looks for yours: its light shows what comes of it.";

// https://host/api/ is typed as often as https://host/api, and is the same.
std::string_view without_slashes(std::string_view url) {
    while (!url.empty() && url.back() == '/') url.remove_suffix(1);
    return url;
}

std::string_view reason_of(int status) {
    switch (status) {
        case 200: return "OK";
        case 405: return "Method Not Allowed";
        case 411: return "Length Required";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 415: return "Unsupported Media Type";
        case 421: return "Misdirected Request";
        case 431: return "Request Header Fields Too Large";
        case 501: return "Not Implemented";
        default: return "Bad Request";
    }
}

bool write(ByteSink& sink, std::string_view text) { return sink.write(Bytes(text)); }

// Whatever a phone asks for to see whether there is an internet: this is none, and here is the page.
bool redirect(ByteSink& sink) {
    return write(sink,
                 "HTTP/1.1 302 Found\r\nLocation: http://192.168.4.1/\r\nCache-Control: no-store\r\n"
                 "Content-Length: 0\r\nConnection: close\r\n\r\n");
}

}  // namespace

PortalAccess portal_access(KeyValue& values, Entropy& entropy, Bytes mac) {
    PortalAccess access;
    access.ssid.append("Frameferry-").append_hex(mac);
    std::array<std::uint8_t, 32> room{};
    RecordReader kept(room);
    if (kept.get(values, password_key, password_format) == KeyValue::Found::value) {
        access.password = Text<16>(kept.text());
        access.is_kept = kept.is_whole() && access.password.size() >= 8;
    }
    if (!access.is_kept) {
        access.password = new_password(entropy);
        RecordWriter record(room, password_format);
        access.is_kept = record.text(access.password).put(values, password_key);
    }
    return access;
}

struct Portal::Form {
    static constexpr std::size_t most_removed = WifiNetworks::most;

    std::string_view ssid;
    std::string_view password;
    std::string_view api_url;
    std::string_view code;
    std::array<std::string_view, most_removed> removed;
    std::size_t removed_count = 0;
    bool is_broken = false;

    explicit Form(Room body) {
        FormReader reader(reinterpret_cast<char*>(body.data), body.size);
        FormField field;
        while (reader.next(field)) take(field);
        is_broken = reader.is_broken();
    }

    void take(const FormField& field) {
        if (field.name == "ssid") ssid = field.value;
        if (field.name == "password") password = field.value;
        if (field.name == "api_url") api_url = without_slashes(ascii::trimmed(field.value));
        if (field.name == "code") code = ascii::trimmed(field.value);
        if (field.name == "remove" && removed_count < most_removed) removed[removed_count++] = field.value;
    }
};

void Portal::open(std::uint64_t now_ms, List<Text<32>> nearby) {
    nearby_ = nearby;
    used_at_ms_ = now_ms;
    has_saved_ = false;
}

bool Portal::is_over(std::uint64_t now_ms) const {
    return now_ms - used_at_ms_ >= (has_saved_ ? lingers_ms : idle_ms);
}

bool Portal::answer(std::uint64_t now_ms, const PortalRequest& request, bool is_whole, ByteSink& sink) {
    if (!is_whole) return page(request.refusal(), "This request was not understood.", true, sink);
    if (request.is_post()) {
        used_at_ms_ = now_ms;
        return answer_form(request, sink);
    }
    if (!request.is_get()) return page(405, "The portal only shows its page and takes its form.", true, sink);
    if (request.host() != address || request.path() != "/") return redirect(sink);
    used_at_ms_ = now_ms;
    return page(200, has_saved_ ? saved_notice : std::string_view{}, !request.is_head(), sink);
}

// Only the portal's own page may post: not a page from elsewhere that is open in the same browser.
bool Portal::answer_form(const PortalRequest& request, ByteSink& sink) {
    const bool is_own = request.origin().empty() || request.origin() == "http://192.168.4.1";
    if (request.host() != address || !is_own) return page(421, "Open http://192.168.4.1/ yourself.", true, sink);
    if (!request.is_form()) return page(415, "This is not the portal's form.", true, sink);
    const Outcome outcome = save(request.body());
    has_saved_ = has_saved_ || outcome.is_saved;
    return page(outcome.is_saved ? 200 : 400, outcome.notice, true, sink);
}

Portal::Outcome Portal::save(Room body) {
    const Form form(body);
    if (const std::string_view fault = fault_of(form); !fault.empty()) return {false, fault};
    if (!save_server(form) || !save_networks(form)) return {false, "The camera could not keep this. Try again."};
    return {true, saved_notice};
}

bool Portal::has_new_url(const Form& form) { return !form.api_url.empty() && form.api_url != device_.api_url(); }

// Everything is looked at before anything is changed.
std::string_view Portal::fault_of(const Form& form) {
    if (form.is_broken) return "The form did not arrive as it was sent. Try again.";
    const bool is_new_server = has_new_url(form);
    const bool is_empty = form.ssid.empty() && form.removed_count == 0 && form.code.empty() && !is_new_server;
    if (is_empty) return "Nothing was filled in.";
    if (!form.ssid.empty() && !is_possible(form.ssid, form.password)) {
        return "Such a network cannot be: its password has 8 to 63 characters, or none at all.";
    }
    if (form.code.empty() && is_new_server) return "Another server needs a pairing code of its own.";
    if (form.code.empty()) return {};
    if (pairing_code_of(form.code).empty()) return "This is no pairing code: it has letters and digits only.";
    const std::string_view api_url = form.api_url.empty() ? device_.api_url() : form.api_url;
    if (api_url.empty() && allow_plain_http_) return {};  // the station that is found in the network
    Url url;
    if (!ApiUrl(api_url).fits() || !parse_url(api_url, url) || !is_allowed(url.endpoint, allow_plain_http_)) {
        return "This is no address of a server that this camera may talk to. It looks like https://host/api";
    }
    return {};
}

bool Portal::save_server(const Form& form) {
    if (has_new_url(form) && !device_.keep_api_url(form.api_url)) return false;
    return form.code.empty() || device_.keep_pairing_code(form.code);
}

bool Portal::save_networks(const Form& form) {
    if (form.ssid.empty() && form.removed_count == 0) return true;
    for (std::size_t at = 0; at < form.removed_count; ++at) networks_.remove(form.removed[at]);
    if (!form.ssid.empty() && !networks_.add(form.ssid, form.password)) return false;
    return networks_.keep();
}

bool Portal::page(int status, std::string_view notice, bool has_body, ByteSink& sink) {
    const PortalPageParts parts{notice, has_saved_, device_.api_url(), device_.is_paired(), &networks_, nearby_};
    PortalPage body(parts);
    Text<224> head;
    head.append("HTTP/1.1 ").append_number(static_cast<std::uint64_t>(status)).append(' ').append(reason_of(status));
    head.append("\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nConnection: close\r\n");
    head.append("Content-Length: ").append_number(counted(body)).append("\r\n\r\n");
    return write(sink, head) && (!has_body || body.write_to(sink));
}

}  // namespace frameferry
