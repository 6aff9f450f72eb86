// What is fetched ahead of a resolver, and what never is.
#include <gtest/gtest.h>

#include <algorithm>

#include "testing/hermetic/hermetic_server.h"

namespace bodega::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const std::string kPip = R"(pip/26.3 {"cpu":"x86_64","implementation":{"name":"CPython"},"python":"3.11.2","system":{"name":"Linux"}})";

UpstreamFile wheel(const std::string& name, const std::string& needs) {
  return {name + "-1.0-py3-none-any.whl", "wheel of " + name, "Metadata-Version: 2.1\nName: " + name + "\nVersion: 1.0\n" + needs};
}

class Prefetching : public ::testing::Test {
 protected:
  Prefetching() {
    publish(server.upstream(), "top", {wheel("top", "Requires-Dist: middle>=1\nRequires-Dist: never; sys_platform == 'win32'\n")});
    publish(server.upstream(), "middle", {wheel("middle", "Requires-Dist: bottom[extra]\n")});
    publish(server.upstream(), "bottom",
            {wheel("bottom", "Requires-Dist: optional; extra == 'extra'\nRequires-Dist: other; extra == 'x'\n")});
    for (const auto* name : {"optional", "never", "other"}) publish(server.upstream(), name, {wheel(name, "")});
  }

  Got ask(const std::string& path) {
    auto got = server.get(path, {{"User-Agent", kPip}, {"Accept", "application/vnd.pypi.simple.v1+json"}});
    for (int i = 0; i < 200; ++i) server.poll();
    return got;
  }
  bool asked(const std::string& part) {
    const auto& requests = server.upstream().requests();
    return std::any_of(requests.begin(), requests.end(), [&](const auto& one) { return one.url.text().find(part) != std::string::npos; });
  }
  Got api(const std::string& method, const std::string& path, const std::string& body) {
    return server.ask({method, path, {{"Authorization", "Basic cm9vdDpjb3JyZWN0IGhvcnNl"}, {"Content-Type", "application/json"}}, body});
  }
  HermeticServer server;
};

TEST_F(Prefetching, TheWholeClosureIsFetchedAfterItsFirstPage) {
  ASSERT_EQ(ask("/root/pypi/+simple/top/").status, 200);
  for (const auto* part : {"simple/top/", "top-1.0-py3-none-any.whl.metadata", "simple/middle/", "simple/bottom/", "simple/optional/"}) {
    EXPECT_TRUE(asked(part)) << part;
  }
  EXPECT_FALSE(asked("simple/never/"));
  EXPECT_FALSE(asked("simple/other/"));
  const auto count = server.upstream().count();
  EXPECT_EQ(ask("/root/pypi/+simple/middle/").cache, "hit");
  EXPECT_EQ(ask("/root/pypi/+simple/bottom/").cache, "hit");
  EXPECT_EQ(server.upstream().count(), count);
  const auto& requests = server.upstream().requests();
  EXPECT_TRUE(std::none_of(requests.begin(), requests.end(), [](const auto& one) { return one.url.path.ends_with(".whl"); }));
}

TEST_F(Prefetching, OthersThanInstallersGetNothingFetchedAhead) {
  server.get_json("/root/pypi/+simple/top/");
  for (int i = 0; i < 200; ++i) server.poll();
  EXPECT_EQ(server.upstream().count(), 1U);
}

TEST_F(Prefetching, ItCanBeSwitchedOff) {
  server.config().prefetch = false;
  server.restart();
  ask("/root/pypi/+simple/top/");
  EXPECT_EQ(server.upstream().count(), 1U);
}

TEST_F(Prefetching, APrivateNameNeverGoesUpstream) {
  ASSERT_EQ(api("PUT", "/root/dev", R"({"bases": ["root/pypi"]})").status, 200);
  const std::string form =
      "--b\r\nContent-Disposition: form-data; name=\":action\"\r\n\r\nsubmit\r\n--b\r\nContent-Disposition: form-data; "
      "name=\"name\"\r\n\r\nmiddle\r\n--b\r\nContent-Disposition: form-data; name=\"version\"\r\n\r\n9.0\r\n--b--\r\n";
  const auto uploaded =
      server.ask({"POST",
                  "/root/dev/",
                  {{"Authorization", "Basic cm9vdDpjb3JyZWN0IGhvcnNl"}, {"Content-Type", "multipart/form-data; boundary=b"}},
                  form});
  ASSERT_EQ(uploaded.status, 200);
  ASSERT_EQ(ask("/root/dev/+simple/top/").status, 200);
  EXPECT_TRUE(asked("top-1.0-py3-none-any.whl.metadata"));
  EXPECT_FALSE(asked("simple/middle/"));
}

TEST_F(Prefetching, UsedAndWastedAreCounted) {
  const auto value = [&](const std::string& name) {
    const auto text = server.get("/+metrics").body;
    const auto at = text.find("\n" + name + " ");
    return at == std::string::npos ? std::string("none")
                                   : text.substr(at + name.size() + 2, text.find('\n', at + 1) - at - name.size() - 2);
  };
  ask("/root/pypi/+simple/top/");
  EXPECT_EQ(value("bodega_prefetch_pages_total"), "3");
  EXPECT_EQ(value("bodega_prefetch_metadata_total"), "4");
  ask("/root/pypi/+simple/middle/");
  EXPECT_EQ(value("bodega_prefetch_used_total"), "1");
  EXPECT_EQ(value("bodega_prefetch_wasted_total"), "0");
  server.advance(minutes(11));
  EXPECT_EQ(value("bodega_prefetch_wasted_total"), "6");
}

TEST_F(Prefetching, APageThatIsAskedForOftenIsMadeYoungBeforeItGoesStale) {
  const std::string page = "/root/pypi/+simple/never/";
  server.get_json(page);
  const auto count = server.upstream().count();
  server.advance(seconds(500));
  EXPECT_EQ(server.get_json(page).cache, "hit");
  EXPECT_EQ(server.upstream().count(), count);
  server.advance(seconds(50));
  EXPECT_EQ(server.get_json(page).cache, "hit");
  for (int i = 0; i < 50; ++i) server.poll();
  EXPECT_EQ(server.upstream().count(), count + 1);
  server.advance(seconds(200));
  EXPECT_EQ(server.get_json(page).cache, "hit");
  EXPECT_EQ(server.upstream().count(), count + 1);
}

TEST_F(Prefetching, WhoAsksWhileAPageIsMadeYoungDoesNotWait) {
  const std::string page = "/root/pypi/+simple/never/";
  server.get_json(page);
  server.advance(seconds(560));
  auto slow = answer(upstream_page("never", {wheel("never", "")}));
  slow.never = true;
  server.upstream().on(std::string(kUpstream) + "never/", slow);
  EXPECT_EQ(server.get_json(page).cache, "hit");
  EXPECT_EQ(server.get_json(page).cache, "hit");
}

}  // namespace
}  // namespace bodega::testing
