// The portal's page, as HTML.
#pragma once

#include <string_view>

#include "frameferry/bytes.h"
#include "frameferry/list.h"
#include "frameferry/streams.h"
#include "frameferry/wifi_networks.h"

namespace frameferry {

struct PortalPageParts {
    std::string_view notice;  // empty: none
    bool is_saved = false;    // then there is no form any more
    std::string_view api_url;
    bool is_paired = false;
    const WifiNetworks* networks = nullptr;
    List<Text<32>> nearby;
};

// No script, nothing from elsewhere: a phone's small browser for portals shows it too. Passwords are taken and never
// shown. What others have written, the names of networks above all, is escaped.
class PortalPage final : public BodySource {
public:
    explicit PortalPage(const PortalPageParts& parts) : parts_(parts) {}
    bool write_to(ByteSink& sink) override;

private:
    bool write_form(ByteSink& sink);
    bool write_networks(ByteSink& sink);
    bool write_nearby(ByteSink& sink);
    bool write_server(ByteSink& sink);

    const PortalPageParts& parts_;
};

// With & < > " ' as character references.
bool write_escaped(ByteSink& sink, std::string_view text);

}  // namespace frameferry
