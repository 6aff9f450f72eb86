// A disk without space for one more file: whoever installs through a mirror gets the file all the same, and nothing of it is kept.
#include <gtest/gtest.h>

#include "store/live_blob.h"
#include "testing/hermetic/hermetic_server.h"

namespace bodega::testing {
namespace {

std::string big_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 7;
  for (auto& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

const UpstreamFile kSmall{"foo-1.0-py3-none-any.whl", "wheel bytes", "Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n"};
const UpstreamFile kBig{"foo-2.0-py3-none-any.whl", big_bytes(5'000'000), ""};

std::string link(const UpstreamFile& file) { return "/root/pypi/+f/" + file.path(); }

class ShortOfSpace : public ::testing::Test {
 protected:
  ShortOfSpace() {
    server.config().free_space_floor.bytes = 1'000'000'000;
    server.restart();
    publish(server.upstream(), "foo", {kSmall, kBig});
    server.get_json("/root/pypi/+simple/foo/");
    server.upstream().forget_requests();
  }
  bool kept(const std::string& bytes) const {
    const auto hex = Digest::of(bytes).hex();
    return std::filesystem::exists(server.data() / "blobs" / "sha256" / hex.substr(0, 2) / hex.substr(2, 2) / hex);
  }
  std::size_t temp_files() const {
    const auto entries = std::filesystem::directory_iterator(server.data() / "tmp");
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
  }
  HermeticServer server;
};

TEST_F(ShortOfSpace, BelowTheFloorFilesPassThroughAndAreNotKept) {
  server.disk().set_free_bytes(900'000'000);
  for (const auto* file : {&kSmall, &kBig}) {
    const auto got = server.get(link(*file));
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, file->bytes);
    EXPECT_EQ(got.cache, "miss");
    EXPECT_FALSE(got.hot);
    EXPECT_FALSE(kept(file->bytes));
  }
  EXPECT_EQ(temp_files(), 0U);
  EXPECT_EQ(server.get(link(kSmall) + ".metadata").body, kSmall.metadata);
  EXPECT_EQ(server.log().events("artifact.passed_through").size(), 1U) << "once a minute";
  EXPECT_NE(server.get("/+metrics").body.find("bodega_cache_passed_through_files_total 3"), std::string::npos);
}

TEST_F(ShortOfSpace, ItRecoversByItself) {
  server.disk().set_free_bytes(900'000'000);
  EXPECT_EQ(server.get(link(kBig)).body, kBig.bytes);
  server.disk().set_free_bytes(9'000'000'000);
  EXPECT_EQ(server.get(link(kBig)).body, kBig.bytes);
  EXPECT_TRUE(kept(kBig.bytes));
  EXPECT_EQ(server.get(link(kBig)).cache, "hit");
}

TEST_F(ShortOfSpace, ADiskThatFillsUpInTheMiddleDoesNotBreakTheTransfer) {
  for (const int errnum : {ENOSPC, EIO, EROFS}) {
    server.upstream().forget_requests();
    for (const auto operation : {DiskOperation::create, DiskOperation::write, DiskOperation::sync, DiskOperation::rename}) {
      server.disk().fail_next(operation, errnum);
      const auto got = server.get(link(kBig));
      EXPECT_EQ(got.status, 200);
      EXPECT_FALSE(got.broken);
      EXPECT_EQ(got.body, kBig.bytes);
      EXPECT_EQ(temp_files(), 0U);
      EXPECT_FALSE(kept(kBig.bytes));
    }
    EXPECT_EQ(server.upstream().count(kBig.url()), 4U);
  }
  EXPECT_EQ(server.get(link(kBig)).body, kBig.bytes);
  EXPECT_TRUE(kept(kBig.bytes));
}

TEST_F(ShortOfSpace, WhoeverIsReadingChangesOverToMemoryAndLoneJoinersWaitForNobody) {
  const auto gate = make_gate();
  auto held = answer(kBig.bytes);
  held.hold_body = gate;
  held.hold_at = 2'000'000;
  server.upstream().on(kBig.url(), held);
  auto early = server.start({"GET", link(kBig), {}, {}});
  server.disk().fail_next(DiskOperation::write, ENOSPC);
  gate->open();
  EXPECT_EQ(early.get().body, kBig.bytes);
  EXPECT_EQ(server.get(link(kBig), {{"Range", "bytes=4000000-"}}).body, kBig.bytes.substr(4'000'000));
}

TEST_F(ShortOfSpace, WhatPassesIsStillVerified) {
  server.disk().set_free_bytes(1000);
  auto wrong = kBig.bytes;
  wrong[4'999'999] = static_cast<char>(wrong[4'999'999] ^ 1);
  server.upstream().on(kBig.url(), answer(wrong));
  const auto got = server.get(link(kBig));
  EXPECT_TRUE(got.broken);
  EXPECT_LE(got.body.size(), kBig.bytes.size() - store::LiveBlob::kHoldBack);
  server.upstream().on(kSmall.url(), answer("whool bytes"));
  EXPECT_EQ(server.get(link(kSmall)).status, 502);
}

TEST_F(ShortOfSpace, JoinersShareTheTransferWhileItsStartIsThere) {
  server.disk().set_free_bytes(1000);
  const auto gate = make_gate();
  auto held = answer(kBig.bytes);
  held.hold_body = gate;
  held.hold_at = 300'000;
  server.upstream().on(kBig.url(), held);
  std::vector<Pending> readers;
  for (int i = 0; i < 5; ++i) readers.push_back(server.start({"GET", link(kBig), {}, {}}));
  gate->open();
  for (auto& reader : readers) EXPECT_EQ(reader.get().body, kBig.bytes);
  EXPECT_LE(server.upstream().count(kBig.url()), 5U);
}

TEST_F(ShortOfSpace, AnUploadIsRefusedAndReadsGoOn) {
  EXPECT_EQ(server.get(link(kSmall)).body, kSmall.bytes);
  server.disk().set_free_bytes(1000);
  EXPECT_EQ(server.get(link(kSmall)).cache, "hit");
  EXPECT_EQ(server.get("/+health/ready").status, 503);
  server.disk().set_free_bytes(9'000'000'000);
  EXPECT_EQ(server.get("/+health/ready").status, 200);
}

}  // namespace
}  // namespace bodega::testing
