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
  // ---- pages for people (src/web) ----
  static_file,      // /+static-{tag}/{name}
  theme_file,       // /+theme-static-{tag}/{name}
  search,           // /+search
  search_help,      // /+searchhelp
  opensearch,       // /+opensearch.xml
  manage,           // /+manage/...
  index_feed,       // /{u}/{i}/+feed
  project_feed,     // /{u}/{i}/{p}/+feed
  project_refresh,  // /{u}/{i}/{p}/refresh
  docs_frame,       // /{u}/{i}/{p}/{v}/+d/...
  toxresults,       // /{u}/{i}/{p}/{v}/+toxresults/{file}[/{toxresult}]
};

// By the order above.
constexpr bool is_for_people(Place place) { return place >= Place::static_file; }

struct Route {
  Place place = Place::unknown;
  std::string user;
  std::string index;    // name only
  std::string project;  // as written
  std::string version;
  std::vector<std::string> rest;                          // file: {"+f", "packages", ...}; health: {"live"}; docs, docs_frame: the path in
                                                          // the archive; static_file: {tag, name}; tokens, admin, manage, toxresults:
                                                          // what is behind
  std::string key() const { return user + "/" + index; }  // "user/index"
};

Route find_route(const std::vector<std::string>& segments);

}  // namespace bodega::pypi
