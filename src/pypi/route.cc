#include "pypi/route.h"

#include <string_view>

namespace bodega::pypi {
namespace {

bool plain(const std::string& segment) { return segment.find('+') == std::string::npos; }

Route page_at_top(const std::vector<std::string>& s) {
  constexpr std::string_view kStatic = "+static-";
  constexpr std::string_view kTheme = "+theme-static-";
  Route route;
  if (s[0] == "+search" && s.size() == 1) route.place = Place::search;
  if (s[0] == "+searchhelp" && s.size() == 1) route.place = Place::search_help;
  if (s[0] == "+opensearch.xml" && s.size() == 1) route.place = Place::opensearch;
  if (s[0].starts_with(kTheme)) route.place = Place::theme_file;
  if (s[0].starts_with(kStatic) && s.size() == 2) {
    route.place = Place::static_file;
    route.rest = {s[0].substr(kStatic.size()), s[1]};
  }
  return route;
}

Route at_top(const std::vector<std::string>& s) {
  Route route;
  if (s[0] == "+api" && s.size() == 1) route.place = Place::api;
  if (s[0] == "+login" && s.size() == 1) route.place = Place::login;
  if (s[0] == "+status" && s.size() == 1) route.place = Place::status;
  if (s[0] == "+authcheck" && s.size() == 1) route.place = Place::authcheck;
  if (s[0] == "+token" && s.size() <= 2) {
    route.place = Place::tokens;
    route.rest.assign(s.begin() + 1, s.end());
  }
  if (s[0] == "+admin") {
    route.place = Place::admin;
    route.rest.assign(s.begin() + 1, s.end());
  }
  if (s[0] == "+manage") {
    route.place = Place::manage;
    route.rest.assign(s.begin() + 1, s.end());
  }
  if (s[0] == "+metrics" && s.size() == 1) route.place = Place::metrics;
  if (s[0] == "+health" && s.size() == 2 && (s[1] == "live" || s[1] == "ready")) {
    route.place = Place::health;
    route.rest = {s[1]};
  }
  return route.place == Place::unknown ? page_at_top(s) : route;
}

Route below_project(Route route, const std::vector<std::string>& s) {
  route.project = s[2];
  if (s.size() == 3) route.place = Place::project;
  if (s.size() == 4 && s[3] == "+feed") {
    route.place = Place::project_feed;
  } else if (s.size() >= 4) {
    // A local version holds a '+', so versions are not held to the rule for the other names.
    route.version = s[3];
    if (s.size() == 4) route.place = s[3] == "refresh" ? Place::project_refresh : Place::version;
  }
  if (s.size() >= 5) {
    if (s[4] == "+doc") route.place = Place::docs;
    if (s[4] == "+d") route.place = Place::docs_frame;
    if (s[4] == "+toxresults" && (s.size() == 6 || s.size() == 7)) route.place = Place::toxresults;
    route.rest.assign(s.begin() + 5, s.end());
  }
  return route;
}

Route below_index(Route route, const std::vector<std::string>& s) {
  const std::string& kind = s[2];
  if (kind == "+api" && s.size() == 3) route.place = Place::api;
  if (kind == "+feed" && s.size() == 3) route.place = Place::index_feed;
  if (kind == "+simple") {
    if (s.size() == 3) route.place = Place::simple_list;
    if (s.size() == 4 && plain(s[3])) route.place = Place::simple_project;
    if (s.size() == 5 && s[4] == "refresh") route.place = Place::simple_refresh;
    if (s.size() >= 4) route.project = s[3];
  }
  if ((kind == "+f" || kind == "+e") && s.size() >= 4) {
    route.place = Place::file;
    route.rest.assign(s.begin() + 2, s.end());
  }
  if (plain(kind)) return below_project(std::move(route), s);
  return route;
}

}  // namespace

Route find_route(const std::vector<std::string>& s) {
  Route route;
  if (s.empty()) {
    route.place = Place::root;
    return route;
  }
  if (!plain(s[0])) return at_top(s);
  route.user = s[0];
  if (s.size() == 1) {
    route.place = Place::user;
    return route;
  }
  if (s[1] == "+api" && s.size() == 2) {
    route.place = Place::api;
    return route;
  }
  if (!plain(s[1])) return {};
  route.index = s[1];
  if (s.size() == 2) {
    route.place = Place::index;
    return route;
  }
  return below_index(std::move(route), s);
}

}  // namespace bodega::pypi
