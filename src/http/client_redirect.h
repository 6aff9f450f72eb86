// What a redirect may do to a request. Pure.
#pragma once

#include <string_view>

#include "http/client.h"

namespace bodega::http {

inline constexpr int kMaxRedirects = 5;  // the public index needs one (name normalisation), file hosts two

// GET and HEAD with 301, 302, 303, 307, 308 and a Location. Other methods get the redirect itself as their answer.
bool is_followed(std::string_view method, int status, const Headers& headers);

// Changes `request` into its next hop; `hops` counts the redirects followed before this one. Credentials and the Authorization and Cookie
// headers are dropped when the origin changes, and do not come back. Failure kind policy: too many, https to http, not http(s).
Result<void> follow_redirect(FetchRequest& request, std::string_view location, int hops);

}  // namespace bodega::http
