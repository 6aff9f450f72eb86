// Searching the whole server: what is uploaded is found, what is deleted is not, what is closed does not exist for strangers, and the index
// comes back from whatever happens to it.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "pypi/format/json_value.h"
#include "tests/hermetic/hosted_for_test.h"

namespace bodega::testing {
namespace {

class Search : public ::testing::Test {
 protected:
  Search() {
    make_user(server, "alice");
    make_user(server, "bob");
    make_index(server, "alice/dev");
    make_index(server, "bob/closed", R"({"acl_pkg_read": "bob"})");
  }

  void put(const std::string& index, const std::string& project, const std::string& summary, const std::string& version = "1.0") {
    const auto user = index.substr(0, index.find('/'));
    std::string module = project;
    for (auto& c : module) c = c == '-' ? '_' : c;
    const auto got = server.ask(
        form_ask(index, user, {{":action", "file_upload"}, {"name", project}, {"version", version}},
                 {module + "-" + version + "-py3-none-any.whl",
                  pypi::testing::make_wheel(module, version, "x = 1\n", "Summary: " + summary + "\nLicense-Expression: MIT\n")}));
    ASSERT_EQ(got.status, 200) << got.body;
    server.poll();
  }

  Got search(const std::string& query, const std::string& user = "", const std::string& more = "") {
    return server.get("/+search?query=" + percent_encode(query) + more, as(user));
  }
  // "2: alice/dev/hello ..."
  std::string found(const std::string& query, const std::string& user = "", const std::string& more = "") {
    const auto got = search(query, user, more);
    EXPECT_EQ(got.status, 200) << got.body;
    const auto json = pypi::Json::parse(got.body);
    EXPECT_TRUE(json) << got.body;
    if (!json) return {};
    std::string out = std::to_string(*json->find("total")->integer()) + ":";
    for (const auto& hit : json->find("hits")->items())
      out += " " + std::string(hit.text("index")) + "/" + std::string(hit.text("project"));
    return out;
  }
  std::filesystem::path index_directory() const { return server.data() / "search"; }

  void publish_list(const std::string& names) {
    Answer list;
    list.headers.add("Content-Type", "application/vnd.pypi.simple.v1+json");
    list.body = R"({"meta": {"api-version": "1.4"}, "projects": [)" + names + "]}";
    server.upstream().on(kUpstream, list);
  }

  HermeticServer server;
};

TEST_F(Search, WhatIsUploadedIsFoundAndWhatIsDeletedIsNot) {
  EXPECT_EQ(found("zebra"), "0:");
  put("alice/dev", "animals", "Serves a zebra to everybody");
  EXPECT_EQ(found("zebra"), "1: alice/dev/animals");
  EXPECT_EQ(found("animals"), "1: alice/dev/animals");
  put("alice/dev", "animals", "Serves giraffes now", "2.0");
  EXPECT_EQ(found("zebra"), "0:");
  EXPECT_EQ(found("giraffe"), "1: alice/dev/animals");
  ASSERT_EQ(server.ask({"DELETE", "/alice/dev/animals/2.0", as("alice"), {}}).status, 200);
  EXPECT_EQ(found("zebra"), "1: alice/dev/animals") << "the older release speaks again";
  ASSERT_EQ(server.ask({"DELETE", "/alice/dev/animals", as("alice"), {}}).status, 200);
  EXPECT_EQ(found("zebra"), "0:");
  EXPECT_EQ(found("animals"), "0:");
}

TEST_F(Search, DocumentationIsRead) {
  put("alice/dev", "animals", "Nothing special");
  const auto got = server.ask(
      form_ask("alice/dev", "alice", {{":action", "doc_upload"}, {"name", "animals"}, {"version", "1.0"}},
               {"animals.zip", pypi::testing::make_zip({{"index.html", "<title>Start</title><p>Welcome</p>"},
                                                        {"zoo/okapi.html", "<title>The okapi</title><p>An okapi is shy.</p>"}})}));
  ASSERT_EQ(got.status, 200);
  server.poll();
  EXPECT_EQ(found("okapi"), "1: alice/dev/animals");
  EXPECT_EQ(found("type:page shy"), "1: alice/dev/animals");
  const auto json = search("okapi").body;
  EXPECT_NE(json.find(R"("href":"/alice/dev/animals/1.0/+doc/zoo/okapi.html")"), std::string::npos) << json;
}

TEST_F(Search, AClosedIndexDoesNotExistForStrangers) {
  put("alice/dev", "animals", "zebra");
  const auto questions = {"zebra",     "secret", "secrte", "name:zebra-secret", "*", "user:bob", "index:closed",
                          "NOT zebra", "quagga", "quaga"};
  std::vector<std::string> before;
  for (const auto* query : questions) before.push_back(search(query).body);
  const auto suggested = server.get("/+search?prefix=zeb", as("")).body;
  auto page = as("");
  page.set("Accept", "text/html");
  const auto html = server.get("/+search?query=zebra", page).body;
  put("bob/closed", "zebra-secret", "quagga zebra zebra zebra");
  std::size_t i = 0;
  for (const auto* query : questions) EXPECT_EQ(search(query).body, before[i++]) << query;
  EXPECT_EQ(server.get("/+search?prefix=zeb", as("")).body, suggested);
  EXPECT_EQ(server.get("/+search?query=zebra", page).body, html);
  EXPECT_EQ(found("quagga", "bob"), "1: bob/closed/zebra-secret");
  EXPECT_NE(server.get("/+search?prefix=zeb", as("bob")).body.find("zebra-secret"), std::string::npos);
  EXPECT_EQ(found("quagga", "alice"), "0:");
  change_index(server, "bob/closed", R"(["acl_pkg_read-="])");
  EXPECT_EQ(found("quagga"), "1: bob/closed/zebra-secret");
}

TEST_F(Search, ARestartKeepsTheIndex) {
  put("alice/dev", "animals", "zebra");
  server.advance(std::chrono::minutes(1));
  server.restart();
  server.poll();
  EXPECT_EQ(found("zebra"), "1: alice/dev/animals");
  EXPECT_EQ(server.application().indexer().counters().indexed, 0U) << "nothing had to be made again";
}

// The process ends before the index has heard of an upload: the catalog's serial tells.
TEST_F(Search, WhatAKillLeftOutIsMadeUpFor) {
  put("alice/dev", "animals", "zebra");
  server.advance(std::chrono::minutes(1));
  server.restart();
  const auto saved = server.data() / "saved";
  std::filesystem::copy(index_directory(), saved, std::filesystem::copy_options::recursive);
  put("alice/dev", "plants", "fern");
  server.restart();
  std::filesystem::remove_all(index_directory());
  std::filesystem::rename(saved, index_directory());
  server.restart();
  server.poll();
  EXPECT_EQ(found("fern"), "1: alice/dev/plants");
  EXPECT_EQ(found("zebra"), "1: alice/dev/animals");
  EXPECT_EQ(server.application().indexer().counters().indexed, 1U) << "only what is missing is made";
}

TEST_F(Search, TheDirectoryMayBeThrownAwayOrDamaged) {
  put("alice/dev", "animals", "zebra");
  server.restart();
  std::filesystem::remove_all(index_directory());
  server.restart();
  server.poll();
  EXPECT_EQ(found("zebra"), "1: alice/dev/animals");
  for (const auto& entry : std::filesystem::directory_iterator(index_directory() / "texts")) {
    if (entry.path().filename() == "iamglass") continue;
    std::ofstream(entry.path(), std::ios::binary | std::ios::trunc) << std::string(8192, 'Z');
  }
  server.restart();
  server.poll();
  EXPECT_EQ(server.get("/+search?query=zebra", as("")).status, 200);
  server.poll();
  EXPECT_EQ(found("zebra"), "1: alice/dev/animals");
}

TEST_F(Search, AnIndexThatIsDeletedIsGone) {
  put("alice/dev", "animals", "zebra");
  ASSERT_EQ(server.ask({"DELETE", "/alice/dev", as("alice"), {}}).status, 201);
  EXPECT_EQ(found("zebra"), "0:");
  make_index(server, "alice/dev");
  server.poll();
  EXPECT_EQ(found("zebra"), "0:");
  put("alice/dev", "plants", "fern");
  EXPECT_EQ(found("*"), "1: alice/dev/plants");
}

TEST_F(Search, NamesOfMirrorsAreFetchedWhenSomebodySearches) {
  publish_list(R"({"name": "Requests"}, {"name": "requests-mock"}, {"name": "six"}, {"name": "zope.interface"})");
  server.advance(std::chrono::hours(1));
  EXPECT_EQ(server.upstream().requests().size(), 0U) << "nobody searches, nobody is asked";
  search("six");
  server.poll();
  EXPECT_EQ(server.upstream().requests().size(), 1U);
  EXPECT_EQ(found("six"), "1: root/pypi/six");
  EXPECT_EQ(found("requests"), "2: root/pypi/requests root/pypi/requests-mock");
  EXPECT_EQ(found("zope.interface"), "1: root/pypi/zope-interface");
  EXPECT_NE(search("reqeusts").body.find(R"("did_you_mean":"requests")"), std::string::npos) << search("reqeusts").body;
  EXPECT_EQ(server.get("/+search?prefix=req", as("")).body,
            R"({"suggestions":[{"name":"requests","index":"root/pypi","href":"/root/pypi/requests"},)"
            R"({"name":"requests-mock","index":"root/pypi","href":"/root/pypi/requests-mock"}]})");
  EXPECT_EQ(server.upstream().requests().size(), 1U);
  put("alice/dev", "six", "Our own");
  EXPECT_EQ(found("six"), "2: alice/dev/six root/pypi/six");
  server.restart();
  server.poll();
  EXPECT_EQ(found("six"), "2: alice/dev/six root/pypi/six") << "they are kept";
  EXPECT_EQ(server.application().indexer().counters().names.builds, 0U);
}

TEST_F(Search, WhatAMirrorHasCachedIsFoundByItsSummary) {
  publish(server.upstream(), "six",
          {{"six-1.0-py3-none-any.whl", "six bytes", "Metadata-Version: 2.1\nName: six\nVersion: 1.0\nSummary: Quagga utilities\n"}});
  auto simple = as("");
  simple.set("Accept", "application/vnd.pypi.simple.v1+json");
  ASSERT_EQ(server.get("/root/pypi/+simple/six/", simple).status, 200);
  const auto page = server.get("/root/pypi/+simple/six/", simple).body;
  const auto at = page.find("../../+f/");
  const auto path = page.substr(at + 6, page.find_first_of("\"#", at) - at - 6);
  ASSERT_EQ(server.get("/root/pypi/" + path + ".metadata").status, 200) << path;
  server.advance(std::chrono::minutes(1));
  EXPECT_EQ(found("quagga"), "1: root/pypi/six");
  EXPECT_EQ(found("six"), "1: root/pypi/six");
}

TEST_F(Search, MirrorsMayBeLeftOutAndSearchingSwitchedOff) {
  publish_list(R"({"name": "six"})");
  put("alice/dev", "animals", "zebra");
  server.config().search = web::Indexed::hosted;
  server.restart();
  server.poll();
  EXPECT_EQ(found("zebra"), "1: alice/dev/animals");
  EXPECT_EQ(found("six"), "0:");
  EXPECT_EQ(server.upstream().requests().size(), 0U);
  server.config().search = web::Indexed::nothing;
  server.restart();
  EXPECT_EQ(search("zebra").status, 404);
  EXPECT_EQ(server.get("/").status, 200);
}

TEST_F(Search, PeopleGetAPage) {
  put("alice/dev", "animals", "Serves <b>zebras</b> & others");
  auto html = as("");
  html.set("Accept", "text/html");
  const auto page = server.get("/+search?query=zebras", html);
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("Serves &lt;b&gt;<mark>zebras</mark>&lt;/b&gt; &amp; others"), std::string::npos) << page.body;
  EXPECT_NE(page.body.find(R"(href="/alice/dev/animals/1.0")"), std::string::npos);
  EXPECT_EQ(page.body.find("<script>"), std::string::npos);
  const auto evil = server.get("/+search?query=%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27&index=%22%3E%3Cscript%3E", html);
  EXPECT_EQ(evil.status, 200);
  EXPECT_EQ(evil.body.find("<script>"), std::string::npos);
  for (const auto* path :
       {"/+search", "/+search?query=", "/+search?page=99999999999", "/+search?query=animals&page=77", "/+searchhelp", "/+opensearch.xml",
        "/+search?query=%FF%FE", "/+search?query=zebras&type=page&python=3.11&license=MIT&index=alice/dev"}) {
    EXPECT_EQ(server.get(path, html).status, 200) << path;
  }
  EXPECT_EQ(found("zebras", "", "&license=MIT"), "1: alice/dev/animals");
  EXPECT_EQ(found("zebras", "", "&license=GPL"), "0:");
  EXPECT_EQ(found("zebras", "", "&index=alice/dev"), "1: alice/dev/animals");
  EXPECT_EQ(found("zebras", "", "&index=root/pypi"), "0:");
}

TEST_F(Search, FeedReadersFollowASearch) {
  put("alice/dev", "animals", "zebra & co");
  const auto feed = server.get("/+search?query=zebra&format=atom", as(""));
  EXPECT_EQ(feed.status, 200);
  EXPECT_EQ(feed.header("Content-Type"), "application/atom+xml; charset=utf-8");
  EXPECT_NE(feed.body.find("<title>animals 1.0</title>"), std::string::npos) << feed.body;
  auto again = as("");
  again.add("If-None-Match", feed.header("ETag"));
  EXPECT_EQ(server.get("/+search?query=zebra&format=atom", again).status, 304);
}

std::string call_of(const std::string& method, const std::string& params) {
  return "<?xml version='1.0'?><methodCall><methodName>" + method + "</methodName><params>" + params + "</params></methodCall>";
}
std::string fields_of(const std::string& name) {
  return "<param><value><struct><member><name>name</name><value><array><data><value><string>" + name +
         "</string></value></data></array></value></member></struct></value></param><param><value><string>or</string></value></param>";
}

TEST_F(Search, OldToolsAskByXmlRpc) {
  put("alice/dev", "animals", "zebra");
  put("bob/closed", "animals-secret", "zebra");
  const auto ask = [this](const std::string& path, const std::string& body, const std::string& user = "") {
    auto headers = as(user);
    headers.set("Accept", "*/*");
    headers.add("Content-Type", "text/xml");
    return server.ask({"POST", path, headers, body});
  };
  for (const auto* path : {"/alice/dev", "/alice/dev/"}) {
    const auto got = ask(path, call_of("search", fields_of("animals")));
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.header("Content-Type"), "text/xml; charset=UTF-8");
    EXPECT_NE(got.body.find("<value><string>animals</string></value>"), std::string::npos) << got.body;
    EXPECT_NE(got.body.find("<value><string>[alice/dev] zebra</string></value>"), std::string::npos) << got.body;
    EXPECT_EQ(got.body.find("secret"), std::string::npos);
  }
  EXPECT_NE(ask("/alice/dev", call_of("list_packages", "")).body.find("Unknown method"), std::string::npos);
  EXPECT_EQ(ask("/alice/dev", call_of("list_packages", "")).status, 200);
  EXPECT_NE(ask("/alice/dev", "bad xml").body.find("<int>1</int>"), std::string::npos);
  EXPECT_EQ(ask("/bob/closed", call_of("search", fields_of("animals"))).status, 401);
  EXPECT_NE(ask("/bob/closed", call_of("search", fields_of("animals")), "bob").body.find("animals_secret"), std::string::npos)
      << "as its wheel spells it";
}

}  // namespace
}  // namespace bodega::testing
