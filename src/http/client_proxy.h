// Which proxy a request goes through. Pure but for proxies_of_environment(). The same rules as curl and Python's requests; decided here and
// not in libcurl because the check of the address connected to must know whether that is a proxy's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/url.h"

namespace bodega::http {

struct ProxySettings {
  std::string http;      // proxy URL for http:// requests; empty = none
  std::string https;     // for https:// requests
  std::string no_proxy;  // comma-separated: "*", names (match subdomains too, a leading dot is ignored), addresses, CIDRs; ":port" narrows
};

// `get(name)` is getenv. Lower case wins over upper case; HTTP_PROXY in upper case is not read (CVE-2016-5385); ALL_PROXY stands in for
// both.
ProxySettings proxies_of(const std::function<std::optional<std::string>(const char*)>& get);
ProxySettings proxies_of_environment();

bool bypasses_proxy(const Url& url, std::string_view no_proxy);
// The proxy for this URL, or "" for a direct connection.
std::string proxy_for(const Url& url, const ProxySettings& settings);

}  // namespace bodega::http
