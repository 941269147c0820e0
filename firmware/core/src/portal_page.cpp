#include "frameferry/portal_page.h"

namespace frameferry {
namespace {

constexpr std::string_view head =
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>Frameferry</title><style>:root{color-scheme:light dark;font:16px/1.4 system-ui,sans-serif}"
    "body{max-width:26em;margin:1em auto;padding:0 1em}"
    "fieldset{margin:0 0 1em;border:1px solid #8886;border-radius:6px}"
    "label{display:block;margin:.5em 0}input{font:inherit;width:100%;box-sizing:border-box;padding:.4em}"
    "input[type=checkbox]{width:auto}button{font:inherit;width:100%;padding:.6em}"
    ".notice{padding:.6em;border-left:4px solid #c60}</style><h1>Frameferry</h1>";

bool write(ByteSink& sink, std::string_view text) { return sink.write(Bytes(text)); }

std::string_view reference_of(char character) {
    switch (character) {
        case '&': return "&amp;";
        case '<': return "&lt;";
        case '>': return "&gt;";
        case '"': return "&quot;";
        case '\'': return "&#39;";
        default: return {};
    }
}

}  // namespace

bool write_escaped(ByteSink& sink, std::string_view text) {
    std::size_t from = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const std::string_view reference = reference_of(text[at]);
        if (reference.empty()) continue;
        if (!write(sink, text.substr(from, at - from)) || !write(sink, reference)) return false;
        from = at + 1;
    }
    return write(sink, text.substr(from));
}

bool PortalPage::write_to(ByteSink& sink) {
    if (!write(sink, head)) return false;
    if (!parts_.notice.empty()) {
        const bool is_written =
            write(sink, "<p class=notice>") && write_escaped(sink, parts_.notice) && write(sink, "</p>");
        if (!is_written) return false;
    }
    return parts_.is_saved || write_form(sink);
}

bool PortalPage::write_form(ByteSink& sink) {
    return write(sink, "<form method=post action=/ autocomplete=off><fieldset><legend>Wi-Fi (2.4 GHz)</legend>") &&
           write_networks(sink) &&
           write(sink, "<label>Name of a network to add") &&
           write(sink, "<input name=ssid list=nearby maxlength=32 autocapitalize=off></label>") &&
           write(sink, "<label>Its password<input name=password type=password maxlength=64></label>") &&
           write_nearby(sink) && write(sink, "</fieldset>") && write_server(sink) &&
           write(sink, "<button>Save</button></form>");
}

bool PortalPage::write_networks(ByteSink& sink) {
    for (std::size_t at = 0; parts_.networks != nullptr && at < parts_.networks->count(); ++at) {
        const std::string_view ssid = (*parts_.networks)[at].ssid;
        const bool is_written = write(sink, "<label><input type=checkbox name=remove value=\"") &&
                                write_escaped(sink, ssid) && write(sink, "\"> remove ") && write_escaped(sink, ssid) &&
                                write(sink, "</label>");
        if (!is_written) return false;
    }
    return true;
}

bool PortalPage::write_nearby(ByteSink& sink) {
    if (!write(sink, "<datalist id=nearby>")) return false;
    for (const Text<32>& ssid : parts_.nearby) {
        const bool is_written =
            write(sink, "<option value=\"") && write_escaped(sink, ssid) && write(sink, "\">");
        if (!is_written) return false;
    }
    return write(sink, "</datalist>");
}

bool PortalPage::write_server(ByteSink& sink) {
    const std::string_view state = parts_.is_paired ? "This camera is paired: leave this empty, or pair it anew."
                                                    : "This camera is not paired yet.";
    return write(sink, "<fieldset><legend>Pairing</legend><p>") && write(sink, state) &&
           write(sink, "</p><label>Pairing code<input name=code maxlength=32 autocapitalize=characters></label>") &&
           write(sink, "<label>Server<input name=api_url type=url maxlength=191") &&
           write(sink, " placeholder=https://host/api value=\"") &&
           write_escaped(sink, parts_.api_url) && write(sink, "\"></label></fieldset>");
}

}  // namespace frameferry
