// Which of devpi's addresses a path is (reference: docs/protocols/devpi.md). Pure.
#pragma once

#include <string>
#include <vector>

#include "http/message.h"

namespace bodega::pypi {

enum class Place {
  unknown,
  root,            // /
  api,             // /+api, /{u}/+api, /{u}/{i}/+api
  login,           // /+login
  status,          // /+status
  authcheck,       // /+authcheck
  tokens,          // /+token, /+token/{id}
  admin,           // /+admin/...
  health,          // /+health/live, /+health/ready
  metrics,         // /+metrics
  user,            // /{u}
  index,           // /{u}/{i}
  simple_list,     // /{u}/{i}/+simple
  simple_project,  // /{u}/{i}/+simple/{p}
  simple_refresh,  // /{u}/{i}/+simple/{p}/refresh
  file,            // /{u}/{i}/+f/... and /{u}/{i}/+e/...
  project,         // /{u}/{i}/{p}
  version,         // /{u}/{i}/{p}/{v}
  docs,            // /{u}/{i}/{p}/{v}/+doc/...
};

struct Route {
  Place place = Place::unknown;
  std::string user;
  std::string index;    // name only
  std::string project;  // as written
  std::string version;
  std::vector<std::string> rest;                          // file: {"+f", "packages", ...}; health: {"live"}; docs: the path in the archive;
                                                          // tokens, admin: what is behind
  std::string key() const { return user + "/" + index; }  // "user/index"
};

Route find_route(const std::vector<std::string>& segments);

}  // namespace bodega::pypi
