// What a front proxy says about the client: believed only from peers that are configured as trusted, and never when it says two things.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_network.h"
#include "base/result.h"
#include "http/message.h"

namespace bodega::http {

class ProxyTrust {
 public:
  ProxyTrust() = default;
  // invalid names the CIDR that is none.
  static Result<ProxyTrust> parse(const std::vector<std::string>& cidrs);
  bool trusts(const IpAddress& address) const;
  bool empty() const { return networks_.empty(); }

 private:
  std::vector<IpNetwork> networks_;
};

struct Outside {
  std::string client;  // numeric; the peer's own address when nobody trusted says otherwise
  std::string scheme = "http";
  std::string host;
  std::string path;  // of X-Outside-Url, without a final slash; mostly empty
};

// `peer` is absent for a Unix socket, which counts as loopback. From a trusted peer: the client is the rightmost hop of X-Forwarded-For
// (else Forwarded) that is not itself trusted; scheme and host come from X-Outside-Url, else X-Forwarded-Proto and -Host, else the last
// element of Forwarded. A field with several values or a malformed one is ignored. From an untrusted loopback peer only `X-Forwarded-Proto:
// https` counts, for the scheme: `tailscale serve` and the like work with nothing configured.
Outside outside_of(const Headers& headers, std::string_view host, const std::optional<IpAddress>& peer, const ProxyTrust& trust);

}  // namespace bodega::http
