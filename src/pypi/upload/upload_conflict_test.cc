// One name, several uploads: the same bytes, other bytes, at once; and a process that dies in the middle.
#include <gtest/gtest.h>

#include "pypi/upload/upload.h"
#include "pypi/upload/upload_test_archives.h"
#include "pypi/upload/upload_test_kit.h"

namespace bodega::pypi::testing {
namespace {

const std::string kWheelName = "hello-1.0-py3-none-any.whl";

using Running = bodega::testing::Running<http::Response>;

class UploadConflict : public UploadKit {
 protected:
  Form form(const std::string& content) { return upload_form("hello", "1.0", kWheelName, make_wheel("hello", "1.0", content)); }
  Digest digest(const std::string& content) { return Digest::of(make_wheel("hello", "1.0", content)); }
};

TEST_F(UploadConflict, TheSameBytesAgainAreASuccess) {
  ASSERT_EQ(upload("/alice/prod/", form("a")).status, 200);
  const auto serial = catalog->last_serial();
  const auto response = upload("/alice/prod/", form("a"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.reason, "Upload of identical file to non volatile index.");
  EXPECT_EQ(catalog->last_serial(), serial);
  EXPECT_EQ(blobs(), 1U);
  EXPECT_EQ(temp_files(), 0U);
  // On a volatile index nobody has to be told.
  ASSERT_EQ(upload("/alice/dev/", form("a")).status, 200);
  EXPECT_EQ(upload("/alice/dev/", form("a")).reason, "");
}

TEST_F(UploadConflict, OtherBytesAreRefusedWhereNothingIsVolatile) {
  ASSERT_EQ(upload("/alice/prod/", form("a")).status, 200);
  const auto response = upload("/alice/prod/", form("b"));
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(response.reason, kWheelName + " already exists in non-volatile index");
  EXPECT_NE(text(response).find("File already exists"), std::string::npos);
  EXPECT_EQ(file("alice/prod", kWheelName)->digest, digest("a"));
  EXPECT_FALSE(stored(digest("b")));
  EXPECT_EQ(temp_files(), 0U);
}

TEST_F(UploadConflict, AVolatileIndexReplacesAndTheOldBytesGo) {
  ASSERT_EQ(upload("/alice/dev/", form("a")).status, 200);
  ASSERT_EQ(upload("/alice/dev/", form("b")).status, 200);
  ASSERT_EQ(upload("/alice/dev/", form("c")).status, 200);
  EXPECT_EQ(file("alice/dev", kWheelName)->digest, digest("c"));
  EXPECT_FALSE(stored(digest("a")));
  EXPECT_FALSE(stored(digest("b")));
  EXPECT_TRUE(stored(digest("c")));
  EXPECT_EQ(file("alice/dev", kWheelName)->log_json.substr(0, 34), R"([{"what":"overwrite","who":null,"w)");
  EXPECT_NE(file("alice/dev", kWheelName)->log_json.find("\"count\":2}"), std::string::npos);
}

TEST_F(UploadConflict, ReplacedBytesThatOthersReferToStay) {
  ASSERT_EQ(upload("/alice/dev/", form("a")).status, 200);
  ASSERT_EQ(upload("/alice/prod/", form("a")).status, 200);
  ASSERT_EQ(upload("/alice/dev/", form("b")).status, 200);
  EXPECT_TRUE(stored(digest("a")));
  // The cache refers to bytes, too.
  const catalog::CachedBlobRow row{digest("b"), 1, clock.wall()};
  ASSERT_TRUE(catalog->write_cache_now([&row](catalog::CacheTransaction& transaction) { return transaction.put_cached(row); }));
  ASSERT_EQ(upload("/alice/dev/", form("c")).status, 200);
  EXPECT_TRUE(stored(digest("b")));
}

TEST_F(UploadConflict, UploadingAgainHealsDamagedBytes) {
  ASSERT_EQ(upload("/alice/prod/", form("a")).status, 200);
  ASSERT_TRUE(store->remove(digest("a")));
  EXPECT_EQ(upload("/alice/prod/", form("a")).status, 200);
  EXPECT_TRUE(stored(digest("a")));
}

// All bodies are half there before any goes on; the database's constraint decides.
TEST_F(UploadConflict, OfSixteenAtOnceOneWins) {
  constexpr int kUploads = 16;
  std::vector<std::unique_ptr<Sent>> sent;
  std::vector<std::unique_ptr<Running>> running;
  for (int i = 0; i < kUploads; ++i) {
    sent.push_back(post("/alice/prod/", form(std::to_string(i)), "alice", 100));
    sent.back()->body->hold_at = 10;
    running.push_back(std::make_unique<Running>(loop, start(*sent.back())));
  }
  for (auto& one : sent) EXPECT_EQ(one->body->reads, 10U);
  for (auto& one : sent) one->body->release();
  int won = 0;
  int lost = 0;
  for (auto& one : running) {
    const auto response = one->get();
    if (response.status == 200) ++won;
    if (response.status == 409) ++lost;
  }
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, kUploads - 1);
  EXPECT_EQ(blobs(), 1U);
  EXPECT_TRUE(stored(file("alice/prod", kWheelName)->digest));
  EXPECT_EQ(temp_files(), 0U);
  EXPECT_EQ(log.events("upload.stored").size(), 1U);
}

// Several losers and winners over the same bytes: whoever loses must not take the bytes from who wins.
TEST_F(UploadConflict, TheSameBytesUnderManyNamesAtOnce) {
  add_index("alice", "other", "{}");
  ASSERT_EQ(upload("/alice/prod/", form("first")).status, 200);
  std::vector<std::unique_ptr<Sent>> sent;
  std::vector<std::unique_ptr<Running>> running;
  for (const char* index : {"/alice/prod/", "/alice/dev/", "/alice/prod/", "/alice/other/"}) {
    sent.push_back(post(index, form("a"), "alice", 100));
    sent.back()->body->hold_at = 10;
    running.push_back(std::make_unique<Running>(loop, start(*sent.back())));
  }
  for (auto& one : sent) one->body->release();
  std::vector<int> statuses;
  for (auto& one : running) statuses.push_back(one->get().status);
  EXPECT_EQ(statuses, (std::vector<int>{409, 200, 409, 200}));
  EXPECT_TRUE(stored(digest("a")));
}

// The early look sees no clash, the transaction does: the loser's bytes are durable already and go again.
TEST_F(UploadConflict, TheTransactionDecides) {
  const auto second = post("/alice/prod/", form("b"), "alice");
  auto blocked = claims.try_remove(digest("b"));  // the second upload waits here, after its look
  Running running(loop, start(*second));
  EXPECT_FALSE(running.done());
  ASSERT_EQ(upload("/alice/prod/", form("a")).status, 200);
  blocked.reset();
  EXPECT_EQ(running.get().status, 409);
  EXPECT_FALSE(stored(digest("b")));
  EXPECT_TRUE(stored(digest("a")));
}

// A removal that looked at the catalog before the record was made would take acknowledged bytes away.
TEST_F(UploadConflict, AClaimedBlobIsNotRemoved) {
  ASSERT_EQ(upload("/alice/dev/", form("a")).status, 200);
  auto claim = bodega::testing::run(loop, claims.keep(digest("a")));
  ASSERT_EQ(upload("/alice/dev/", form("b")).status, 200);
  EXPECT_TRUE(stored(digest("a")));
}

TEST_F(UploadConflict, AnIndexThatWentAwayMeanwhileIsNotFound) {
  const auto sent = post("/alice/dev/", form("a"), "alice");
  sent->body->before_piece = [this] {
    ASSERT_TRUE(catalog->write_now([](catalog::Transaction& transaction) {
      const auto done = transaction.delete_index("alice/dev");
      return done || done.error().code == Code::not_found ? Result<void>() : done;
    }));
  };
  EXPECT_EQ(send(*sent).status, 404);
  EXPECT_EQ(blobs(), 0U);
  EXPECT_EQ(temp_files(), 0U);
}

// ---- dying ----

enum class End { process, power };

class UploadDies : public UploadConflict, public ::testing::WithParamInterface<End> {
 protected:
  void restart() {
    close();
    if (GetParam() == End::power) disk->lose_unsynced();
    disk->restart();
    open();
    ASSERT_TRUE(store->sweep());
  }
};

// Bytes first, record last: whatever disk operation it dies in, a recorded file is whole and an acknowledged one is recorded.
TEST_P(UploadDies, AtEveryDiskOperation) {
  std::size_t steps = 0;
  for (bool survived = false; !survived; ++steps) {
    ASSERT_LT(steps, 50U);
    const std::string version = "1." + std::to_string(steps);
    const std::string name = "hello-" + version + "-py3-none-any.whl";
    disk->crash_at(steps + 1);
    const auto response = upload("/alice/prod/", upload_form("hello", version, name, make_wheel("hello", version)));
    survived = !disk->crashed();
    restart();
    const auto row = file("alice/prod", name);
    EXPECT_EQ(row.has_value(), response.status == 200) << steps;
    EXPECT_TRUE(!row || stored(row->digest)) << steps;
    EXPECT_TRUE(!survived || response.status == 200) << text(response);
    EXPECT_EQ(temp_files(), 0U);
  }
  EXPECT_GE(steps, 5U);  // create, write, sync, rename, sync of the directory
}

// The same while a file is replaced: the old one or the new one, never none.
TEST_P(UploadDies, WhileReplacing) {
  ASSERT_EQ(upload("/alice/dev/", form("start")).status, 200);
  Digest standing = digest("start");
  bool survived = false;
  for (std::size_t step = 0; !survived; ++step) {
    ASSERT_LT(step, 50U);
    const std::string content = "content " + std::to_string(step);
    disk->crash_at(step + 1);
    const auto response = upload("/alice/dev/", form(content));
    survived = !disk->crashed();
    restart();
    const auto row = file("alice/dev", kWheelName);
    ASSERT_TRUE(row);
    EXPECT_EQ(row->digest, response.status == 200 ? digest(content) : standing) << step;
    EXPECT_TRUE(stored(row->digest)) << step;
    standing = row->digest;
  }
}

TEST_P(UploadDies, WhileDocumentationOrATestResultIsStored) {
  ASSERT_EQ(upload("/alice/prod/", form("start")).status, 200);
  const std::string target = url_of("alice/prod", kWheelName);
  std::size_t kept = 1;
  for (const bool docs : {true, false}) {
    bool survived = false;
    for (std::size_t step = 0; !survived; ++step) {
      ASSERT_LT(step, 50U);
      const std::string number = std::to_string(step);
      const std::string bytes = docs ? make_zip({{"index.html", number}}) : "{\"n\": " + number + "}";
      const Form doc_form = Form().add("name", "hello").add("version", "1." + number).add(":action", "doc_upload").file("docs.zip", bytes);
      disk->crash_at(step + 1);
      const auto response = docs ? upload("/alice/prod/", doc_form) : post_result(target, bytes);
      survived = !disk->crashed();
      restart();
      if (response.status == 200) ++kept;
      EXPECT_TRUE(!survived || response.status == 200) << text(response);
      EXPECT_EQ(temp_files(), 0U);
      const auto rows =
          read<std::vector<catalog::AttachmentRow>>([](catalog::Reader& reader) { return reader.attachments("alice/prod", "hello"); });
      ASSERT_EQ(rows->size() + 1, kept) << step;
      for (const auto& row : *rows) EXPECT_TRUE(stored(row.digest)) << step;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, UploadDies, ::testing::Values(End::process, End::power),
                         [](const ::testing::TestParamInfo<End>& end) { return end.param == End::process ? "process" : "power"; });

}  // namespace
}  // namespace bodega::pypi::testing
