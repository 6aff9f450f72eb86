#include "http/client_proxy.h"

#include <cstdlib>

#include "base/ip_network.h"
#include "base/text.h"

namespace bodega::http {
namespace {

bool matches_name(std::string_view host, std::string_view pattern) {
  if (pattern.starts_with('.')) pattern.remove_prefix(1);
  if (pattern.empty() || host.size() < pattern.size()) return false;
  if (!iequals(host.substr(host.size() - pattern.size()), pattern)) return false;
  return host.size() == pattern.size() || host[host.size() - pattern.size() - 1] == '.';
}

// Takes a ":port" off `pattern` and says whether it is `port`; true when there is none. IPv6 addresses carry a port only after brackets.
bool take_port(std::string_view& pattern, std::uint16_t port) {
  const std::size_t colon = pattern.rfind(':');
  if (colon == std::string_view::npos) return true;
  const bool bracketed = pattern.front() == '[' && pattern[colon - 1] == ']';
  if (pattern.find(':') != colon && !bracketed) return true;
  const auto number = parse_u64(pattern.substr(colon + 1));
  if (!number) return true;
  pattern = pattern.substr(0, colon);
  return *number == port;
}

bool matches_entry(const Url& url, std::string_view entry) {
  if (entry == "*") return true;
  if (!take_port(entry, url.port) || entry.empty()) return false;
  const auto address = IpAddress::parse(url.host);
  if (!address) return matches_name(url.host, entry);
  if (entry.find('/') != std::string_view::npos) {
    const auto network = IpNetwork::parse(entry);
    return network && network->contains(*address);
  }
  return IpAddress::parse(entry) == address;
}

}  // namespace

ProxySettings proxies_of(const std::function<std::optional<std::string>(const char*)>& get) {
  const auto first = [&](std::initializer_list<const char*> names) -> std::string {
    for (const char* name : names) {
      if (auto value = get(name); value && !value->empty()) return *value;
    }
    return {};
  };
  ProxySettings settings;
  settings.http = first({"http_proxy", "all_proxy", "ALL_PROXY"});
  settings.https = first({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
  settings.no_proxy = first({"no_proxy", "NO_PROXY"});
  return settings;
}

ProxySettings proxies_of_environment() {
  return proxies_of([](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  });
}

bool bypasses_proxy(const Url& url, std::string_view no_proxy) {
  for (const auto part : split(no_proxy, ',')) {
    // Blanks separate too, as in curl.
    for (const auto entry : split(trim(part), ' ')) {
      if (!entry.empty() && matches_entry(url, entry)) return true;
    }
  }
  return false;
}

std::string proxy_for(const Url& url, const ProxySettings& settings) {
  const std::string& proxy = url.scheme == "https" ? settings.https : settings.http;
  if (proxy.empty() || bypasses_proxy(url, settings.no_proxy)) return {};
  return proxy;
}

}  // namespace bodega::http
