// Pages of projects and releases as a browser gets them: what they show, what the upstream hears of it, and what strangers' text may do.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "pypi/format/html_tokenizer.h"
#include "pypi/format/json_value.h"
#include "testing/source_dir.h"
#include "tests/hermetic/browser_for_test.h"
#include "web/html_checker_for_test.h"

namespace bodega::testing {
namespace {

using pypi::Json;

const UpstreamFile kWheel{
    "foo-1.0-py3-none-any.whl", "wheel bytes",
    "Metadata-Version: 2.1\nName: foo\nVersion: 1.0\nSummary: Foos things\nDescription-Content-Type: text/markdown\n\n# Hello\n"};
const UpstreamFile kSdist{"foo-2.0rc1.tar.gz", "sdist bytes", ""};

http::Headers person(const std::string& user = "") {
  auto headers = as(user);
  headers.set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
  return headers;
}

std::string form_encoded(std::string text) {
  std::replace(text.begin(), text.end(), ' ', '+');
  return text;
}

// What our own pages are made of; everything else came from somebody else.
class PageCheck final : public pypi::HtmlSink {
 public:
  static std::string fault_of(std::string_view html) {
    PageCheck check;
    pypi::HtmlTokenizer(check).feed(html);
    return check.fault_;
  }
  void start_tag(const pypi::HtmlTag& tag) override {
    for (const char* never :
         {"style", "object", "embed", "base", "template", "noscript", "math", "video", "audio", "img", "frame", "plaintext"}) {
      if (tag.name == never) fault_ = "element " + tag.name;
    }
    if (tag.name == "script" && (tag.find("src") == nullptr || !tag.find("src")->starts_with("/+static-"))) fault_ = "script";
    for (const auto& attribute : tag.attributes) {
      if (attribute.name.starts_with("on") || attribute.name == "style" || attribute.name == "srcdoc")
        fault_ = "attribute " + attribute.name;
      if (attribute.name == "action" && !attribute.value.starts_with("/")) fault_ = "action " + attribute.value;
      const bool is_address = attribute.name == "href" || attribute.name == "src";
      const bool is_good = attribute.value.starts_with("/") || attribute.value.starts_with("#") || attribute.value.starts_with("http://") ||
                           attribute.value.starts_with("https://") || attribute.value.starts_with("mailto:");
      if (is_address && (!is_good || attribute.value.starts_with("//"))) fault_ = attribute.name + " " + attribute.value;
    }
  }
  void end_tag(std::string_view) override {}
  void text(std::string_view) override {}
  void comment(std::string_view) override { fault_ = "comment"; }

 private:
  std::string fault_;
};

class ProjectPages : public ::testing::Test {
 protected:
  ProjectPages() {
    publish(server.upstream(), "foo", {kWheel, kSdist});
    make_index(server, "root/dev", R"({"bases": "root/pypi"})");
    server.upstream().otherwise([](const http::FetchRequest&) { return answer_status(404); });
  }
  Got page(const std::string& path) { return server.get(path, person()); }
  bool shows(const Got& got, const std::string& text) { return got.status == 200 && got.body.find(text) != std::string::npos; }
  void write(const std::function<Result<void>(catalog::Transaction&)>& change) {
    const auto done = server.application().catalog().write_now(change);
    ASSERT_TRUE(done) << done.error().describe();
  }

  HermeticServer server;
};

TEST_F(ProjectPages, AMirroredProjectCostsOneLookAndItsMetadata) {
  server.upstream().forget_requests();
  const auto got = page("/root/dev/foo");
  EXPECT_TRUE(shows(got, "2.0rc1")) << got.body;
  EXPECT_TRUE(shows(got, "Foos things"));
  EXPECT_TRUE(shows(got, "pip install --index-url http://bodega.test/root/dev/+simple/ foo"));
  EXPECT_TRUE(shows(got, "action=\"/root/dev/foo/refresh\""));
  EXPECT_EQ(server.upstream().count(), 2U) << "the page and the .metadata of 1.0";
  EXPECT_TRUE(shows(page("/root/dev/foo/1.0"), ">Hello</h2>"));
  EXPECT_TRUE(shows(page("/root/dev/foo/2.0rc1"), "foo-2.0rc1.tar.gz"));
  EXPECT_EQ(server.upstream().count(), 2U) << "nothing more, and no file";
}

// What a page weighs beside its description.
std::size_t weight(const Got& got) {
  const auto begin = got.body.find("<article");
  const auto end = got.body.find("</article>");
  return got.body.size() - (begin == std::string::npos ? 0 : end - begin);
}

TEST_F(ProjectPages, EveryPageStaysBelow60KbBesideItsDescription) {
  constexpr std::size_t kMost = 60'000;
  std::string metadata = "Metadata-Version: 2.4\nName: big\nVersion: 1.0\nSummary: " + std::string(2000, 's') + "\n";
  for (int i = 0; i < 500; ++i) {
    const auto number = std::to_string(i);
    metadata += "Requires-Dist: a-rather-long-name-of-a-project-" + number + " >=1.0 ; extra == 'extra" + number + "'\n";
    metadata += "Requires-Dist: another-rather-long-name-of-a-project-" + number + " >=1.0\n";
    metadata += "Classifier: Topic :: Something :: That is long enough to be one :: " + number + "\n";
    metadata += "Project-URL: Label " + number + ", https://elsewhere.test/" + std::string(100, 'x') + number + "\n";
  }
  std::vector<UpstreamFile> files;
  for (int version = 0; version < 250; ++version) {
    for (int tag = 0; tag < 40; ++tag) {
      const auto name = "big-" + std::to_string(version) + ".0-cp3" + std::to_string(tag) + "-cp3" + std::to_string(tag) +
                        "-manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64.whl";
      files.push_back({name, name, version == 1 ? metadata : ""});
    }
  }
  publish(server.upstream(), "big", files);
  for (const std::string path : {"/root/dev/big", "/root/dev/big?page=2", "/root/dev/big/1.0", "/root/dev/big/1.0?file_from=30",
                                 "/root/dev/big/1.0?file_from=99999999999999999999", "/root/dev/big/2.0?file_from=0"}) {
    const auto got = page(path);
    EXPECT_EQ(got.status, 200) << path;
    EXPECT_LT(weight(got), kMost) << path;
    EXPECT_EQ(PageCheck::fault_of(got.body), "") << path;
  }
  EXPECT_TRUE(shows(page("/root/dev/big/1.0"), "file_from="));
  // Every file is on one of the parts.
  std::size_t found = 0;
  for (std::string path = "/root/dev/big/3.0"; !path.empty();) {
    const auto got = page(path);
    for (auto at = got.body.find("class=\"filename\""); at != std::string::npos; at = got.body.find("class=\"filename\"", at + 1)) ++found;
    const auto more = got.body.find("?file_from=");
    path = more == std::string::npos ? "" : "/root/dev/big/3.0" + got.body.substr(more, got.body.find('#', more) - more);
  }
  EXPECT_EQ(found, 40U);
}

TEST_F(ProjectPages, ListsOfManyStayBelow60KbToo) {
  constexpr std::size_t kMost = 60'000;
  make_user(server, "a-user-with-quite-a-long-name");
  std::string names;
  for (int i = 0; i < 3000; ++i) names += (i == 0 ? "" : ",") + std::string("a-name-on-the-whitelist-") + std::to_string(i);
  for (int i = 0; i < 61; ++i) make_index(server, "a-user-with-quite-a-long-name/an-index-with-quite-a-long-name-" + std::to_string(i));
  make_index(server, "root/wide", R"({"bases": "root/pypi", "mirror_whitelist": ")" + names + "\"}");
  for (int i = 0; i < 120; ++i) {
    make_user(server, "user-" + std::to_string(i));
    put_wheel(server, "root/dev", "a-project-of-which-there-are-" + std::to_string(i), "1.0");
  }
  for (int i = 0; i < 40; ++i) {
    const auto body = R"({"scope": "read", "comment": ")" + std::string(100, 'c') + "\"}";
    ASSERT_EQ(server.ask({"POST", "/+token", as("user-1"), body}).status, 201);
  }
  for (const std::string path : {"/", "/a-user-with-quite-a-long-name", "/root/wide", "/root/dev", "/root/pypi", "/+status", "/+searchhelp",
                                 "/+search?query=project"}) {
    const auto got = page(path);
    EXPECT_EQ(got.status, 200) << path;
    EXPECT_LT(got.body.size(), kMost) << path;
  }
  Browser browser(server);
  browser.follow(browser.log_in("user-1"));
  EXPECT_LT(browser.get("/+manage/account").body.size(), kMost);
}

TEST_F(ProjectPages, LatestAndStableAreForPeople) {
  EXPECT_TRUE(shows(page("/root/dev/foo/latest"), "<h1>foo 2.0rc1</h1>"));
  EXPECT_TRUE(shows(page("/root/dev/foo/stable"), "<h1>foo 1.0</h1>"));
  EXPECT_EQ(server.get("/root/dev/foo/latest", {{"Accept", "application/json"}}).status, 404);
}

TEST_F(ProjectPages, NamesHaveOneAddress) {
  const auto got = page("/root/dev/Foo/1.0?x=1");
  EXPECT_EQ(got.status, 302);
  EXPECT_EQ(got.header("Location"), "/root/dev/foo/1.0?x=1");
}

TEST_F(ProjectPages, ARefreshDropsWhatIsKept) {
  page("/root/dev/foo");
  publish(server.upstream(), "foo", {kWheel, kSdist, {"foo-3.0.tar.gz", "new", ""}});
  EXPECT_FALSE(shows(page("/root/dev/foo"), "3.0"));
  server.advance(std::chrono::seconds(1));  // what changed is known by when
  const auto got = server.ask({"POST", "/root/dev/foo/refresh", person(), ""});
  EXPECT_EQ(got.status, 302);
  EXPECT_EQ(got.header("Location"), "/root/dev/foo");
  const auto fresh = page("/root/dev/foo");
  EXPECT_TRUE(shows(fresh, "3.0")) << fresh.body;
}

TEST_F(ProjectPages, AnUpstreamThatFailsIsNoAbsence) {
  server.upstream().on(std::string(kUpstream) + "unheard-of/", answer_status(403));
  EXPECT_EQ(page("/root/dev/unheard-of").status, 502);
  put_wheel(server, "root/dev", "hello", "1.0");
  EXPECT_EQ(page("/root/dev/hello").status, 200);
}

TEST_F(ProjectPages, WhatMayNotBeReadIsNotThere) {
  for (const auto* name : {"alice", "bob"}) make_user(server, name);
  make_index(server, "alice/closed", R"({"acl_pkg_read": "alice"})");
  put_wheel(server, "alice/closed", "secret", "1.0");
  put_docs(server, "alice/closed", "secret", "1.0");
  for (const std::string path :
       {"/secret", "/secret/1.0", "/secret/latest", "/secret/+feed", "/secret/1.0/+d/index.html", "/secret/1.0/+toxresults/x.whl"}) {
    for (const auto* user : {"", "bob"}) {
      const auto hidden = server.get("/alice/closed" + path, person(user));
      const auto none = server.get("/alice/absent" + path, person(user));
      EXPECT_EQ(hidden.status, 404) << path;
      EXPECT_EQ(seen(hidden, "closed"), seen(none, "absent")) << path;
    }
    EXPECT_EQ(server.get("/alice/closed" + path, person("alice")).status, path.ends_with(".whl") ? 404 : 200) << path;
  }
}

TEST_F(ProjectPages, ANameThatIsPrivateSaysSo) {
  put_wheel(server, "root/dev", "foo", "5.0");
  server.upstream().forget_requests();
  EXPECT_TRUE(shows(page("/root/dev/foo"), "<strong>root/pypi</strong>"));
  EXPECT_EQ(server.upstream().count(), 0U);
}

TEST_F(ProjectPages, DocumentationHasAFrameAndASwitch) {
  put_wheel(server, "root/dev", "hello", "1.0");
  put_wheel(server, "root/dev", "hello", "2.0");
  put_docs(server, "root/dev", "hello", "1.0");
  put_docs(server, "root/dev", "hello", "2.0");
  const auto got = page("/root/dev/hello/latest/+d/index.html");
  EXPECT_TRUE(shows(got, "src=\"/root/dev/hello/2.0/+doc/index.html\"")) << got.body;
  EXPECT_TRUE(shows(got, "href=\"/root/dev/hello/1.0/+d/index.html\""));
  EXPECT_NE(got.header("Content-Security-Policy").find("frame-src 'self'"), std::string::npos);
  EXPECT_EQ(page("/root/dev/hello/1.0/+d").header("Location"), "/root/dev/hello/1.0/+d/index.html");
  EXPECT_EQ(page("/root/dev/hello/9.0/+d/index.html").status, 404);
}

TEST_F(ProjectPages, TestResultsAreShown) {
  const auto file = put_wheel(server, "root/dev", "hello", "1.0");
  const std::string result =
      R"({"host": "ci-7", "platform": "linux", "testenvs": {"py312": {"test": [{"command": ["pytest"], "output": "<b>3 passed", "retcode": "0"}]}}})";
  ASSERT_EQ(server.ask({"POST", file, as("root"), result}).status, 200);
  const std::string list = "/root/dev/hello/1.0/+toxresults/hello-1.0-py3-none-any.whl";
  EXPECT_TRUE(shows(page("/root/dev/hello/1.0"), "href=\"" + list + "\""));
  const auto got = page(list);
  EXPECT_TRUE(shows(got, "ci-7"));
  const auto at = got.body.find(list + "/");
  ASSERT_NE(at, std::string::npos);
  const auto detail = page(got.body.substr(at, got.body.find('"', at) - at));
  EXPECT_TRUE(shows(detail, "&lt;b&gt;3 passed")) << detail.body;
  EXPECT_TRUE(shows(detail, "class=\"card toxresult passed\""));
  EXPECT_EQ(page(list + "/nope").status, 404);
}

TEST_F(ProjectPages, AFeedFollowsReleases) {
  put_wheel(server, "root/dev", "hello", "1.0");
  const auto got = server.get("/root/dev/hello/+feed", {{"Accept", "*/*"}});
  EXPECT_EQ(got.header("Content-Type"), "application/atom+xml; charset=utf-8");
  EXPECT_TRUE(shows(got, "<id>http://bodega.test/root/dev/hello/1.0</id><title>hello 1.0</title>")) << got.body;
  EXPECT_EQ(server.get("/root/dev/hello/+feed", {{"If-None-Match", got.header("ETag")}}).status, 304);
  EXPECT_TRUE(shows(page("/root/dev/hello"), "type=\"application/atom+xml\""));
  put_wheel(server, "root/dev", "other", "2.0");
  const auto all = server.get("/root/dev/+feed");
  const auto newest = all.body.find("<title>other 2.0</title>");
  EXPECT_NE(newest, std::string::npos) << all.body;
  EXPECT_LT(newest, all.body.find("<title>hello 1.0</title>"));
  EXPECT_TRUE(shows(server.get("/root/pypi/+feed"), "</feed>"));
}

TEST_F(ProjectPages, WhoMayChangeAReleaseFindsTheFormsOnItsPage) {
  put_wheel(server, "root/dev", "hello", "1.0");
  EXPECT_FALSE(shows(page("/root/dev/hello/1.0"), "+manage/yank"));
  const auto in = server.ask({"POST",
                              "/+manage/login",
                              {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "text/html"}},
                              "user=root&password=" + form_encoded(kRootPassword)});
  ASSERT_EQ(in.status, 303);
  const std::string cookie = in.header("Set-Cookie").substr(0, in.header("Set-Cookie").find(';'));
  auto headers = person();
  headers.add("Cookie", cookie);
  const auto got = server.get("/root/dev/hello/1.0", headers);
  EXPECT_TRUE(shows(got, "action=\"/+manage/yank/root/dev\"")) << got.body;
  EXPECT_TRUE(shows(got, "action=\"/+manage/delete/root/dev\""));
}

TEST_F(ProjectPages, NobodysTextGetsOutOfItsPlace) {
  std::ifstream file(source_dir() / "tests/data/hostile/corpus.json");
  std::stringstream text;
  text << file.rdbuf();
  const auto corpus = Json::parse(text.str());
  ASSERT_TRUE(corpus && corpus->items().size() >= 200);
  int number = 0;
  for (const auto& entry : corpus->items()) {
    const auto kind = entry.text("kind");
    const std::string what(entry.text("text"));
    Json metadata = Json::object();
    for (const char* key : {"summary", "license", "author", "keywords", "description", "requires_python"}) metadata.set(key, what);
    metadata.set("description_content_type", kind == "rst" ? "text/x-rst" : kind == "plain" ? "text/plain" : "text/markdown");
    metadata.set("classifiers", Json::Array{what});
    metadata.set("requires_dist", Json::Array{what, "x; extra == '" + what + "'"});
    metadata.set("project_urls", Json::Array{"Label, " + what, what + ", https://ok.test/"});
    metadata.set("home_page", what);
    const std::string version = "1." + std::to_string(number++);
    write([&](catalog::Transaction& transaction) -> Result<void> {
      BODEGA_TRY_VOID(transaction.put_release({"root/dev", "hostile", version, metadata.compact()}, "hostile"));
      catalog::FileRow row;
      row.index = "root/dev";
      row.project = "hostile";
      row.version = version;
      row.filename = "hostile-" + version + ".tar.gz";
      row.digest = Digest::of(version);
      row.uploaded_by = what;
      row.requires_python = what;
      row.yanked = what;
      row.log_json = Json(Json::Array{Json(Json::Object{{"what", what}, {"who", what}, {"src", what}, {"dst", what}})}).compact();
      const auto stored = transaction.put_file(row, catalog::Overwrite::no);
      return stored ? Result<void>() : fail(stored.error());
    });
    const auto got = page("/root/dev/hostile/" + version);
    ASSERT_EQ(got.status, 200) << what;
    EXPECT_EQ(PageCheck::fault_of(got.body), "") << what;
    const auto from = got.body.find("<article");
    const auto to = got.body.find("</article>");
    ASSERT_NE(to, std::string::npos);
    const auto begin = got.body.find('>', from) + 1;
    EXPECT_EQ(web::HtmlChecker::fault_of(std::string_view(got.body).substr(begin, to - begin)), "") << what;
  }
  EXPECT_EQ(PageCheck::fault_of(page("/root/dev/hostile").body), "");
}

}  // namespace
}  // namespace bodega::testing
