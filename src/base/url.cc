#include "base/url.h"

#include <algorithm>

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <boost/url/url_view.hpp>

#include "base/text.h"

namespace bodega {
namespace {

namespace urls = boost::urls;

Result<Url> from_view(urls::url_view view) {
  Url url;
  url.scheme = to_lower(std::string(view.scheme()));
  if (url.scheme != "http" && url.scheme != "https") return fail(Code::invalid, "a URL must begin with http:// or https://");
  if (!view.has_authority() || view.encoded_host().empty()) return fail(Code::invalid, "a URL needs a host name");
  const bool v6 = view.host_type() == urls::host_type::ipv6;
  url.host = to_lower(v6 ? view.host_address() : view.host());
  // The host is decoded: whatever an escape may have hidden must not come back into a URL's text. International names come in ASCII form.
  const auto in_host = [v6](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || (c == ':' && v6);
  };
  if (!std::all_of(url.host.begin(), url.host.end(), in_host)) return fail(Code::invalid, "a URL's host has a forbidden character");
  url.port = url.scheme == "https" ? 443 : 80;
  if (view.has_port() && !view.port().empty()) {
    const auto port = parse_u64({view.port().data(), view.port().size()});  // port_number() wraps around
    url.port = port && *port <= 65535 ? static_cast<std::uint16_t>(*port) : 0;
    if (url.port == 0) return fail(Code::invalid, "a URL's port must be from 1 to 65535");
  }
  url.path = std::string(view.encoded_path());
  if (url.path.empty()) url.path = "/";
  // Boost 1.81 takes "http://host:80.example.test" for port 80 and the path ".example.test".
  if (url.path[0] != '/') return fail(Code::invalid, "a URL has something behind its port that is no path");
  url.query = std::string(view.encoded_query());
  url.fragment = std::string(view.encoded_fragment());
  url.user = view.user();
  url.password = Secret(view.password());
  return url;
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  const auto view = urls::parse_uri(urls::string_view(text.data(), text.size()));
  if (!view) return fail(Code::invalid, "not an absolute URL");
  return from_view(*view);
}

Result<Url> Url::resolve(std::string_view reference) const {
  const auto ref = urls::parse_uri_reference(urls::string_view(reference.data(), reference.size()));
  if (!ref) return fail(Code::invalid, "not a URL reference");
  const std::string base_text = text();
  const auto base = urls::parse_uri(urls::string_view(base_text));
  if (!base) return fail(Code::invalid, "not an absolute URL");
  urls::url resolved;
  const auto done = urls::resolve(*base, *ref, resolved);
  if (!done) return fail(Code::invalid, "not a URL reference");
  return from_view(resolved);
}

std::string Url::origin() const {
  const bool v6 = host.find(':') != std::string::npos;
  std::string out = scheme + "://" + (v6 ? "[" + host + "]" : host);
  if (port != (scheme == "https" ? 443 : 80)) out += ":" + std::to_string(port);
  return out;
}

std::string Url::text() const { return origin() + path + (query.empty() ? "" : "?" + query); }

}  // namespace bodega
