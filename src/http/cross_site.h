// Cross-site requests. A browser sends the credentials it keeps for us also when a page of somebody else makes it ask, and an index that
// everybody may upload to needs none. Pages may therefore link to us, but not change anything here. Pure.
#pragma once

#include <string_view>

#include "http/message.h"

namespace bodega::http {

// Whether a page of another site made a browser send this, by Sec-Fetch-Site, else by Origin against `host`, the outside host of the
// request with port if any. Programs send neither.
bool from_another_site(const Headers& headers, std::string_view host);

// Methods that only look.
bool is_safe(Method method);

}  // namespace bodega::http
