// Push from a mirror: fetched whole first, ours afterwards.
#include "tests/hermetic/push_for_test.h"

namespace bodega::testing {
namespace {

class PushFromMirror : public PushWorld {
 protected:
  PushFromMirror() { publish(server.upstream(), "hello", {kWheel, kTar, kOther}); }

  const UpstreamFile kWheel{"hello-1.0-py3-none-any.whl", wheel, ""};
  const UpstreamFile kTar{"hello-1.0.tar.gz", "no tar at all", ""};
  const UpstreamFile kOther{"hello-2.0.tar.gz", "the next", ""};
};

TEST_F(PushFromMirror, FilesAreFetchedFirstAndBecomeOurs) {
  const std::string whl = "root/prod/" + devpi_dir(wheel) + "hello-1.0-py3-none-any.whl";
  EXPECT_EQ(push("root/pypi", "root/prod"), R"(200 [[200,"register","hello","1.0","->","root/prod"],[200,"store_releasefile",")" + whl +
                                                R"("],[200,"store_releasefile","root/prod/)" + devpi_dir(kTar.bytes) +
                                                R"(hello-1.0.tar.gz"]])");
  EXPECT_EQ(server.upstream().count(kOther.url()), 0U);
  server.upstream().otherwise([](const http::FetchRequest&) { return answer_error(http::FetchFailure::connect); });
  server.restart();
  EXPECT_EQ(server.get("/" + whl).body, wheel);
  EXPECT_NE(server.get("/" + whl + ".metadata").body.find("Requires-Dist: six"), std::string::npos);
  const auto told = metadata("root/prod").value();
  EXPECT_EQ(told.text("name"), "hello");
  EXPECT_EQ(told.text("requires_python"), ">=3.8");
  EXPECT_EQ(told.find("requires_dist")->items().at(0), Json("six"));
  const auto row = file("root/prod", "hello-1.0-py3-none-any.whl").value();
  EXPECT_EQ(rfc3339(row.uploaded_at).substr(0, 19), "2024-05-06T07:08:09") << "as the page says";
  const auto log = Json::parse(row.log_json).value();
  ASSERT_EQ(log.items().size(), 1U);
  EXPECT_EQ(log.items()[0].text("src"), "root/pypi");
}

TEST_F(PushFromMirror, AHostedCopyOutlivesTheCache) {
  push("root/pypi", "root/prod");
  const auto digest = Digest::of(wheel);
  EXPECT_TRUE(read([&](catalog::Reader& reader) { return reader.is_hosted(digest); }).value());
}

TEST_F(PushFromMirror, AnUpstreamThatFailsInTheMiddleLeavesNothing) {
  server.upstream().on(kTar.url(), answer_error(http::FetchFailure::connect));
  auto pending = server.start({"PUSH",
                               "/root/pypi",
                               {{"Accept", "application/json"}, {"Authorization", "Basic " + base64_encode(kRoot)}},
                               R"({"name":"hello","version":"1.0","targetindex":"root/prod"})"});
  for (int i = 0; i < 60 && !pending.done(); ++i) server.advance(std::chrono::seconds(1));
  const auto got = pending.get();
  EXPECT_EQ(got.status, 502) << got.body;
  EXPECT_EQ(file("root/prod", "hello-1.0-py3-none-any.whl").error().code, Code::not_found);
  EXPECT_EQ(server.get_json("/root/prod/+simple/hello/").status, 404);
  server.upstream().on(kTar.url(), answer_status(404));
  EXPECT_EQ(push("root/pypi", "root/prod"), "502 the upstream has no hello-1.0.tar.gz any more");
}

TEST_F(PushFromMirror, WrongBytesAreNotPushed) {
  server.upstream().on(kTar.url(), answer("other bytes!!"));
  EXPECT_EQ(push("root/pypi", "root/prod").substr(0, 3), "502");
  EXPECT_EQ(file("root/prod", "hello-1.0-py3-none-any.whl").error().code, Code::not_found);
}

TEST_F(PushFromMirror, NothingIsFetchedForWhoMayNotPush) {
  EXPECT_EQ(push("root/pypi", "root/prod", "", ""), "401 user None cannot upload to 'root/prod'");
  EXPECT_EQ(push_out("root/pypi", "", "").substr(0, 3), "401");
  EXPECT_EQ(server.upstream().count(kWheel.url()), 0U);
}

TEST_F(PushFromMirror, FilesWithoutADigestAreFetchedOnceAndKnown) {
  UpstreamFile bare{"hello-1.0.tar.gz", "bare bytes", ""};
  bare.with_sha256 = false;
  publish(server.upstream(), "hello", {bare});
  EXPECT_EQ(push("root/pypi", "root/prod").substr(0, 3), "200");
  EXPECT_EQ(file("root/prod", "hello-1.0.tar.gz")->digest, Digest::of("bare bytes"));
  EXPECT_EQ(server.upstream().count(bare.url()), 1U);
}

TEST_F(PushFromMirror, AWheelThatCannotBeReadSpeaksThroughItsSibling) {
  publish(server.upstream(), "hello",
          {{"hello-1.0-py3-none-any.whl", "not a zip", "Metadata-Version: 2.1\nName: Hello\nVersion: 1.0\nSummary: still known\n"}});
  EXPECT_EQ(push("root/pypi", "root/prod").substr(0, 3), "200");
  EXPECT_EQ(metadata("root/prod")->text("summary"), "still known");
  EXPECT_TRUE(file("root/prod", "hello-1.0-py3-none-any.whl")->metadata_digest);
}

TEST_F(PushFromMirror, AMirrorBehindAnIndexSpeaksOnlyForWhitelistedNames) {
  EXPECT_EQ(push("root/dev", "root/prod"), "400 there are no files for hello 1.0 on stage root/dev") << "as devpi";
  EXPECT_EQ(server.upstream().count(), 0U) << "the name is not even told";
  index("root/open", R"({"bases": ["root/pypi"], "mirror_whitelist": ["hello"]})");
  EXPECT_EQ(push("root/open", "root/prod").substr(0, 3), "200");
}

TEST_F(PushFromMirror, TheUpstreamsTroubleIsNoAbsence) {
  server.upstream().on(std::string(kUpstream) + "hello/", answer_status(403));
  EXPECT_EQ(push("root/pypi", "root/prod").substr(0, 3), "502");
  server.upstream().on(std::string(kUpstream) + "nothing/", answer_status(404));
  EXPECT_EQ(push("root/pypi", "root/prod", R"(,"name":"nothing")"), "400 there are no files for nothing 1.0 on stage root/pypi");
}

TEST_F(PushFromMirror, AMirrorsReleaseCanBeSentOnByItsOwner) {
  server.upstream().on(kPost, answer_status(200));
  EXPECT_EQ(push_out("root/pypi").substr(0, 3), "200");
  EXPECT_EQ(server.upstream().count(kPost), 2U);
}

}  // namespace
}  // namespace bodega::testing
