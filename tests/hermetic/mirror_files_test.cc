// Files of a mirror: streamed while they arrive, verified before their last bytes go out, kept, healed.
#include <gtest/gtest.h>

#include <fstream>

#include "base/text.h"
#include "store/live_blob.h"
#include "testing/hermetic/hermetic_server.h"

namespace bodega::testing {
namespace {

using std::chrono::seconds;

std::string big_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 1;
  for (auto& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

const UpstreamFile kSmall{"foo-1.0-py3-none-any.whl", "wheel bytes", "Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n"};
const UpstreamFile kBig{"foo-2.0-py3-none-any.whl", big_bytes(1'000'000), ""};

std::string link(const UpstreamFile& file) { return "/root/pypi/+f/" + file.path(); }

class MirrorFiles : public ::testing::Test {
 protected:
  MirrorFiles() {
    publish(server.upstream(), "foo", {kSmall, kBig});
    server.get_json("/root/pypi/+simple/foo/");
    server.upstream().forget_requests();
  }
  std::filesystem::path blob_path(const std::string& bytes) const {
    const auto hex = Digest::of(bytes).hex();
    return server.data() / "blobs" / "sha256" / hex.substr(0, 2) / hex.substr(2, 2) / hex;
  }
  HermeticServer server;
};

TEST_F(MirrorFiles, AFileIsFetchedOnceAndKeptForEver) {
  const auto first = server.get(link(kSmall));
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, kSmall.bytes);
  EXPECT_EQ(first.cache, "miss");
  EXPECT_EQ(first.header("ETag"), '"' + Digest::of(kSmall.bytes).hex() + '"');
  EXPECT_EQ(first.header("Cache-Control"), "public, max-age=365000000, immutable");
  EXPECT_EQ(first.header("Last-Modified"), "Mon, 06 May 2024 07:08:09 GMT");
  server.restart();
  EXPECT_EQ(server.get(link(kSmall)).cache, "hit");
  EXPECT_EQ(server.upstream().count(kSmall.url()), 1U);
}

TEST_F(MirrorFiles, InstallsFromTheCacheWhileTheUpstreamIsDown) {
  server.get(link(kSmall));
  server.upstream().on(std::string(kUpstream) + "foo/", answer_error(http::FetchFailure::connect));
  server.upstream().on(kSmall.url(), answer_error(http::FetchFailure::connect));
  server.advance(std::chrono::hours(24 * 20));
  auto pending = server.start({"GET", link(kSmall), {}, {}});
  for (int i = 0; i < 30 && !pending.done(); ++i) server.advance(seconds(1));
  EXPECT_EQ(pending.get().body, kSmall.bytes);
}

TEST_F(MirrorFiles, AllThreeShapesOfALinkFindTheFile) {
  const auto hex = Digest::of(kSmall.bytes).hex();
  EXPECT_EQ(server.get("/root/pypi/+f/" + hex.substr(0, 3) + "/" + hex.substr(3, 13) + "/" + kSmall.filename).body, kSmall.bytes);
  EXPECT_EQ(server.get(link(kSmall)).cache, "hit");
  EXPECT_EQ(server.get("/root/pypi/+f/aaa/" + hex.substr(3, 13) + "/" + kSmall.filename).status, 404);
}

TEST_F(MirrorFiles, ReadersFollowTheFileWhileItArrivesAndShareOneFetch) {
  const auto gate = make_gate();
  auto held = answer(kBig.bytes);
  held.hold_body = gate;
  held.hold_at = 500'000;
  server.upstream().on(kBig.url(), held);
  std::vector<Pending> readers;
  for (int i = 0; i < 20; ++i) readers.push_back(server.start({"GET", link(kBig), {}, {}}));
  for (const auto& reader : readers) {
    EXPECT_TRUE(reader.answered()) << "the head goes out before the file is here";
    EXPECT_FALSE(reader.done());
  }
  gate->open();
  for (auto& reader : readers) EXPECT_EQ(reader.get().body, kBig.bytes);
  EXPECT_EQ(server.upstream().count(kBig.url()), 1U);
}

TEST_F(MirrorFiles, AFlippedByteNeverMakesACompleteAnswerAndIsNotKept) {
  auto wrong = kBig.bytes;
  wrong[700'000] = static_cast<char>(wrong[700'000] ^ 1);
  server.upstream().on(kBig.url(), answer(wrong));
  const auto got = server.get(link(kBig));
  EXPECT_TRUE(got.broken);
  EXPECT_LE(got.body.size(), kBig.bytes.size() - store::LiveBlob::kHoldBack);
  server.upstream().on(kBig.url(), answer(kBig.bytes));
  const auto again = server.get(link(kBig));
  EXPECT_EQ(again.body, kBig.bytes);
  EXPECT_EQ(again.cache, "miss");
}

TEST_F(MirrorFiles, ASmallWrongFileIsACleanError) {
  server.upstream().on(kSmall.url(), answer("whool bytes"));
  const auto got = server.get(link(kSmall));
  EXPECT_EQ(got.status, 502);
  EXPECT_FALSE(std::filesystem::exists(blob_path("whool bytes")));
}

TEST_F(MirrorFiles, ALengthThatIsNotThePagesIsRefused) {
  server.upstream().on(kSmall.url(), answer(kSmall.bytes + "x"));
  EXPECT_EQ(server.get(link(kSmall)).status, 502);
}

TEST_F(MirrorFiles, ABrokenTransferIsResumedOnceByRange) {
  auto cut = answer(kBig.bytes, "\"v1\"");
  cut.fail_at = 600'000;
  server.upstream().once(kBig.url(), cut);
  server.upstream().on(kBig.url(), answer(kBig.bytes, "\"v1\""));
  EXPECT_EQ(server.get(link(kBig)).body, kBig.bytes);
  ASSERT_EQ(server.upstream().count(kBig.url()), 2U);
  const auto& second = server.upstream().requests().back();
  EXPECT_EQ(second.headers.get("Range"), "bytes=600000-");
  EXPECT_EQ(second.headers.get("If-Range"), "\"v1\"");
}

TEST_F(MirrorFiles, AFileThatChangedBetweenTwoTriesIsNotGlued) {
  auto cut = answer(std::string(kBig.bytes.size(), 'x'), "\"v1\"");
  cut.fail_at = 600'000;
  server.upstream().once(kBig.url(), cut);
  server.upstream().on(kBig.url(), answer(kBig.bytes, "\"v2\""));
  EXPECT_TRUE(server.get(link(kBig)).broken);
  EXPECT_EQ(server.get(link(kBig)).body, kBig.bytes);
}

TEST_F(MirrorFiles, TwoBrokenTransfersAreAnErrorForAll) {
  auto cut = answer(kBig.bytes, "\"v1\"");
  cut.fail_at = 600'000;
  server.upstream().on(kBig.url(), [cut](const http::FetchRequest& request) {
    auto script = cut;
    if (request.headers.has("Range")) script.fail_at = 1000;
    return script;
  });
  EXPECT_TRUE(server.get(link(kBig)).broken);
  EXPECT_EQ(server.upstream().bodies_alive(), 0);
}

TEST_F(MirrorFiles, RangesAreServedFromTheCacheAndFromArrivingFiles) {
  EXPECT_EQ(server.get(link(kBig), {{"Range", "bytes=-10"}}).body, kBig.bytes.substr(kBig.bytes.size() - 10));
  const auto part = server.get(link(kBig), {{"Range", "bytes=5-9"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, kBig.bytes.substr(5, 5));
  EXPECT_EQ(part.header("Content-Range"), "bytes 5-9/1000000");
  EXPECT_EQ(server.get(link(kBig), {{"Range", "bytes=1000000-"}}).status, 416);
  const auto head = server.ask({"HEAD", link(kBig), {}, {}});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Length"), "1000000");
  EXPECT_EQ(head.body, "");
}

TEST_F(MirrorFiles, MetadataComesFromTheUpstreamAndIsVerified) {
  const auto got = server.get(link(kSmall) + ".metadata");
  EXPECT_EQ(got.body, kSmall.metadata);
  EXPECT_EQ(server.get(link(kSmall) + ".metadata").cache, "hit");
  EXPECT_EQ(server.get(link(kBig) + ".metadata").status, 404);
}

TEST_F(MirrorFiles, WrongMetadataIsNotServed) {
  server.upstream().on(kSmall.url() + ".metadata", answer("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n"));
  EXPECT_EQ(server.get(link(kSmall) + ".metadata").status, 502);
}

TEST_F(MirrorFiles, ABlobDamagedOnDiskIsFetchedAgain) {
  const auto path = blob_path(kBig.bytes);
  for (const char* damage : {"flip", "truncate", "remove", "grow"}) {
    ASSERT_EQ(server.get(link(kBig)).body, kBig.bytes);
    const std::string what = damage;
    if (what == "flip") {
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(123'456);
      file.put('~');
    }
    if (what == "truncate") std::filesystem::resize_file(path, 1000);
    if (what == "grow") std::ofstream(path, std::ios::app) << "more";
    if (what == "remove") std::filesystem::remove(path);
    server.upstream().forget_requests();
    const auto healed = server.get(link(kBig));
    EXPECT_EQ(healed.body, kBig.bytes) << what;
    EXPECT_EQ(server.upstream().count(kBig.url()), 1U) << what;
  }
}

TEST_F(MirrorFiles, WithoutADigestOnlyAWholeTransferIsKeptAndMarked) {
  const UpstreamFile plain{"plain-1.0.tar.gz", "no digest", "", false};
  publish(server.upstream(), "plain", {plain});
  const auto page = server.get_json("/root/pypi/+simple/plain/");
  const auto at = page.body.find("+f/");
  ASSERT_NE(at, std::string::npos) << page.body;
  auto cut = answer(plain.bytes);
  cut.fail_at = 4;
  server.upstream().once(plain.url(), cut);
  EXPECT_EQ(server.get(link(plain)).status, 502);
  const auto got = server.get(link(plain));
  EXPECT_EQ(got.body, plain.bytes);
  EXPECT_NE(got.header("X-Bodega-Unverified"), "");
  EXPECT_EQ(server.get(link(plain)).cache, "hit");
}

TEST_F(MirrorFiles, AFileNobodyListsIs404AndTheFileHostIsNotAsked) {
  EXPECT_EQ(server.get("/root/pypi/+f/packages/aa/bb/" + std::string(60, 'c') + "/foo-1.0-py3-none-any.whl").status, 404);
  for (const auto& request : server.upstream().requests()) EXPECT_EQ(request.url.text().find("packages"), std::string::npos);
}

TEST_F(MirrorFiles, AFailingUpstreamIsNeverA404ForAFile) {
  server.upstream().on(kSmall.url(), answer_status(500));
  auto pending = server.start({"GET", link(kSmall), {}, {}});
  for (int i = 0; i < 30 && !pending.done(); ++i) server.advance(seconds(1));
  EXPECT_GE(pending.get().status, 502);
  server.upstream().on(kSmall.url(), answer_status(404));
  server.advance(seconds(120));
  const auto gone = server.get(link(kSmall), {{"Accept", "*/*"}});
  EXPECT_EQ(gone.status, 404);
  // As devpi tells it, and in its form.
  EXPECT_EQ(gone.body, "{\n  \"message\": \"error 404 getting " + kSmall.url() + "\"\n}\n");
}

// The place of a file is made while its upstream is asked.
TEST_F(MirrorFiles, WhatTheUpstreamDoesNotGiveLeavesNoPlaceAndEvictsNothing) {
  server.config().cache_max_size.bytes = 1'200'000;
  server.restart();
  EXPECT_EQ(server.get(link(kBig)).body, kBig.bytes);
  const UpstreamFile lost{"lost-1.0.tar.gz", big_bytes(900'000), ""};
  publish(server.upstream(), "lost", {lost});
  server.upstream().on(lost.url(), answer_status(404));
  EXPECT_EQ(server.get(link(lost)).status, 404);
  server.upstream().on(lost.url(), answer("other bytes than announced"));
  EXPECT_EQ(server.get(link(lost)).status, 502);
  server.poll();
  EXPECT_TRUE(std::filesystem::is_empty(server.data() / "tmp"));
  EXPECT_TRUE(std::filesystem::exists(blob_path(kBig.bytes)));
}

TEST_F(MirrorFiles, TheCacheStaysUnderItsCapAndEvictsTheLeastRecentlyUsed) {
  server.config().cache_max_size.bytes = 2'500'000;
  server.restart();
  std::vector<UpstreamFile> files;
  for (int i = 0; i < 4; ++i)
    files.push_back({"cap-" + std::to_string(i) + ".0.tar.gz", big_bytes(800'000 + static_cast<std::size_t>(i)), ""});
  publish(server.upstream(), "cap", files);
  for (const auto& file : files) {
    EXPECT_EQ(server.get(link(file)).body, file.bytes);
    server.advance(seconds(1));
  }
  EXPECT_FALSE(std::filesystem::exists(blob_path(files[0].bytes)));
  EXPECT_TRUE(std::filesystem::exists(blob_path(files[3].bytes)));
  EXPECT_EQ(server.get(link(files[0])).body, files[0].bytes) << "evicted files are fetched again";
}

// A mirror with a login in its URL asked for pages and files without it: only the upstream of the configuration and the credentials file
// were known by origin.
TEST(MirrorWithALogin, SendsItToItsOwnHostOnly) {
  HermeticServer server;
  const auto made = server.ask({"PUT",
                                "/root/closed",
                                {{"Authorization", "Basic " + base64_encode(std::string("root:") + kRootPassword)}},
                                R"({"type": "mirror", "mirror_url": "http://me:secret@upstream.test/simple/"})"});
  ASSERT_EQ(made.status, 200) << made.body;
  const UpstreamFile elsewhere{"foo-3.0-py3-none-any.whl", "bytes of another host", ""};
  const std::string url = "http://files.test/" + elsewhere.path();
  std::string page = upstream_page("foo", {kSmall, elsewhere});
  page.replace(page.find(elsewhere.url()), elsewhere.url().size(), url);
  server.upstream().on(std::string(kUpstream) + "foo/", answer(page));
  server.upstream().on(kSmall.url(), answer(kSmall.bytes));
  server.upstream().on(kSmall.url() + ".metadata", answer(kSmall.metadata));
  server.upstream().on(url, answer(elsewhere.bytes));
  server.get_json("/root/closed/+simple/foo/");
  for (const auto* file : {&kSmall, &elsewhere}) EXPECT_EQ(server.get("/root/closed/+f/" + file->path()).body, file->bytes);
  EXPECT_EQ(server.get("/root/closed/+f/" + kSmall.path() + ".metadata").body, kSmall.metadata);
  ASSERT_EQ(server.upstream().requests().size(), 4U);
  for (const auto& request : server.upstream().requests()) {
    const bool home = request.url.host == "upstream.test";
    ASSERT_EQ(request.credentials.has_value(), home) << request.url.text();
    EXPECT_EQ(home ? request.credentials->password.reveal() : "none", home ? "secret" : "none");
  }
}

// What is known of pages without asking the database must not outlive them.
TEST(MirrorOfAnotherUpstream, KnowsNothingOfTheFormer) {
  HermeticServer server;
  const http::Headers root = {{"Authorization", "Basic " + base64_encode(std::string("root:") + kRootPassword)}};
  const auto point_at = [&](const std::string& method, const std::string& url) {
    return server.ask({method, "/root/moved", root, R"({"type": "mirror", "mirror_url": ")" + url + R"("})"}).status;
  };
  ASSERT_EQ(point_at("PUT", "http://upstream.test/simple/"), 200);
  server.upstream().on(std::string(kUpstream) + "foo/", answer(upstream_page("foo", {kSmall})));
  server.upstream().on(kSmall.url(), answer(kSmall.bytes));
  EXPECT_EQ(server.get("/root/moved/+f/" + kSmall.path()).status, 200);
  EXPECT_EQ(server.get("/root/moved/+f/" + kSmall.path()).status, 200);
  ASSERT_EQ(point_at("PATCH", "http://other.test/simple/"), 200);
  server.advance(seconds(1));
  server.upstream().on("http://other.test/simple/foo/", answer(upstream_page("foo", {kBig})));
  EXPECT_EQ(server.get("/root/moved/+f/" + kSmall.path()).status, 404);
  EXPECT_NE(server.get_json("/root/moved/+simple/foo/").body.find(kBig.filename), std::string::npos);
}

}  // namespace
}  // namespace bodega::testing
