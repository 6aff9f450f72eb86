#include "http/client_version.h"

#include <curl/curl.h>

#include "base/text.h"

namespace bodega::http {

// "libcurl/7.88.1 OpenSSL/3.0.17 zlib/1.2.13 ..."; some parts are in parentheses or have no version.
std::vector<std::pair<std::string, std::string>> client_libraries() {
  std::vector<std::pair<std::string, std::string>> out;
  const std::string all = curl_version();
  for (const auto part : split(std::string_view(all), ' ')) {
    const auto slash = part.find('/');
    if (slash == std::string_view::npos || part.starts_with('(')) continue;
    out.emplace_back(part.substr(0, slash), part.substr(slash + 1));
  }
  return out;
}

}  // namespace bodega::http
