// Role x place x method: every address with every method asked by everybody, and the status that each gets. A Place without its rows does
// not compile; a method without a row must be 404.
#include <gtest/gtest.h>

#include <array>
#include <optional>

#include "http/target.h"
#include "pypi/format/json_value.h"
#include "pypi/route.h"
#include "tests/hermetic/hosted_for_test.h"

namespace bodega::testing {
namespace {

using pypi::Place;

constexpr std::array<const char*, 9> kMethods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "PUSH", "OPTIONS", "BREW"};

// Least first: what a role may not do, it cannot spoil for the next. "up" is in acl_upload, "user" in no list.
constexpr std::array<const char*, 5> kRoles = {"anonymous", "user", "uploader", "owner", "root"};
using Cells = std::array<int, kRoles.size()>;
constexpr Cells all(int status) { return {status, status, status, status, status}; }

// Tokens of the owner, who may do everything here: what they may not do, they may not as tokens.
constexpr std::array<const char*, 3> kTokens = {"read token", "upload token of the other index", "upload token"};
using TokenCells = std::array<int, kTokens.size()>;

struct Row {
  std::string method;
  Cells cells;
  std::string body = {};
  std::optional<TokenCells> tokens = {};  // else what anybody may they may, and 403
};

// A user with an open index that holds "mine" 1.0, a second one to push to, and a closed one.
struct World {
  std::string owner;
  std::string file;  // below the open index
  std::array<std::string, kTokens.size()> tokens;
  std::string index() const { return owner + "/dev"; }
  std::string target() const { return owner + "/target"; }
};

std::string path_of(Place place, const World& world) {
  const std::string index = "/" + world.index();
  switch (place) {
    case Place::unknown: return "/+nothing/here";
    case Place::root: return "/";
    case Place::api: return index + "/+api";
    case Place::login: return "/+login";
    case Place::status: return "/+status";
    case Place::authcheck: return "/+authcheck";
    case Place::tokens: return "/+token";
    case Place::admin: return "/+admin/status";
    case Place::health: return "/+health/live";
    case Place::metrics: return "/+metrics";
    case Place::user: return "/" + world.owner;
    case Place::index: return index;
    case Place::simple_list: return index + "/+simple/";
    case Place::simple_project: return index + "/+simple/mine/";
    case Place::simple_refresh: return index + "/+simple/mine/refresh";
    case Place::file: return world.file;
    case Place::project: return index + "/mine";
    case Place::version: return index + "/mine/1.0";
    case Place::docs: return index + "/mine/1.0/+doc/index.html";
    case Place::static_file: return "/+static-0/bodega.css";
    case Place::theme_file: return "/+theme-static-0/style.css";
    case Place::search: return "/+search";
    case Place::search_help: return "/+searchhelp";
    case Place::opensearch: return "/+opensearch.xml";
    case Place::manage: return "/+manage/login";
    case Place::index_feed: return index + "/+feed";
    case Place::project_feed: return index + "/mine/+feed";
    case Place::project_refresh: return index + "/mine/refresh";
    case Place::docs_frame: return index + "/mine/1.0/+d/index.html";
    case Place::toxresults: return index + "/mine/1.0/+toxresults/mine-1.0-py3-none-any.whl";
  }
  return {};
}

const Row kGet{"GET", all(200)};
const Row kHead{"HEAD", all(200)};
std::vector<Row> any_method() {
  std::vector<Row> rows;
  for (const auto* method : kMethods) rows.push_back({method, all(200)});
  return rows;
}

// Who is nobody is asked to log in, whatever the method; a user's own tokens are everybody's own business.
std::vector<Row> own_tokens() {
  std::vector<Row> rows;
  for (const std::string method : kMethods) {
    const int status = method == "GET" || method == "HEAD" ? 200 : method == "POST" ? 201 : 404;
    rows.push_back({method, {401, status, status, status, status}, method == "POST" ? R"({"scope": "read"})" : ""});
  }
  return rows;
}

// What is not told is 404 for everybody, as everywhere in devpi.
std::vector<Row> rows_of(Place place, const World& world) {
  const std::string push = R"({"name": "mine", "version": "1.0", "targetindex": ")" + world.target() + "\"}";
  switch (place) {
    case Place::unknown: return {};
    case Place::root: return {kGet, kHead};
    case Place::api:
    case Place::status:
    case Place::authcheck: return any_method();
    case Place::login: return {{"POST", all(200), R"({"user": ")" + world.owner + R"(", "password": "pw"})"}};
    case Place::tokens: return own_tokens();
    case Place::admin: return {};  // only over the administrator's socket
    case Place::health:
    case Place::metrics: return {kGet, kHead};
    case Place::user:
      return {kGet,
              kHead,
              {"PUT", all(409), R"({"password": "pw"})", TokenCells{403, 403, 403}},
              {"PATCH", {403, 403, 403, 200, 200}, R"({"title": "x"})"},
              {"DELETE", {403, 403, 403, 200, 200}}};
    case Place::index:
      return {kGet,
              kHead,
              {"POST", {401, 403, 200, 200, 403}, "upload", TokenCells{403, 403, 200}},
              {"PUSH", {401, 401, 200, 200, 401}, push, TokenCells{401, 200, 200}},  // from here into the other index
              {"PUT", all(409), "{}"},
              {"PATCH", {403, 403, 403, 200, 200}, R"({"title": "x"})"},
              {"DELETE", {403, 403, 403, 201, 201}}};
    case Place::simple_list: return {kGet, kHead, {"POST", {401, 403, 200, 200, 403}, "upload", TokenCells{403, 403, 200}}};
    case Place::simple_project: return {kGet, kHead};
    case Place::simple_refresh: return {{"POST", all(302)}};
    case Place::file:
      return {kGet,
              kHead,
              {"POST", all(200), R"({"testenvs": {}})"},
              {"PATCH", {403, 403, 200, 200, 200}, R"({"yanked": true})"},
              {"DELETE", {403, 403, 200, 200, 200}}};
    case Place::project:
    case Place::version: return {kGet, kHead, {"DELETE", {403, 403, 200, 200, 200}}};
    case Place::docs: return {kGet, kHead};
    case Place::static_file: return {kGet, kHead};
    case Place::theme_file:  // there are no themes
    case Place::search:
    case Place::search_help:
    case Place::opensearch: return {};
    case Place::manage: return {kGet, kHead, {"POST", all(400)}};  // a form is wanted
    case Place::index_feed:
    case Place::project_feed: return {};
    case Place::project_refresh: return {{"DELETE", {403, 403, 404, 404, 404}}};  // of a version that has this name, and is not there
    case Place::docs_frame:
    case Place::toxresults: return {};
  }
  return {};
}

std::vector<Place> all_places() {
  std::vector<Place> places;
  for (int i = 0; !path_of(static_cast<Place>(i), {}).empty(); ++i) places.push_back(static_cast<Place>(i));
  return places;
}

class Matrix : public ::testing::Test {
 protected:
  Matrix() {
    make_user(server, "stranger");
    make_user(server, "up");
  }

  World make_world(const std::string& options = R"({"acl_upload": ["OWNER", "up"]})") {
    World world{"own" + std::to_string(++worlds_), {}, {}};
    make_user(server, world.owner);
    std::string told = options;
    told.replace(told.find("OWNER"), 5, world.owner);
    make_index(server, world.index(), told);
    make_index(server, world.target(), told);
    world.tokens = {make_token(world, R"({"scope": "read"})"),
                    make_token(world, R"({"scope": "upload", "index": ")" + world.owner + R"(/target"})"),
                    make_token(world, R"({"scope": "upload"})")};
    world.file = put_wheel(server, world.index(), "mine", "1.0");
    put_docs(server, world.index(), "mine", "1.0");
    return world;
  }

  std::string make_token(const World& world, const std::string& wish) {
    const auto got = server.ask({"POST", "/+token", as(world.owner), wish});
    return std::string(pypi::Json::parse(got.body)->find("result")->text("token"));
  }

  static http::Headers credentials(const std::string& role, const World& world) {
    for (std::size_t token = 0; token < kTokens.size(); ++token) {
      if (role == kTokens[token]) return {{"Authorization", "Bearer " + world.tokens[token]}};
    }
    if (role == "anonymous") return {};
    return as(role == "user" ? "stranger" : role == "uploader" ? "up" : role == "owner" ? world.owner : role);
  }

  Got ask(const std::string& role, const std::string& method, const std::string& path, const std::string& body, const World& world,
          const std::string& accept = "application/json") {
    auto request = body == "upload" ? upload_ask(world.index(), "", "mine", "2.0") : Ask{method, path, {}, body};
    request.path = path;
    request.headers.remove("Authorization");
    const auto own = credentials(role, world);
    for (const auto& header : own.all()) request.headers.set(header.name, header.value);
    request.headers.set("Accept", accept);
    return server.ask(std::move(request));
  }

  static std::string accept_at(Place place, const Row& row) {
    const bool is_page = row.body.empty() && (place == Place::simple_list || place == Place::simple_project);
    return is_page ? "application/vnd.pypi.simple.v1+json" : "application/json";
  }

  static Row row_of(Place place, const std::string& method, const World& world) {
    for (auto& told : rows_of(place, world)) {
      if (told.method == method) return told;
    }
    return {method, all(404)};
  }

  HermeticServer server;

 private:
  int worlds_ = 0;
};

TEST_F(Matrix, EveryRoleGetsItsStatusEverywhere) {
  World world = make_world();
  for (const Place place : all_places()) {
    ASSERT_EQ(pypi::find_route(http::split_path(path_of(place, world))->segments).place, place) << path_of(place, world);
    for (const auto* method : kMethods) {
      for (std::size_t role = 0; role < kRoles.size(); ++role) {
        const Row row = row_of(place, method, world);
        const auto got = ask(kRoles[role], method, path_of(place, world), row.body, world, accept_at(place, row));
        EXPECT_EQ(got.status, row.cells[role]) << kRoles[role] << " " << method << " " << path_of(place, world) << "\n" << got.body;
        const bool changed = got.status / 100 == 2 && row.method != "GET" && row.method != "HEAD";
        if (changed && place >= Place::user) world = make_world();
      }
    }
  }
}

TEST_F(Matrix, EveryTokenDoesWhatItsScopeSaysAndNoMore) {
  World world = make_world();
  for (const Place place : all_places()) {
    for (const auto* method : kMethods) {
      for (std::size_t token = 0; token < kTokens.size(); ++token) {
        const Row row = row_of(place, method, world);
        const auto got = ask(kTokens[token], method, path_of(place, world), row.body, world, accept_at(place, row));
        const bool anybody_may = row.cells[0] != 401 && row.cells[0] != 403;
        const int otherwise = anybody_may ? row.cells[0] : 403;
        EXPECT_EQ(got.status, row.tokens ? (*row.tokens)[token] : otherwise)
            << kTokens[token] << " " << method << " " << path_of(place, world) << "\n"
            << got.body;
        if (got.status / 100 == 2 && row.method != "GET" && row.method != "HEAD") world = make_world();
      }
    }
  }
}

// Nothing that can be asked tells who may not read an index whether it is there.
TEST_F(Matrix, AClosedIndexIsLikeNoneForWhoMayNotRead) {
  const World closed = make_world(R"({"acl_pkg_read": ["OWNER"], "acl_upload": ":AUTHENTICATED:"})");
  const std::string none = closed.owner + "/non";  // as long as the other: lengths are compared, too
  for (const Place place : all_places()) {
    const auto path = path_of(place, closed);
    if (path.find(closed.index()) == std::string::npos) continue;
    auto other = path;
    other.replace(other.find(closed.index()), closed.index().size(), none);
    for (const auto* method : kMethods) {
      const std::string body = row_of(place, method, closed).body;
      for (const auto* role : {"anonymous", "user", "uploader"}) {
        for (const auto* accept : {"application/json", "text/html", "*/*", "application/vnd.pypi.simple.v1+json"}) {
          SCOPED_TRACE(std::string(role) + " " + method + " " + path + " " + accept);
          const auto there = ask(role, method, path, body, closed, accept);
          EXPECT_EQ(seen(there, closed.index()), seen(ask(role, method, other, body, closed, accept), none));
          EXPECT_GE(there.status, 400);
        }
      }
    }
  }
}

}  // namespace
}  // namespace bodega::testing
