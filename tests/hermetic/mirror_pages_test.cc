// How pages of a mirror are asked for, kept, asked about again, and served when the upstream fails. Silence of the upstream counts as much
// as what it hears.
#include <gtest/gtest.h>

#include "testing/hermetic/hermetic_server.h"

namespace bodega::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const std::string kPage = "/root/pypi/+simple/foo/";
const std::string kFooUrl = std::string(kUpstream) + "foo/";
const UpstreamFile kWheel{"foo-1.0-py3-none-any.whl", "wheel bytes", "Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n"};
const UpstreamFile kSdist{"foo-1.0.tar.gz", "sdist bytes", ""};

class MirrorPages : public ::testing::Test {
 protected:
  MirrorPages() { publish(server.upstream(), "foo", {kWheel, kSdist}); }
  HermeticServer server;
};

TEST_F(MirrorPages, AColdPageIsFetchedOnceAndThenServedWithoutTheUpstream) {
  const auto first = server.get_json(kPage);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.cache, "miss");
  EXPECT_EQ(first.header("Content-Type"), "application/vnd.pypi.simple.v1+json");
  EXPECT_EQ(first.header("X-PyPI-Last-Serial"), "42");
  EXPECT_NE(first.body.find("\"../../+f/" + kWheel.path() + "\""), std::string::npos) << first.body;
  const auto second = server.get_json(kPage);
  EXPECT_EQ(second.cache, "hit");
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(server.upstream().count(), 1U);
}

// The first answer's own arrival used to end its permission to be kept: the second asker had the page printed again.
TEST_F(MirrorPages, TheFirstAnswerIsGoodForAllWhoComeAfter) {
  server.get_json(kPage);
  EXPECT_EQ(server.standing_hot(), 1U);
}

TEST_F(MirrorPages, AHundredAskersOfAColdPageMakeOneRequest) {
  const auto gate = make_gate();
  auto held = answer(upstream_page("foo", {kWheel}));
  held.hold_body = gate;
  server.upstream().on(kFooUrl, held);
  std::vector<Pending> askers;
  for (int i = 0; i < 100; ++i) askers.push_back(server.start({"GET", kPage, {{"Accept", "application/vnd.pypi.simple.v1+json"}}, {}}));
  gate->open();
  int joined = 0;
  for (auto& asker : askers) {
    const auto got = asker.get();
    EXPECT_EQ(got.status, 200);
    joined += got.cache == "joined" ? 1 : 0;
  }
  EXPECT_EQ(joined, 99);
  EXPECT_EQ(server.upstream().count(), 1U);
}

TEST_F(MirrorPages, AnExpiredPageIsRevalidatedByItsEtag) {
  server.get_json(kPage);
  server.advance(seconds(601));
  const auto again = server.get_json(kPage);
  EXPECT_EQ(again.cache, "revalidated");
  ASSERT_EQ(server.upstream().count(), 2U);
  EXPECT_TRUE(server.upstream().requests().back().headers.has("If-None-Match"));
  EXPECT_EQ(server.get_json(kPage).cache, "hit");
}

TEST_F(MirrorPages, ANewReleaseShowsOnceTheOldPageHasExpired) {
  server.get_json(kPage);
  publish(server.upstream(), "foo", {kWheel, kSdist, {"foo-2.0.tar.gz", "two", ""}});
  EXPECT_EQ(server.get_json(kPage).body.find("foo-2.0"), std::string::npos);
  server.advance(seconds(601));
  EXPECT_NE(server.get_json(kPage).body.find("foo-2.0"), std::string::npos);
}

TEST_F(MirrorPages, NoCacheAsksTheUpstreamAtMostEveryTenSeconds) {
  server.get_json(kPage);
  const http::Headers wish = {{"Cache-Control", "no-cache"}, {"Accept", "text/html"}};
  EXPECT_EQ(server.get(kPage, wish).cache, "hit");
  server.advance(seconds(10));
  EXPECT_EQ(server.get(kPage, wish).cache, "revalidated");
  EXPECT_EQ(server.upstream().count(), 2U);
}

TEST_F(MirrorPages, AFailingUpstreamIsCoveredByTheOldCopyWhichIsMarked) {
  const auto good = server.get_json(kPage);
  server.advance(hours(5));
  server.upstream().on(kFooUrl, answer_status(500));
  auto pending = server.start({"GET", kPage, {{"Accept", "application/vnd.pypi.simple.v1+json"}}, {}});
  for (int i = 0; i < 20 && !pending.done(); ++i) server.advance(seconds(1));
  const auto stale = pending.get();
  EXPECT_EQ(stale.status, 200);
  EXPECT_EQ(stale.cache, "stale");
  EXPECT_EQ(stale.body, good.body);
  EXPECT_EQ(stale.header("Cache-Control"), "public, max-age=10");
}

TEST_F(MirrorPages, TheOldCopyOutlivesARestart) {
  const auto good = server.get_json(kPage);
  server.restart();
  server.upstream().on(kFooUrl, answer_error(http::FetchFailure::connect));
  EXPECT_EQ(server.get_json(kPage).body, good.body);
  EXPECT_EQ(server.upstream().count(), 1U);
}

TEST_F(MirrorPages, ACopyOlderThanMaxStaleDoesNotStandIn) {
  server.get_json(kPage);
  server.advance(hours(24 * 31));
  server.upstream().on(kFooUrl, answer_error(http::FetchFailure::connect));
  auto pending = server.start({"GET", kPage, {{"Accept", "application/vnd.pypi.simple.v1+json"}}, {}});
  for (int i = 0; i < 60 && !pending.done(); ++i) server.advance(seconds(1));
  EXPECT_GE(pending.get().status, 502);
}

TEST_F(MirrorPages, ASlowUpstreamIsNotWaitedForWhenThereIsACopy) {
  server.get_json(kPage);
  server.advance(seconds(601));
  auto never = answer_status(200);
  never.never = true;
  server.upstream().on(kFooUrl, never);
  auto pending = server.start({"GET", kPage, {{"Accept", "application/vnd.pypi.simple.v1+json"}}, {}});
  EXPECT_FALSE(pending.answered());
  server.advance(seconds(5));
  ASSERT_TRUE(pending.done());
  EXPECT_EQ(pending.get().cache, "stale");
}

TEST_F(MirrorPages, ARealAbsenceIs404AndRememberedForAMinute) {
  server.upstream().on(std::string(kUpstream) + "nope/", answer_status(404));
  EXPECT_EQ(server.get_json("/root/pypi/+simple/nope/").status, 404);
  EXPECT_EQ(server.get_json("/root/pypi/+simple/nope/").status, 404);
  EXPECT_EQ(server.upstream().count(), 1U);
  server.advance(seconds(61));
  publish(server.upstream(), "nope", {{"nope-1.0.tar.gz", "x", ""}});
  EXPECT_EQ(server.get_json("/root/pypi/+simple/nope/").status, 200);
}

TEST_F(MirrorPages, AFailureWithoutACopyIsNeverA404) {
  struct Row {
    Answer upstream;
    int low, high;
  };
  const Row rows[] = {{answer_status(500), 502, 504},
                      {answer_status(503), 502, 504},
                      {answer_status(429), 502, 504},
                      {answer_status(403), 502, 502},
                      {answer_status(401), 502, 502},
                      {answer_error(http::FetchFailure::connect), 502, 504},
                      {answer_error(http::FetchFailure::timeout), 502, 504},
                      {answer("{\"meta\":{\"api-version\":\"9.0\"},\"name\":\"bar\",\"files\":[]}"), 502, 502},
                      {answer("{\"meta\":{\"api-version\":\"1.0\"},\"name\":\"evil\",\"files\":[]}"), 502, 502},
                      {answer("{\"meta\":{\"api-version\":\"1.0\"},\"na"), 502, 502}};
  for (const auto& row : rows) {
    HermeticServer fresh;
    fresh.upstream().on(std::string(kUpstream) + "bar/", row.upstream);
    auto pending =
        fresh.start({"GET", "/root/pypi/+simple/bar/", {{"Accept", "application/vnd.pypi.simple.v1+json"}, {"User-Agent", "pip/26"}}, {}});
    for (int i = 0; i < 60 && !pending.done(); ++i) fresh.advance(seconds(1));
    const auto got = pending.get();
    EXPECT_GE(got.status, row.low) << row.upstream.status;
    EXPECT_LE(got.status, row.high) << row.upstream.status;
    EXPECT_NE(got.reason, "") << "pip shows the reason phrase only";
    EXPECT_EQ(got.header("Content-Type"), "application/problem+json");
  }
}

TEST_F(MirrorPages, NamesAreNormalisedByARedirectWithoutAskingTheUpstream) {
  const auto got = server.get("/root/pypi/+simple/Foo_Bar.baz");
  EXPECT_EQ(got.status, 301);
  EXPECT_EQ(got.header("Location"), "foo-bar-baz/");
  EXPECT_EQ(server.get("/root/pypi/+simple/Foo/").header("Location"), "../foo/");
  EXPECT_EQ(server.get("/root/pypi/+simple/-foo-/").status, 404);
  EXPECT_EQ(server.upstream().count(), 0U);
}

TEST_F(MirrorPages, EachFormAndCodingHasItsOwnStrongEtag) {
  const auto json = server.get(kPage, {{"Accept", "application/vnd.pypi.simple.v1+json"}});
  const auto html = server.get(kPage, {{"Accept", "text/html"}});
  EXPECT_NE(json.header("ETag"), html.header("ETag"));
  EXPECT_EQ(html.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(json.header("Vary"), "Accept, Accept-Encoding");
  const auto same = server.get(kPage, {{"Accept", "application/vnd.pypi.simple.v1+json"}, {"If-None-Match", json.header("ETag")}});
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(same.header("ETag"), json.header("ETag"));
  EXPECT_EQ(server.get(kPage, {{"Accept", "image/png"}}).status, 406);
}

TEST_F(MirrorPages, InstallersMayLeaveOutSimple) {
  const http::Headers pip = {{"User-Agent", "pip/26.3 {}"}, {"Accept", "application/vnd.pypi.simple.v1+json"}};
  const auto got = server.get("/root/pypi/foo/", pip);
  EXPECT_EQ(got.status, 200);
  EXPECT_NE(got.body.find("\"../+f/" + kWheel.path() + "\""), std::string::npos) << got.body;
}

TEST_F(MirrorPages, AnUpstreamThatOnlyKnowsHtmlWorks) {
  Answer html = answer("<html><body><a href=\"../../packages/foo-3.0.tar.gz#sha256=" + Digest::of("three").hex() +
                       "\">foo-3.0.tar.gz</a></body></html>");
  html.headers.add("Content-Type", "text/html");
  server.upstream().on(kFooUrl, html);
  const auto page = server.get_json(kPage);
  EXPECT_NE(page.body.find("foo-3.0.tar.gz"), std::string::npos) << page.body;
  const std::string sha = Digest::of("three").hex();
  server.upstream().on("http://upstream.test/packages/foo-3.0.tar.gz", answer("three"));
  const auto file = server.get("/root/pypi/+f/" + sha.substr(0, 3) + "/" + sha.substr(3, 13) + "/foo-3.0.tar.gz");
  EXPECT_EQ(file.status, 200);
  EXPECT_EQ(file.body, "three");
}

// devpi's own test server answers so for a project without files.
TEST_F(MirrorPages, AnEmptyAnswerIsAProjectWithoutFilesButNeverReplacesAPage) {
  server.upstream().on(std::string(kUpstream) + "nothing/", answer(""));
  const auto nothing = server.get_json("/root/pypi/+simple/nothing/");
  EXPECT_EQ(nothing.status, 200);
  EXPECT_NE(nothing.body.find("\"files\":[]"), std::string::npos) << nothing.body;
  server.get_json(kPage);
  server.upstream().on(kFooUrl, answer(""));
  server.advance(hours(1));
  const auto kept = server.get_json(kPage);
  EXPECT_EQ(kept.status, 200);
  EXPECT_NE(kept.body.find(kWheel.filename), std::string::npos) << kept.body;
}

TEST_F(MirrorPages, ARefreshDropsTheCopy) {
  server.get_json(kPage);
  const auto got = server.ask({"POST", kPage + "refresh", {}, {}});
  EXPECT_EQ(got.status, 302);
  server.get_json(kPage);
  EXPECT_EQ(server.upstream().count(), 2U);
}

}  // namespace
}  // namespace bodega::testing
