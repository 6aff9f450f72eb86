// Credentials for upstreams, each bound to one origin and never sent to another. docs/upstream.md describes the file.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"
#include "base/url.h"
#include "http/client.h"

namespace bodega::cache {

class UpstreamCredentials {
 public:
  // netrc: `machine <host[:port] or origin> login <user> password <secret>`, tokens split by white space, "quoted" with backslash escapes,
  // '#' begins a comment. A machine without a scheme is https: a password goes over http only where the file says http://. `account` is
  // skipped; `default` and `macdef` are refused. invalid names the line.
  static Result<UpstreamCredentials> parse(std::string_view text);

  void add(http::Credentials credentials);  // replaces what the origin had
  // The user information of a configured URL, for its origin; nothing when there is none.
  void add_from(const Url& url);
  // What a request to the URL is sent with: its own user information, else what its origin has.
  std::optional<http::Credentials> of(const Url& url) const;
  std::size_t size() const { return by_origin_.size(); }

 private:
  std::map<std::string, http::Credentials> by_origin_;
};

// Reads the whole file on the calling thread (start and reload only). Warns (upstream.credentials_readable) when group or others may read
// it. not_found, invalid, io.
Result<UpstreamCredentials> load_upstream_credentials(const std::filesystem::path& path, Log& log);

}  // namespace bodega::cache
