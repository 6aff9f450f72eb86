// An absolute http or https URL, parsed once at the edge (RFC 3986 by Boost.URL). User information is taken out into its own fields, so
// that printing a Url never shows a password.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace bodega {

struct Url {
  std::string scheme;      // "http" or "https", lower case
  std::string host;        // lower case; IPv6 without brackets
  std::uint16_t port = 0;  // always set: 80 or 443 when the text has none
  std::string path;        // begins with '/', still percent-encoded
  std::string query;       // without '?'; may be empty
  std::string fragment;    // without '#'; may be empty
  std::string user;        // decoded; empty when there is none
  Secret password;

  static Result<Url> parse(std::string_view text);
  // RFC 3986 section 5.2: `reference` may be relative. invalid when the result is not http(s).
  Result<Url> resolve(std::string_view reference) const;

  // scheme://host[:port], default ports left out. What credentials are bound to.
  std::string origin() const;
  // origin + path + ?query, without user information and fragment.
  std::string text() const;
};

}  // namespace bodega
