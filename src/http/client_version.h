// What the client to upstreams is made of, as it runs.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace bodega::http {

// "libcurl", "7.88.1"; its TLS library, HTTP/2 and the like.
std::vector<std::pair<std::string, std::string>> client_libraries();

}  // namespace bodega::http
