// The disk and the records of it drift apart: by kills between the two, by a cache.db that was lost, by bits that rot. The server puts
// them in step by itself.
#include <gtest/gtest.h>

#include <fstream>

#include "cache/caretaker.h"
#include "testing/hermetic/hermetic_server.h"
#include "tests/hermetic/hosted_for_test.h"

namespace bodega::testing {
namespace {

using std::chrono::minutes;

const UpstreamFile kFile{"foo-1.0-py3-none-any.whl", "wheel bytes of foo", ""};
// Its digest (c0...) is a little before kFile's (ea...): both are looked at in one go.
const UpstreamFile kOther{"foo-2.0-py3-none-any.whl", "wheel bytes of a third", ""};

std::string link(const UpstreamFile& file) { return "/root/pypi/+f/" + file.path(); }

class Care : public ::testing::Test {
 protected:
  Care() {
    publish(server.upstream(), "foo", {kFile, kOther});
    server.get_json("/root/pypi/+simple/foo/");
    for (const auto* file : {&kFile, &kOther}) EXPECT_EQ(server.get(link(*file)).body, file->bytes);
  }
  std::filesystem::path blob(const std::string& bytes) const {
    const auto hex = Digest::of(bytes).hex();
    return server.data() / "blobs" / "sha256" / hex.substr(0, 2) / hex.substr(2, 2) / hex;
  }
  std::uint64_t cached() {
    std::uint64_t count = 0;
    const auto done = server.application().catalog().read_cache_now([&count](catalog::CacheReader& reader) -> Result<void> {
      BODEGA_TRY(const auto totals, reader.totals());
      count = totals.blobs;
      return {};
    });
    EXPECT_TRUE(done);
    return count;
  }
  void forget(const std::string& bytes) {
    const auto done = server.application().catalog().write_cache_now(
        [&bytes](catalog::CacheTransaction& transaction) { return transaction.forget_cached(Digest::of(bytes)); });
    EXPECT_TRUE(done);
  }
  void flip(const std::filesystem::path& path) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(3);
    file.put('~');
  }
  std::string metric(const std::string& name) {
    const auto page = server.get("/+metrics").body;
    const auto at = page.find("\n" + name + " ");
    if (at == std::string::npos) return "none";
    const auto begin = at + name.size() + 2;
    return page.substr(begin, page.find('\n', begin) - begin);
  }
  HermeticServer server;
};

// A kill between the rename and the record left the blob uncounted until somebody ran fsck --repair.
TEST_F(Care, BlobsThatLostTheirRecordAreAdoptedAtTheNextStart) {
  forget(kFile.bytes);
  EXPECT_EQ(cached(), 1U);
  server.restart();
  EXPECT_EQ(cached(), 2U);
  EXPECT_EQ(server.log().events("store.reconciled").size(), 1U);
  EXPECT_EQ(server.get(link(kFile)).cache, "hit");
}

// A delete or an eviction between the look at the disk and the adoption left the record of a file that was gone.
TEST_F(Care, ABlobThatGoesWhileItIsAdoptedGetsNoRecord) {
  forget(kFile.bytes);
  forget(kOther.bytes);
  server.restart([this] {
    server.disk().on_opened([first = blob(kOther.bytes), next = blob(kFile.bytes)](const std::filesystem::path& opened) {
      if (opened == first) std::filesystem::remove(next);
    });
  });
  server.disk().on_opened({});
  EXPECT_FALSE(std::filesystem::exists(blob(kFile.bytes)));
  EXPECT_EQ(cached(), 1U);
}

TEST_F(Care, RecordsThatLostTheirBlobAreForgottenAtTheNextStart) {
  std::filesystem::remove(blob(kFile.bytes));
  server.restart();
  EXPECT_EQ(cached(), 1U);
  EXPECT_EQ(server.get(link(kFile)).body, kFile.bytes);
}

TEST_F(Care, HostedBlobsAreLeftAlone) {
  server.restart();
  EXPECT_EQ(server.log().events("store.reconciled").size(), 0U);
  EXPECT_EQ(cached(), 2U);
}

TEST_F(Care, ALostCacheDatabaseIsRebuiltFromTheBlobs) {
  const auto data = server.data();
  server.restart([&data] { std::filesystem::remove(data / "cache.db"); });
  EXPECT_EQ(cached(), 2U);
}

TEST_F(Care, TheScrubHealsWhatIsCachedBeforeAnybodyAsks) {
  server.config().scrub_interval = minutes(256);
  server.restart();
  flip(blob(kFile.bytes));
  for (int i = 0; i < 260; ++i) server.advance(minutes(1));
  EXPECT_FALSE(std::filesystem::exists(blob(kFile.bytes)));
  EXPECT_TRUE(std::filesystem::exists(blob(kOther.bytes)));
  EXPECT_EQ(cached(), 1U);
  EXPECT_EQ(metric("bodega_scrub_healed_files_total"), "1");
  EXPECT_EQ(server.log().events("scrub.complete").size(), 1U);
  EXPECT_EQ(server.get(link(kFile)).body, kFile.bytes);
}

TEST_F(Care, TheScrubGoesOnWhereItWasAfterARestart) {
  server.config().scrub_interval = minutes(256);
  server.restart();
  for (int i = 0; i < 130; ++i) server.advance(minutes(1));
  server.restart();
  for (int i = 0; i < 130; ++i) server.advance(minutes(1));
  EXPECT_EQ(server.log().events("scrub.complete").size(), 1U);
}

TEST_F(Care, ADamagedFileOfOursIsReportedAndStays) {
  server.config().scrub_interval = minutes(256);
  server.restart();
  make_user(server, "ann");
  make_index(server, "ann/dev");
  put_wheel(server, "ann/dev", "alpha", "1.0");
  const auto wheel = pypi::testing::make_wheel("alpha", "1.0");
  ASSERT_TRUE(std::filesystem::exists(blob(wheel)));
  flip(blob(wheel));
  for (int i = 0; i < 260; ++i) server.advance(minutes(1));
  EXPECT_TRUE(std::filesystem::exists(blob(wheel)));
  EXPECT_EQ(metric("bodega_damaged_hosted_files"), "1");
  const auto told = server.get("/+status?facts", as("")).body;
  EXPECT_NE(told.find("\"damaged_files\": 1"), std::string::npos) << told;
  EXPECT_NE(told.find("\"filename\": \"alpha-1.0-py3-none-any.whl\""), std::string::npos) << told;
  change_index(server, "ann/dev", R"({"acl_pkg_read": ["ann"]})");
  EXPECT_EQ(server.get("/+status?facts", as("")).body.find("alpha"), std::string::npos) << "not to strangers";
  auto ann = as("ann");
  ann.set("Accept", "text/html");
  EXPECT_NE(server.get("/+status", ann).body.find("alpha-1.0"), std::string::npos);
  server.restart();
  EXPECT_EQ(metric("bodega_damaged_hosted_files"), "1") << "it is not forgotten by a restart";
  std::ofstream(blob(wheel), std::ios::binary | std::ios::trunc) << wheel;
  for (int i = 0; i < 260; ++i) server.advance(minutes(1));
  EXPECT_EQ(metric("bodega_damaged_hosted_files"), "0");
}

TEST(NextScrub, SpreadsOneRoundOverTheInterval) {
  const WallTime now = from_unix_micros(1'000'000'000'000);
  const Duration week = std::chrono::hours(24 * 7);
  EXPECT_EQ(cache::next_scrub(std::nullopt, week, now), now);
  EXPECT_EQ(cache::next_scrub(now, week, now) - now, std::chrono::microseconds(7LL * 86'400'000'000 / 256));
  EXPECT_EQ(cache::next_scrub(now + minutes(9), week, now), now) << "a clock that was set back";
}

TEST(ScrubRest, BoundsTheRate) { EXPECT_EQ(cache::scrub_rest(16'000'000), std::chrono::seconds(1)); }

}  // namespace
}  // namespace bodega::testing
