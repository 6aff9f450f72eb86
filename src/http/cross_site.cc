#include "http/cross_site.h"

#include "base/text.h"
#include "base/url.h"

namespace bodega::http {

bool from_another_site(const Headers& headers, std::string_view host) {
  // "none" is a person: an address that was typed, a bookmark.
  if (const auto* site = headers.find("Sec-Fetch-Site")) return !iequals(*site, "same-origin") && !iequals(*site, "none");
  const auto* text = headers.find("Origin");
  if (!text) return false;
  const auto origin = Url::parse(*text);
  if (!origin) return true;  // "null": a sandboxed frame, a file
  // Behind a proxy that ends TLS only the browser knows the scheme, and with it the port that goes without saying.
  const auto ours = Url::parse(origin->scheme + "://" + std::string(host));
  return !ours || ours->host != origin->host || ours->port != origin->port;
}

bool is_safe(Method method) { return method == Method::get || method == Method::head || method == Method::options; }

}  // namespace bodega::http
