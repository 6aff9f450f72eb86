// Pages for people: who gets them, what they show, and what they do not tell.
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "tests/hermetic/browser_for_test.h"

namespace bodega::testing {
namespace {

bool has(const Got& got, const std::string& text) { return got.body.find(text) != std::string::npos; }

class WebPages : public ::testing::Test {
 protected:
  WebPages() {
    make_user(server, "alice");
    make_index(server, "alice/dev", R"({"title": "<Dev>", "bases": ["root/pypi"]})");
    put_wheel(server, "alice/dev", "mine", "1.0");
  }
  HermeticServer server;
  Browser browser{server};
};

TEST_F(WebPages, OnlyWhoPutsHtmlBeforeJsonGetsThem) {
  for (const std::string path : {"/", "/alice", "/alice/dev"}) {
    EXPECT_TRUE(has(browser.get(path), "<main")) << path;
    for (const auto& headers : std::vector<http::Headers>{{},
                                                          {{"Accept", "*/*"}},
                                                          {{"Accept", "application/json"}},
                                                          {{"Accept", "application/json, text/html;q=0.9"}},
                                                          {{"Accept", "*/*"}, {"User-Agent", "Mozilla/5.0"}}}) {
      const auto got = server.get(path, headers);
      EXPECT_EQ(got.header("Content-Type"), "application/json") << path;
    }
  }
  make_index(server, "alice/own");
  const auto pip =
      server.get("/alice/own", {{"User-Agent", "pip/23.3"}, {"Accept", "application/vnd.pypi.simple.v1+json, text/html;q=0.01"}});
  EXPECT_EQ(pip.header("Content-Type"), "application/vnd.pypi.simple.v1+json");
}

TEST_F(WebPages, HaveTheHeadersThatKeepThemSafeAndYoung) {
  const auto got = browser.get("/alice/dev");
  EXPECT_EQ(got.status, 200);
  EXPECT_TRUE(got.header("Content-Security-Policy").starts_with("default-src 'none'; style-src 'self'; script-src 'self'"));
  EXPECT_EQ(got.header("Content-Security-Policy").find("unsafe"), std::string::npos);
  EXPECT_EQ(got.header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(got.header("Cache-Control"), "no-cache");
  EXPECT_FALSE(has(got, " style="));
  EXPECT_FALSE(has(got, " onclick="));
  EXPECT_TRUE(has(got, "&lt;Dev&gt;"));
  const auto again = browser.ask({"GET", "/alice/dev", {{"If-None-Match", got.header("ETag")}}, {}});
  EXPECT_EQ(again.status, 304);
}

TEST_F(WebPages, TheCredentialsOfAnUpstreamAreForManagers) {
  make_index(server, "alice/mir", R"({"type": "mirror", "mirror_url": "https://u:sesame@example.com/simple/"})");
  for (const std::string path : {"/", "/alice", "/alice/mir", "/+status"}) EXPECT_FALSE(has(browser.get(path), "sesame")) << path;
  browser.follow(browser.log_in("alice"));
  EXPECT_FALSE(has(browser.get("/+manage/index/alice/mir"), "sesame"));
}

TEST_F(WebPages, ASlashTooManyLeadsToTheOneAddress) {
  for (const std::string path : {"/alice", "/alice/dev"}) {
    const auto got = browser.get(path + "/?page=2");
    EXPECT_EQ(got.status, 302);
    EXPECT_EQ(got.header("Location"), path + "?page=2");
    EXPECT_EQ(server.get(path + "/", {{"Accept", "application/json"}}).status, 200);
  }
}

TEST_F(WebPages, AnIndexSaysWhereItsPackagesComeFrom) {
  const auto got = browser.get("/alice/dev");
  for (const auto* text : {"alice/dev", "href=\"/root/pypi\"", "upstream.test", "mine 1.0", "/+simple/"}) {
    EXPECT_TRUE(has(got, text)) << text;
  }
  EXPECT_TRUE(has(browser.get("/alice/dev?filter=MI"), ">mine</a>"));
  EXPECT_TRUE(has(browser.get("/alice/dev?filter=<x>"), "&lt;x&gt;"));
  EXPECT_EQ(browser.get("/alice/dev?page=999999999").status, 200);
}

TEST_F(WebPages, TheAssetsOfThisBuildAreKeptForEver) {
  const auto home = browser.get("/");
  const auto at = home.body.find("/+static-");
  const auto path = home.body.substr(at, home.body.find('"', at) - at);
  EXPECT_EQ(server.get(path).header("Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(server.get("/+static-0/bodega.css").header("Cache-Control"), "no-cache");
  EXPECT_EQ(server.get("/+static-0/bodega.css").header("Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(server.get("/+static-0/passwd").status, 404);
}

TEST_F(WebPages, AnErrorIsAPageWithTheStatusOfTheApi) {
  for (const std::string path : {"/nobody", "/alice/none", "/alice/dev/none", "/+nothing"}) {
    const auto page = browser.get(path);
    const auto api = server.get(path, {{"Accept", "application/json"}});
    EXPECT_EQ(page.status, api.status) << path;
    EXPECT_TRUE(has(page, "class=\"error\"")) << path;
    EXPECT_EQ(page.header("Cache-Control"), "no-store") << path;
  }
}

TEST_F(WebPages, TheStatusIsAPageForPeopleAndDevpisForPrograms) {
  EXPECT_TRUE(has(browser.get("/+status"), "All is well"));
  EXPECT_EQ(browser.get("/+status").header("ETag"), "");
  const auto facts = server.get("/+status?facts", {{"Accept", "application/json"}});
  EXPECT_TRUE(has(facts, "\"type\": \"facts\"")) << facts.body;
  EXPECT_TRUE(has(facts, "\"pool\": 0"));
  for (const auto& headers : std::vector<http::Headers>{{}, {{"Accept", "*/*"}}, {{"Accept", "application/json"}}}) {
    EXPECT_TRUE(has(server.get("/+status", headers), "\"role\": \"MASTER\""));
  }
}

TEST_F(WebPages, TheStatusTellsOfUpstreamsAndDamage) {
  const UpstreamFile file{"foo-1.0-py3-none-any.whl", "wheel bytes", ""};
  publish(server.upstream(), "foo", {file});
  server.upstream().otherwise([](const http::FetchRequest&) { return answer_status(404); });
  EXPECT_FALSE(has(browser.get("/+status"), "id=\"upstreams\"")) << "nobody was asked yet";
  EXPECT_EQ(server.get("/root/pypi/+simple/foo/").status, 200);
  const auto page = browser.get("/+status");
  EXPECT_TRUE(has(page, "http://upstream.test")) << page.body;
  EXPECT_TRUE(has(page, "closed: all well"));
  EXPECT_TRUE(has(browser.get("/root/pypi"), "mostly within"));
  make_index(server, "alice/closed", R"({"type": "mirror", "mirror_url": "http://hidden.test/simple/", "acl_pkg_read": ["alice"]})");
  server.upstream().on("http://hidden.test/simple/bar/", answer_status(404));
  auto headers = as("alice");
  headers.set("Accept", "application/vnd.pypi.simple.v1+json");
  EXPECT_EQ(server.get("/alice/closed/+simple/bar/", headers).status, 404);
  EXPECT_FALSE(has(browser.get("/+status"), "hidden.test"));
  EXPECT_TRUE(has(server.get("/+status?facts", as("alice")), "\"origin\": \"http://hidden.test\""));
  EXPECT_TRUE(has(server.get("/+status?facts", as("root")), "\"origin\": \"http://hidden.test\""));
  EXPECT_FALSE(has(server.get("/+status?facts", as("")), "hidden.test"));
}

// Without what two servers never have in common: their numbers of commits and their ids.
std::string comparable(const Got& got) {
  auto plain = got;
  for (const auto& field : got.headers.all()) {
    if (field.name.starts_with("X-Devpi-")) plain.headers.remove(field.name);
  }
  return seen(plain, "no such text");
}

// How the process feels is shown to everybody, and differs by the page of memory.
bool is_of_the_process(const std::string& path) { return path.starts_with("/+status") || path.starts_with("/+metrics"); }

// Everything that a stranger can reach by links.
std::map<std::string, std::string> crawl(HermeticServer& server) {
  Browser browser(server);
  std::map<std::string, std::string> out;
  std::deque<std::string> waiting{"/",
                                  "/alice/secret",
                                  "/alice/secret/hidden",
                                  "/alice/secret/hidden/1.0",
                                  "/alice/secret/+feed",
                                  "/+search?query=hidden",
                                  "/+search?prefix=hid",
                                  "/+search?prefix=hid&format=opensearch",
                                  "/+search?query=hidden&format=atom",
                                  "/+search?query=path:/alice/secret/hidden",
                                  "/+search?query=user:alice",
                                  "/+search?query=index:secret",
                                  "/+search?query=hid*&index=alice/secret",
                                  "/+search?query=hiden",
                                  "/+opensearch.xml",
                                  "/+api",
                                  "/alice",
                                  "/alice/+api",
                                  "/alice/secret/+api",
                                  "/alice/secret/hidden/1.0/+doc/index.html",
                                  "/alice/secret/hidden/1.0/+d/index.html",
                                  "/alice/secret/hidden/1.0/+toxresults/hidden-1.0-py3-none-any.whl",
                                  "/alice/secret/+simple/hidden/",
                                  "/alice/secret/hidden/latest",
                                  "/alice/dev?filter=hid",
                                  "/alice/under/hidden",
                                  "/alice/under/+feed",
                                  "/+token",
                                  "/alice/under",
                                  "/+manage/index/alice/secret",
                                  "/+manage/upload/alice/secret",
                                  "/alice/secret/+simple/",
                                  "/alice/secret/hidden/+feed"};
  while (!waiting.empty()) {
    const auto path = waiting.front();
    waiting.pop_front();
    if (out.contains(path) || out.size() > 500 || is_of_the_process(path)) continue;
    const auto got = browser.get(path);
    out[path] = comparable(got);
    for (const auto* accept : {"application/json", "*/*", "application/vnd.pypi.simple.v1+json"}) {
      out[path] += std::string("\n---- ") + accept + "\n" + comparable(server.get(path, {{"Accept", accept}}));
    }
    for (auto at = got.body.find("href=\"/"); at != std::string::npos; at = got.body.find("href=\"/", at + 1)) {
      auto link = got.body.substr(at + 6, got.body.find('"', at + 6) - at - 6);
      link = link.substr(0, link.find('#'));
      if (link.find("+f/") == std::string::npos && link.find("root/pypi/+simple") == std::string::npos) waiting.push_back(link);
    }
  }
  return out;
}

void set_up(HermeticServer& server) {
  make_user(server, "alice");
  make_index(server, "alice/dev");
  put_wheel(server, "alice/dev", "mine", "1.0");
}

TEST(WebCrawl, AStrangerFindsNoTraceOfAPrivateIndex) {
  HermeticServer open;
  HermeticServer closed;
  // Both have a closed index, so that both hide what is not there; only one has the second, and another below it.
  for (auto* server : {&open, &closed}) {
    set_up(*server);
    make_index(*server, "alice/locked", R"({"acl_pkg_read": ["alice"]})");
  }
  make_index(closed, "alice/secret", R"({"acl_pkg_read": ["alice"]})");
  put_wheel(closed, "alice/secret", "hidden", "1.0");
  put_docs(closed, "alice/secret", "hidden", "1.0");
  make_index(closed, "alice/under", R"({"bases": ["alice/secret"]})");
  // What is uploaded is searched after a moment.
  for (auto* server : {&open, &closed}) server->advance(std::chrono::minutes(1));
  EXPECT_NE(closed.get("/+search?query=hidden", as("alice")).body.find("alice/secret"), std::string::npos) << "its reader finds it";
  const auto without = crawl(open);
  const auto with = crawl(closed);
  EXPECT_GT(with.size(), 20U);
  for (const auto& [path, answer] : with) {
    const auto other = without.find(path);
    ASSERT_NE(other, without.end()) << path;
    EXPECT_EQ(answer, other->second) << path;
  }
}

}  // namespace
}  // namespace bodega::testing
