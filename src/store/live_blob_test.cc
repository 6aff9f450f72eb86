#include "store/live_blob.h"

#include <functional>
#include <thread>
#include <vector>

#include <unistd.h>

#include "async/loop.h"
#include "async/task_group.h"
#include "store/test_store.h"

namespace bodega::store {
namespace {

constexpr std::uint64_t kHeld = LiveBlob::kHoldBack;

// What one reader got: all bytes it could see, and how the file ended for it.
struct Reader {
  std::string bytes;
  std::optional<Error> error;
  bool ended = false;
};

// Reads as a response does: wait, pread what is there, again. `at_most` is what a slow client takes at a time.
Task<void> follow(std::shared_ptr<const LiveBlob> blob, Reader& reader, std::size_t at_most) {
  std::vector<char> buffer(at_most);
  for (;;) {
    auto outcome = co_await blob->wait_beyond(reader.bytes.size());
    if (!outcome) {
      reader.error = outcome.error();
      break;
    }
    if (*outcome == reader.bytes.size()) break;
    const std::size_t want = std::min<std::size_t>(at_most, *outcome - reader.bytes.size());
    const auto count = ::pread(blob->fd(), buffer.data(), want, static_cast<off_t>(reader.bytes.size()));
    if (count <= 0) break;
    reader.bytes.append(buffer.data(), static_cast<std::size_t>(count));
  }
  reader.ended = true;
}

struct LiveBlobTest : ::testing::Test {
  testing::ScratchDirectory scratch;
  testing::FaultFileSystem disk{scratch.path()};
  std::unique_ptr<BlobStore> store = must_open_store(disk, scratch.path());
  Loop loop{"test"};
  TaskGroup tasks{loop, [](const std::string& bug) { ADD_FAILURE() << bug; }};
  const std::string bytes = pattern(300'000);

  std::shared_ptr<LiveBlob> make(Expected expected) {
    return std::make_shared<LiveBlob>(store->create(expected.size.value_or(0)).value(), std::move(expected));
  }
  Expected all_known() const { return {bytes.size(), Digest::of(bytes), {}, {}}; }
  void run() {
    while (loop.poll() > 0) {
    }
  }
  void start(const std::shared_ptr<const LiveBlob>& blob, Reader& reader, std::size_t at_most = 100'000) {
    tasks.spawn(follow(blob, reader, at_most));
    run();
  }
};

TEST_F(LiveBlobTest, ReadersFollowAtTheirOwnPaceAndSeeTheSameBytes) {
  const auto blob = make(all_known());
  std::vector<Reader> readers(4);
  start(blob, readers[0]);
  start(blob, readers[1], 1000);
  for (std::size_t at = 0; at < bytes.size(); at += 50'000) {
    ASSERT_TRUE(blob->append(std::string_view(bytes).substr(at, 50'000)));
    if (at == 100'000) start(blob, readers[2], 7777);
    run();
    EXPECT_EQ(readers[0].bytes.size(), blob->available());
  }
  EXPECT_EQ(blob->available(), bytes.size() - kHeld);
  EXPECT_FALSE(readers[0].ended);
  const auto committed = blob->finish();
  ASSERT_TRUE(committed) << committed.error().describe();
  EXPECT_EQ((*committed)->digest(), Digest::of(bytes));
  start(blob, readers[3]);
  for (const Reader& reader : readers) {
    EXPECT_TRUE(reader.ended && !reader.error);
    EXPECT_EQ(reader.bytes, bytes);
  }
  EXPECT_EQ(content(**store->open(Digest::of(bytes))), bytes);
}

TEST_F(LiveBlobTest, AKnownLengthShowsEverythingButTheLastBlockAtOnce) {
  const auto blob = make(all_known());
  EXPECT_EQ(blob->total(), bytes.size());
  ASSERT_TRUE(blob->append(std::string_view(bytes).substr(0, 1000)));
  EXPECT_EQ(blob->available(), 1000U);
  ASSERT_TRUE(blob->append(std::string_view(bytes).substr(1000)));
  EXPECT_EQ(blob->written(), bytes.size());
  EXPECT_EQ(blob->available(), bytes.size() - kHeld);
  EXPECT_FALSE(blob->ended());
}

TEST_F(LiveBlobTest, AnUnknownLengthLagsByTheHoldBack) {
  const auto blob = make({std::nullopt, Digest::of(bytes), {}, {}});
  EXPECT_EQ(blob->total(), std::nullopt);
  ASSERT_TRUE(blob->append(std::string_view(bytes).substr(0, kHeld)));
  EXPECT_EQ(blob->available(), 0U);
  ASSERT_TRUE(blob->append(std::string_view(bytes).substr(kHeld)));
  EXPECT_EQ(blob->available(), bytes.size() - kHeld);
  EXPECT_EQ(blob->total(), std::nullopt);
  ASSERT_TRUE(blob->finish());
  EXPECT_EQ(blob->total(), bytes.size());
  EXPECT_EQ(blob->available(), bytes.size());
}

TEST_F(LiveBlobTest, ASmallFileIsSeenOnlyWhenItIsRight) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{1000}, static_cast<std::size_t>(kHeld)}) {
    const std::string small = pattern(size);
    const auto blob = make({size, Digest::of(small), {}, {}});
    Reader reader;
    start(blob, reader);
    ASSERT_TRUE(blob->append(small));
    run();
    EXPECT_EQ(reader.bytes, "");
    EXPECT_FALSE(reader.ended);
    ASSERT_TRUE(blob->finish());
    run();
    EXPECT_EQ(reader.bytes, small);
    EXPECT_TRUE(reader.ended && !reader.error);
  }
}

TEST_F(LiveBlobTest, AnEmptyFileEndsAtOnce) {
  const auto blob = make({0, Digest::of(""), {}, {}});
  Reader reader;
  start(blob, reader);
  EXPECT_FALSE(reader.ended);
  ASSERT_TRUE(blob->finish());
  run();
  EXPECT_TRUE(reader.ended && !reader.error);
}

TEST_F(LiveBlobTest, AWrongDigestIsNeverACompleteFile) {
  std::string wrong = bytes;
  wrong[150'000] = static_cast<char>(wrong[150'000] ^ 1);
  for (const auto size : {std::optional<std::uint64_t>(bytes.size()), std::optional<std::uint64_t>()}) {
    const auto blob = make({size, Digest::of(bytes), {}, {}});
    Reader reader;
    start(blob, reader);
    ASSERT_TRUE(blob->append(wrong));
    run();
    EXPECT_EQ(blob->finish().error().code, Code::corrupt);
    run();
    ASSERT_TRUE(reader.ended);
    EXPECT_EQ(reader.error->code, Code::corrupt);
    EXPECT_EQ(reader.bytes.size(), bytes.size() - kHeld);
    Reader late;
    start(blob, late);
    EXPECT_EQ(late.error->code, Code::corrupt);
    EXPECT_EQ(late.bytes, "");
    EXPECT_EQ(count_entries(scratch.path() / "tmp"), 0U);
    EXPECT_FALSE(store->open(Digest::of(bytes)));
    EXPECT_FALSE(store->open(Digest::of(wrong)));
    EXPECT_FALSE(blob->append("more"));
    EXPECT_EQ(blob->finish().error().code, Code::corrupt);
  }
}

TEST_F(LiveBlobTest, AShortTransferIsCorrupt) {
  const auto blob = make(all_known());
  Reader reader;
  start(blob, reader);
  ASSERT_TRUE(blob->append(std::string_view(bytes).substr(0, bytes.size() - 1)));
  EXPECT_EQ(blob->finish().error().code, Code::corrupt);
  run();
  EXPECT_EQ(reader.error->code, Code::corrupt);
  EXPECT_LE(reader.bytes.size(), bytes.size() - kHeld);
}

TEST_F(LiveBlobTest, ALongTransferIsTooLarge) {
  const auto blob = make(all_known());
  Reader reader;
  start(blob, reader);
  ASSERT_TRUE(blob->append(bytes));
  EXPECT_EQ(blob->append("x").error().code, Code::too_large);
  run();
  EXPECT_EQ(reader.error->code, Code::too_large);
  EXPECT_EQ(blob->finish().error().code, Code::too_large);
  EXPECT_FALSE(store->open(Digest::of(bytes)));
}

TEST_F(LiveBlobTest, AnAnnouncedLengthIsCheckedWithoutADigestToo) {
  const auto blob = make({bytes.size(), std::nullopt, {}, {}});
  ASSERT_TRUE(blob->append(bytes));
  EXPECT_EQ(blob->finish().value()->digest(), Digest::of(bytes));
}

TEST_F(LiveBlobTest, OtherDigestsCountWhenThePageHasNoSha256) {
  auto md5 = Hasher::make("md5").value();
  md5.update(bytes);
  const std::string hex = md5.finish_hex();
  std::string upper = hex;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const auto outcome = [this](const std::string& algorithm, const std::string& expected, std::optional<Digest> sha256) {
    const auto blob = make({std::nullopt, sha256, algorithm, expected});
    EXPECT_TRUE(blob->append(bytes));
    return blob->finish();
  };
  EXPECT_TRUE(outcome("md5", hex, {}));
  EXPECT_TRUE(outcome("md5", upper, {}));
  EXPECT_EQ(outcome("md5", "0" + hex.substr(1) + "0", {}).error().code, Code::corrupt);
  EXPECT_EQ(outcome("md5", "", {}).error().code, Code::corrupt);
  EXPECT_EQ(outcome("crc32", "00000000", {}).error().code, Code::corrupt);
  EXPECT_TRUE(outcome("crc32", "00000000", Digest::of(bytes)));
  EXPECT_EQ(outcome("md5", std::string(32, '0'), Digest::of(bytes)).error().code, Code::corrupt) << "both must agree";
}

TEST_F(LiveBlobTest, AbandoningTellsEveryReaderOnce) {
  const auto blob = make(all_known());
  std::vector<Reader> readers(3);
  for (Reader& reader : readers) start(blob, reader);
  ASSERT_TRUE(blob->append(std::string_view(bytes).substr(0, 100'000)));
  run();
  blob->abandon({Code::upstream_failed, "the upstream went away", {}, {}});
  blob->abandon({Code::cancelled, "too late to matter", {}, {}});
  run();
  for (const Reader& reader : readers) {
    ASSERT_TRUE(reader.ended);
    EXPECT_EQ(reader.error->message, "the upstream went away");
  }
  EXPECT_EQ(blob->append("x").error().code, Code::upstream_failed);
  EXPECT_EQ(count_entries(scratch.path() / "tmp"), 0U);
}

TEST_F(LiveBlobTest, AbandoningAfterTheEndChangesNothing) {
  const auto blob = make(all_known());
  ASSERT_TRUE(blob->append(bytes));
  ASSERT_TRUE(blob->finish());
  blob->abandon({Code::cancelled, "late", {}, {}});
  EXPECT_FALSE(blob->finish());
  Reader reader;
  start(blob, reader);
  EXPECT_EQ(reader.bytes, bytes);
  EXPECT_FALSE(reader.error);
  EXPECT_TRUE(store->open(Digest::of(bytes)));
}

TEST_F(LiveBlobTest, ReadersGetTheRightFileEvenWhenItCannotBeKept) {
  const auto blob = make(all_known());
  Reader reader;
  start(blob, reader);
  ASSERT_TRUE(blob->append(bytes));
  disk.fail_next_sync();
  EXPECT_EQ(blob->finish().error().code, Code::io);
  run();
  EXPECT_FALSE(reader.error);
  EXPECT_EQ(reader.bytes, bytes);
  EXPECT_FALSE(store->open(Digest::of(bytes)));
  EXPECT_EQ(count_entries(scratch.path() / "tmp"), 0U);
}

// Says when the slow part begins, and does the rest as the real one.
struct WatchedWriter final : BlobWriter {
  explicit WatchedWriter(std::unique_ptr<BlobWriter> r) : real(std::move(r)) {}
  Result<void> append(std::string_view more) override { return real->append(more); }
  std::uint64_t size() const override { return real->size(); }
  int fd() const override { return real->fd(); }
  Result<std::size_t> read_at(char* into, std::size_t size, std::uint64_t offset) const override {
    return real->read_at(into, size, offset);
  }
  Digest finish_digest() override { return real->finish_digest(); }
  Result<std::shared_ptr<const Blob>> commit() override {
    before_commit();
    return real->commit();
  }
  bool ended() const override { return real->ended(); }
  void discard() override { real->discard(); }
  std::unique_ptr<BlobWriter> real;
  std::function<void()> before_commit;
};

TEST_F(LiveBlobTest, ReadersDoNotWaitForTheDisk) {
  auto writer = std::make_unique<WatchedWriter>(store->create(bytes.size()).value());
  WatchedWriter& watched = *writer;
  const auto blob = std::make_shared<LiveBlob>(std::move(writer), all_known());
  Reader reader;
  start(blob, reader);
  bool complete_before_commit = false;
  watched.before_commit = [&] {
    run();
    complete_before_commit = reader.ended && reader.bytes == bytes;
  };
  ASSERT_TRUE(blob->append(bytes));
  ASSERT_TRUE(blob->finish());
  EXPECT_TRUE(complete_before_commit);
}

TEST_F(LiveBlobTest, AFullDiskEndsItForTheReadersToo) {
  const auto blob = make(all_known());
  Reader reader;
  start(blob, reader);
  disk.fail_next(testing::DiskOperation::write, ENOSPC);
  const auto refused = blob->append(bytes);
  EXPECT_EQ(refused.error().code, Code::no_space);
  blob->abandon(refused.error());
  run();
  EXPECT_EQ(reader.error->code, Code::no_space);
}

std::string read_from(int fd, std::uint64_t offset, std::size_t size) {
  std::string found(size, '\0');
  found.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::pread(fd, found.data(), size, static_cast<off_t>(offset)))));
  return found;
}

TEST_F(LiveBlobTest, AfterAFullDiskTheRestGoesThroughMemory) {
  const auto blob = make(all_known());
  const std::size_t before = bytes.size() / 2;
  ASSERT_TRUE(blob->append(std::string_view(bytes).substr(0, before)));
  disk.fail_next(testing::DiskOperation::write, ENOSPC);
  const auto rest = std::string_view(bytes).substr(before);
  EXPECT_FALSE(blob->append(rest));
  ASSERT_TRUE(blob->pass_on());
  EXPECT_EQ(count_entries(scratch.path() / "tmp"), 0U);
  ASSERT_TRUE(blob->append(rest));
  ASSERT_TRUE(blob->seal());
  const std::uint64_t change = blob->tail_begin();
  EXPECT_LE(change, before);
  EXPECT_EQ(read_from(blob->fd(), 0, change) + read_from(blob->tail_fd(), change, bytes.size()), bytes);
  blob->forget_before(bytes.size());
  EXPECT_NE(read_from(blob->tail_fd(), change, bytes.size()), std::string_view(bytes).substr(change));
  EXPECT_EQ(blob->commit().error().code, Code::no_space);
  EXPECT_FALSE(store->open(Digest::of(bytes)));
}

TEST_F(LiveBlobTest, WhatPassesIsVerifiedAndNeverKept) {
  const auto blob = std::make_shared<LiveBlob>(store->create_passing().value(), all_known());
  Reader reader;
  start(blob, reader);
  auto wrong = bytes;
  wrong.back() = static_cast<char>(wrong.back() ^ 1);
  ASSERT_TRUE(blob->append(wrong));
  EXPECT_EQ(blob->finish().error().code, Code::corrupt);
  run();
  EXPECT_EQ(reader.error->code, Code::corrupt);
  EXPECT_LE(reader.bytes.size(), bytes.size() - kHeld);
  EXPECT_EQ(count_entries(scratch.path() / "tmp"), 0U);
}

TEST_F(LiveBlobTest, TheDescriptorServesReadersAfterAnotherCopyWon) {
  ASSERT_TRUE(put(*store, bytes));
  const auto blob = make(all_known());
  Reader reader;
  start(blob, reader, 1000);
  ASSERT_TRUE(blob->append(bytes));
  ASSERT_TRUE(blob->finish());
  ASSERT_TRUE(store->remove(Digest::of(bytes)));
  run();
  EXPECT_EQ(reader.bytes, bytes);
}

TEST_F(LiveBlobTest, ReadersOnTwoRealLoopsFollowAWriterOnAThird) {
  Loop one("one");
  Loop two("two");
  std::vector<Reader> readers(8);
  const auto blob = make(all_known());
  {
    std::vector<std::unique_ptr<TaskGroup>> groups;
    const auto on_bug = [](const std::string& bug) { ADD_FAILURE() << bug; };
    for (std::size_t i = 0; i < readers.size(); ++i) {
      groups.push_back(std::make_unique<TaskGroup>(i % 2 == 0 ? one : two, on_bug));
      groups.back()->spawn(follow(blob, readers[i], 500 + 3000 * i));
    }
    one.start();
    two.start();
    std::thread writer([&] {
      for (std::size_t at = 0; at < bytes.size(); at += 3000) EXPECT_TRUE(blob->append(std::string_view(bytes).substr(at, 3000)));
      EXPECT_TRUE(blob->finish());
    });
    writer.join();
    for (const auto& group : groups) {
      while (group->running() > 0) std::this_thread::yield();
    }
  }
  one.stop();
  two.stop();
  one.join();
  two.join();
  for (const Reader& reader : readers) {
    EXPECT_FALSE(reader.error);
    EXPECT_TRUE(reader.bytes == bytes);
  }
}

}  // namespace
}  // namespace bodega::store
