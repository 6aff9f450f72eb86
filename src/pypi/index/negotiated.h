// What a request's headers mean for an index page. Pure; the front loops ask the same function through accept_class().
#pragma once

#include <optional>
#include <string_view>

#include "http/message.h"
#include "pypi/index/negotiate.h"

namespace bodega::pypi {

struct Negotiated {
  std::optional<PageChoice> choice;  // nullopt: 406
  ContentEncoding encoding = ContentEncoding::identity;
};

// A client that refuses every coding gets identity all the same: it is the one that any client can read.
Negotiated negotiate(std::optional<std::string_view> accept, std::optional<std::string_view> accept_encoding, std::string_view query);
Negotiated negotiate(const http::Request& request);

// Whether a client asks for devpi's API by name, as devpi tests it: whatever else it takes and in whatever order.
bool names_json(std::string_view accept);

// Requests of one class get the same bytes of any page and file (http::ServerOptions::classify). Who asks for devpi's API gets JSON about a
// file instead of the file.
int accept_class(std::string_view accept, std::string_view accept_encoding, std::string_view user_agent);

// The value of a key in a query, decoded; nullopt when it is not there or broken.
std::optional<std::string> query_value(std::string_view query, std::string_view key);
// Whether the query names the key, with or without a value. Both as sent: nothing is decoded.
bool query_has(std::string_view query, std::string_view key);

// Whether the client wants a look at the upstream: no-cache. Installers send max-age=0 with every page, which is not such a wish.
bool wants_fresh(const http::Headers& headers);

}  // namespace bodega::pypi
