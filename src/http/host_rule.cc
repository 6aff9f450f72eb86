#include "http/host_rule.h"

#include <algorithm>

#include "base/ip_network.h"
#include "base/text.h"

namespace bodega::http {

std::string_view host_without_port(std::string_view host) {
  if (host.starts_with('[')) {
    const auto close = host.find(']');
    return close == std::string_view::npos ? host : host.substr(1, close - 1);
  }
  return host.substr(0, host.find(':'));
}

bool names_host(const std::vector<std::string>& patterns, std::string_view host) {
  return std::any_of(patterns.begin(), patterns.end(), [host](std::string_view pattern) {
    if (pattern.starts_with("*.")) return host.size() > pattern.size() - 1 && host.ends_with(pattern.substr(1));
    return host == pattern;
  });
}

HostRule::HostRule(std::string public_host, std::vector<std::string> allowed_hosts)
    : public_host_(to_lower(host_without_port(public_host))), allowed_(std::move(allowed_hosts)) {
  for (auto& name : allowed_) name = to_lower(name);
}

bool HostRule::allows(std::string_view host) const {
  auto name = to_lower(host_without_port(host));
  if (name.ends_with('.')) name.pop_back();
  if (name.empty() || name == "localhost" || name.ends_with(".localhost"))
    return true;  // empty: no browser sends that; not a name to rebind
  if (IpAddress::parse(name)) return true;
  if (!public_host_.empty() && name == public_host_) return true;
  return names_host(allowed_, name);
}

std::string HostRule::refusal(std::string_view host) {
  std::string name;
  for (const char c : host_without_port(host)) {
    if (c > ' ' && c < 0x7f && name.size() < 100) name += c;
  }
  return "A browser asked for the host \"" + name +
         "\", which this server does not know as its own. If it is, set the option public-url to the address people use, or add the name "
         "to "
         "the option allowed-hosts.";
}

}  // namespace bodega::http
