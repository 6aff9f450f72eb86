#include "pypi/route.h"

namespace bodega::pypi {
namespace {

bool plain(const std::string& segment) { return segment.find('+') == std::string::npos; }

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
  if (s[0] == "+metrics" && s.size() == 1) route.place = Place::metrics;
  if (s[0] == "+health" && s.size() == 2 && (s[1] == "live" || s[1] == "ready")) {
    route.place = Place::health;
    route.rest = {s[1]};
  }
  return route;
}

Route below_index(Route route, const std::vector<std::string>& s) {
  const std::string& kind = s[2];
  if (kind == "+api" && s.size() == 3) route.place = Place::api;
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
  if (plain(kind)) {
    route.project = kind;
    if (s.size() == 3) route.place = Place::project;
    if (s.size() == 4) {
      // A local version holds a '+', so versions are not held to the rule for the other names.
      route.place = Place::version;
      route.version = s[3];
    }
    if (s.size() >= 5 && s[4] == "+doc") {
      route.place = Place::docs;
      route.version = s[3];
      route.rest.assign(s.begin() + 5, s.end());
    }
  }
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
