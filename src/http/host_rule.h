// Which Host a browser may use. A page on a hostile site can make its own name resolve to this machine (DNS rebinding) and then talk to us
// as "same origin"; a Host that is none of ours gives that away. Programs that run no foreign scripts may come by any name, so that front
// proxies need no configuration.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bodega::http {

class HostRule {
 public:
  // As in ServerOptions: public_host with port if any; allowed names without port, "*.lab.example" matches subdomains.
  HostRule(std::string public_host, std::vector<std::string> allowed_hosts);

  // `host` is the outside host of a browser's request, with port if any. An address literal cannot be rebound and is always good.
  bool allows(std::string_view host) const;

  // What to tell the person in front of the browser; plain text.
  static std::string refusal(std::string_view host);

 private:
  std::string public_host_;  // without port, lower case
  std::vector<std::string> allowed_;
};

// Whether the patterns name the host: lower case and no port on both sides; "*.lab.example" stands for every name below.
bool names_host(const std::vector<std::string>& patterns, std::string_view host);

// "Lab.example:3141" -> "Lab.example", "[::1]:80" -> "::1".
std::string_view host_without_port(std::string_view host);

}  // namespace bodega::http
