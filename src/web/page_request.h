// One request of a person, with what every page wants to know about it.
#pragma once

#include <string>
#include <string_view>

#include "access/principal.h"
#include "http/message.h"
#include "pypi/route.h"

namespace bodega::web {

// What all pages of this process share.
struct Site {
  std::string version;        // Bodega's own
  std::string static_folder;  // "/+static-0.1.0-1a2b3c4d/": names what the assets are, so that browsers may keep them for ever
};

// Lives as long as its answer is being made.
struct PageRequest {
  http::Request& request;
  pypi::Route route;
  const Site& site;
  access::Principal who;  // anonymous also for credentials that prove nothing
  std::string csrf;       // what the forms of this session carry; empty: there is no session
  std::string notice;     // what the last form led to, to be told once

  bool has_session() const { return !csrf.empty(); }
};

// ---- Addresses, as links hold them: from the mount of the request on, percent-encoded. ----

std::string address(const http::Request& request, std::string_view path);  // `path` begins with '/' and is encoded already
std::string user_address(const http::Request& request, std::string_view user);
std::string index_address(const http::Request& request, std::string_view key);  // "user/index"
std::string project_address(const http::Request& request, std::string_view key, std::string_view project);
std::string version_address(const http::Request& request, std::string_view key, std::string_view project, std::string_view version);
// The path of the request below the mount, encoded anew.
std::string own_path(const http::Request& request);
// The login page, which leads back to where the request was.
std::string login_address(const http::Request& request);

// ---- The query. ----

// The decoded value of the first such key; "" when there is none or it is broken.
std::string query_value(const http::Request& request, std::string_view key);
// A number of at least 1, as ?page= has it; 1 for anything else.
std::size_t page_number(const http::Request& request);

// Whether a person reads the answer: text/html before JSON, and no installer.
bool is_person(const http::Request& request);

}  // namespace bodega::web
