// Why a request came to nothing, in words for the log. Nothing secret is in them: of an answer only its status.
#pragma once

#include "frameferry/bytes.h"
#include "frameferry/http_client.h"

namespace frameferry {

using HttpReason = Text<79>;

// Of one that did not bring an answer of whom it was meant for: with `ok`, what answered was somebody else.
[[nodiscard]] HttpReason reason_of(const HttpResult& result);

}  // namespace frameferry
