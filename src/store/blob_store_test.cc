#include "store/blob_store.h"

#include <fstream>
#include <map>
#include <set>
#include <thread>

#include <sys/stat.h>

#include "store/test_store.h"
#include "store/verified.h"

namespace bodega::store {
namespace {

namespace fs = std::filesystem;
using testing::DiskOperation;

struct BlobStoreTest : ::testing::Test {
  testing::ScratchDirectory scratch;
  fs::path root = scratch.path();
  testing::FaultFileSystem disk{root};
  std::unique_ptr<BlobStore> store = must_open_store(disk, root);
  const std::string bytes = pattern(300'000);
  const Digest digest = Digest::of(bytes);

  fs::path path() const { return blob_path(root, digest); }
  // A store that remembers nothing, as after a restart.
  void reopen(StoreOptions options = {}) { store = must_open_store(disk, root, options); }
  Code open_code() {
    const auto blob = store->open(digest);
    EXPECT_FALSE(blob);
    return blob ? Code::cancelled : blob.error().code;
  }
};

TEST_F(BlobStoreTest, GivesBackWhatWasPut) {
  const auto blob = put(*store, bytes);
  ASSERT_TRUE(blob) << blob.error().describe();
  EXPECT_EQ((*blob)->digest(), digest);
  EXPECT_EQ((*blob)->size(), bytes.size());
  EXPECT_EQ((*blob)->available(), bytes.size());
  EXPECT_EQ((*blob)->total(), bytes.size());
  EXPECT_EQ(content(**blob), bytes);
  EXPECT_TRUE((*blob)->intact());
  EXPECT_EQ(content(**store->open(digest)), bytes);
  EXPECT_EQ(read_file(path()), bytes);
  EXPECT_EQ(count_entries(root / "tmp"), 0U);
}

TEST_F(BlobStoreTest, AnEmptyBlobIsABlob) {
  const auto blob = put(*store, "");
  ASSERT_TRUE(blob);
  EXPECT_EQ((*blob)->digest().hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  reopen();
  EXPECT_EQ(store->open((*blob)->digest()).value()->size(), 0U);
}

TEST_F(BlobStoreTest, AnUnknownBlobIsNotFound) { EXPECT_EQ(open_code(), Code::not_found); }

TEST_F(BlobStoreTest, NothingIsVisibleBeforeTheCommitAndNothingStaysWithoutOne) {
  auto writer = store->create(bytes.size()).value();
  ASSERT_TRUE(writer->append(bytes));
  EXPECT_EQ(writer->finish_digest(), digest);
  EXPECT_EQ(open_code(), Code::not_found);
  EXPECT_EQ(count_entries(root / "tmp"), 1U);
  writer.reset();
  EXPECT_EQ(count_entries(root / "tmp"), 0U);
}

TEST_F(BlobStoreTest, ADiscardedWriterKeepsItsDescriptorOnly) {
  auto writer = store->create(bytes.size()).value();
  ASSERT_TRUE(writer->append(bytes));
  writer->discard();
  writer->discard();
  EXPECT_EQ(count_entries(root / "tmp"), 0U);
  EXPECT_FALSE(writer->append("more"));
  EXPECT_FALSE(writer->commit());
  char byte = 0;
  EXPECT_EQ(::pread(writer->fd(), &byte, 1, 0), 1);
  store.reset();  // a discarded or committed writer may outlive the store
  writer.reset();
}

TEST_F(BlobStoreTest, BytesAreDurableBeforeTheirNameIs) {
  disk.restart();
  ASSERT_TRUE(put(*store, bytes));
  const std::vector<DiskOperation> expected = {DiskOperation::create,         DiskOperation::write,         DiskOperation::write,
                                               DiskOperation::write,          DiskOperation::sync,          DiskOperation::add_directory,
                                               DiskOperation::add_directory,  DiskOperation::rename,        DiskOperation::sync_directory,
                                               DiskOperation::sync_directory, DiskOperation::sync_directory};
  EXPECT_EQ(disk.operations(), expected);
}

TEST_F(BlobStoreTest, AnIntactBlobWinsOverItsSecondWriter) {
  const auto first = put(*store, bytes);
  disk.restart();
  const auto second = put(*store, bytes);
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->generation(), (*first)->generation());
  EXPECT_TRUE((*first)->intact());
  EXPECT_EQ(count_entries(root / "tmp"), 0U);
  for (const auto operation : disk.operations()) EXPECT_NE(operation, DiskOperation::rename);
}

TEST_F(BlobStoreTest, TheFirstOpenAfterACommitHashesNothing) {
  const auto blob = put(*store, bytes);
  // Damage that no generation shows: through a descriptor we can restore neither mtime nor ctime, so the proof goes the other way round.
  // A store that forgot the blob hashes it, and one that knows it opens it with an error in every read.
  struct NoReads final : FileSystem {
    explicit NoReads(FileSystem& d) : disk(d) {}
    struct Handle final : File {
      explicit Handle(std::unique_ptr<File> f) : file(std::move(f)) {}
      int fd() const override { return file->fd(); }
      Result<std::size_t> read_at(char*, std::size_t, std::uint64_t) override { return fail(Code::io, "read"); }
      Result<void> write_at(std::string_view b, std::uint64_t offset) override { return file->write_at(b, offset); }
      Result<void> sync() override { return file->sync(); }
      Result<Generation> generation() const override { return file->generation(); }
      std::unique_ptr<File> file;
    };
    Result<std::unique_ptr<File>> open_read(const fs::path& path) override {
      BODEGA_TRY(auto file, disk.open_read(path));
      return std::make_unique<Handle>(std::move(file));
    }
    Result<std::unique_ptr<File>> create(const fs::path& path) override { return disk.create(path); }
    Result<void> rename(const fs::path& from, const fs::path& to) override { return disk.rename(from, to); }
    Result<bool> clone(const File& from, File& to) override { return disk.clone(from, to); }
    Result<bool> link(const fs::path& from, const fs::path& to) override { return disk.link(from, to); }
    Result<void> remove(const fs::path& path) override { return disk.remove(path); }
    Result<void> add_directory(const fs::path& path) override { return disk.add_directory(path); }
    Result<void> remove_directory(const fs::path& path) override { return disk.remove_directory(path); }
    Result<void> sync_all(const fs::path& path) override { return disk.sync_all(path); }
    Result<void> make_directories(const fs::path& path) override { return disk.make_directories(path); }
    Result<void> sync_directory(const fs::path& path) override { return disk.sync_directory(path); }
    Result<void> list(const fs::path& path, const std::function<void(std::string_view)>& each) override { return disk.list(path, each); }
    Result<Space> space(const fs::path& path) override { return disk.space(path); }
    FileSystem& disk;
  } unreadable(disk);
  auto other = must_open_store(unreadable, root);
  EXPECT_EQ(other->open(digest).error().code, Code::io);
  const std::string second = bytes + "2";
  ASSERT_TRUE(put(*other, second));
  EXPECT_TRUE(other->open(Digest::of(second)));
  EXPECT_EQ(other->check(Digest::of(second)).error().code, Code::io);
}

// A disk that failed under a blob that was known as good left it so: each answer from it was cut off, until a restart.
TEST_F(BlobStoreTest, ABlobThatCouldNotBeReadIsReadAgainBeforeItCounts) {
  const auto blob = put(*store, bytes).value();
  const auto kept = store->open(digest).value();
  blob->report_unreadable();
  EXPECT_FALSE(blob->intact());
  EXPECT_TRUE(kept->intact());
  write_file(path(), std::string(bytes.size(), 'x'));
  kept->report_unreadable();  // of a generation that is gone
  EXPECT_EQ(open_code(), Code::corrupt);
  const auto healed = put(*store, bytes).value();
  blob->report_unreadable();
  EXPECT_TRUE(healed->intact());
  EXPECT_TRUE(store->open(digest));
}

// --- damage: each way a file can be wrong, found by a store that knew it as good and by one that never saw it ---

struct Damage {
  const char* name;
  void (*apply)(const fs::path&);
  Code code;
};
void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.name; }

void flip(const fs::path& path, std::size_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(file.get() ^ 1);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
}

const Damage kDamages[] = {
    {"FlippedFirst", [](const fs::path& path) { flip(path, 0); }, Code::corrupt},
    {"FlippedMiddle", [](const fs::path& path) { flip(path, 150'000); }, Code::corrupt},
    {"FlippedLast", [](const fs::path& path) { flip(path, 299'999); }, Code::corrupt},
    {"Truncated", [](const fs::path& path) { fs::resize_file(path, 150'000); }, Code::corrupt},
    {"OneShort", [](const fs::path& path) { fs::resize_file(path, 299'999); }, Code::corrupt},
    {"Emptied", [](const fs::path& path) { fs::resize_file(path, 0); }, Code::corrupt},
    {"Extended", [](const fs::path& path) { std::ofstream(path, std::ios::app) << "x"; }, Code::corrupt},
    {"Zeroed", [](const fs::path& path) { write_file(path, std::string(300'000, '\0')); }, Code::corrupt},
    {"OtherBytes", [](const fs::path& path) { write_file(path, std::string(300'000, 'x')); }, Code::corrupt},
    {"Directory", [](const fs::path& path) { fs::remove(path), fs::create_directory(path); }, Code::corrupt},
    {"FullDirectory", [](const fs::path& path) { fs::remove(path), write_file(path / "inside", "x"); }, Code::corrupt},
    {"Symlink", [](const fs::path& path) { fs::rename(path, path.string() + "~"), fs::create_symlink(path.string() + "~", path); },
     Code::corrupt},
    {"DanglingSymlink", [](const fs::path& path) { fs::remove(path), fs::create_symlink("nowhere", path); }, Code::corrupt},
    {"Fifo", [](const fs::path& path) { fs::remove(path), (void)::mkfifo(path.c_str(), 0600); }, Code::corrupt},
    {"Removed", [](const fs::path& path) { fs::remove(path); }, Code::not_found},
    {"DirectoryRemoved", [](const fs::path& path) { fs::remove_all(path.parent_path()); }, Code::not_found},
};

struct DamageTest : BlobStoreTest, ::testing::WithParamInterface<Damage> {};

TEST_P(DamageTest, IsNeverGivenOutByAStoreThatKnewTheBlob) {
  const auto before = put(*store, bytes).value();
  GetParam().apply(path());
  EXPECT_EQ(open_code(), GetParam().code);
  EXPECT_FALSE(before->intact());
}

TEST_P(DamageTest, IsNeverGivenOutByAFreshStore) {
  ASSERT_TRUE(put(*store, bytes));
  GetParam().apply(path());
  reopen();
  EXPECT_EQ(open_code(), GetParam().code);
  EXPECT_EQ(open_code(), GetParam().code);
}

TEST_P(DamageTest, IsWhatCheckSays) {
  ASSERT_TRUE(put(*store, bytes));
  GetParam().apply(path());
  EXPECT_EQ(store->check(digest).value(), GetParam().code == Code::not_found ? Check::missing : Check::damaged);
}

TEST_P(DamageTest, IsHealedByTheNextCommit) {
  ASSERT_TRUE(put(*store, bytes));
  GetParam().apply(path());
  const auto healed = put(*store, bytes);
  ASSERT_TRUE(healed) << healed.error().describe();
  EXPECT_EQ(content(**healed), bytes);
  reopen();
  EXPECT_EQ(content(**store->open(digest)), bytes);
  EXPECT_EQ(store->check(digest).value(), Check::intact);
  EXPECT_EQ(count_entries(root / "tmp"), 0U);
}

TEST_P(DamageTest, CanBeQuarantined) {
  ASSERT_TRUE(put(*store, bytes));
  GetParam().apply(path());
  const auto outcome = store->quarantine(digest);
  EXPECT_EQ(open_code(), Code::not_found);
  if (GetParam().code == Code::not_found) {
    EXPECT_EQ(outcome.error().code, Code::not_found);
    return;
  }
  EXPECT_TRUE(outcome);
  EXPECT_TRUE(fs::exists(fs::symlink_status(root / "quarantine" / (digest.hex() + ".1"))));
}

INSTANTIATE_TEST_SUITE_P(Kinds, DamageTest, ::testing::ValuesIn(kDamages), [](const auto& kind) { return std::string(kind.param.name); });

TEST_F(BlobStoreTest, AChangedModeIsVerifiedAnewAndNeverServedUnread) {
  const auto before = put(*store, bytes).value();
  fs::permissions(path(), fs::perms::none);
  EXPECT_FALSE(before->intact());
  const auto blob = store->open(digest);
  if (blob) {  // the superuser may read it all the same
    EXPECT_EQ(content(**blob), bytes);
  } else {
    EXPECT_EQ(blob.error().code, Code::io);
  }
  // Unreadable or not, the next commit ends with a readable one or leaves an intact one.
  EXPECT_TRUE(put(*store, bytes));
  EXPECT_TRUE(store->open(digest));
}

TEST_F(BlobStoreTest, ABlobUnderTheWrongNameIsDamaged) {
  ASSERT_TRUE(put(*store, bytes));
  const Digest other = Digest::of("other");
  write_file(blob_path(root, other), bytes);
  EXPECT_EQ(store->open(other).error().code, Code::corrupt);
}

TEST_F(BlobStoreTest, AReaderInTheMiddleKeepsItsBytesWhenTheBlobGoes) {
  const auto blob = put(*store, bytes).value();
  ASSERT_TRUE(store->remove(digest));
  EXPECT_TRUE(store->remove(digest));
  EXPECT_EQ(content(*blob), bytes);
  EXPECT_EQ(blob->available(), bytes.size());
  EXPECT_FALSE(blob->intact());  // so a kept-open one is given up, and its space with it
  EXPECT_EQ(open_code(), Code::not_found);
}

TEST_F(BlobStoreTest, CheckFindsWhatTheGenerationHides) {
  ASSERT_TRUE(put(*store, bytes));
  EXPECT_EQ(store->check(digest).value(), Check::intact);
  EXPECT_EQ(store->check(Digest::of("nothing")).value(), Check::missing);
}

TEST_F(BlobStoreTest, EveryQuarantinedGenerationIsKept) {
  for (const char* wrong : {"first", "second", "third"}) {
    write_file(path(), wrong);
    ASSERT_TRUE(store->quarantine(digest));
  }
  EXPECT_EQ(read_file(root / "quarantine" / (digest.hex() + ".1")), "first");
  EXPECT_EQ(read_file(root / "quarantine" / (digest.hex() + ".2")), "second");
  EXPECT_EQ(read_file(root / "quarantine" / (digest.hex() + ".3")), "third");
}

TEST_F(BlobStoreTest, ForeignFilesAreNeitherListedNorSweptNorInTheWay) {
  const std::string hex = digest.hex();
  const fs::path blobs = root / "blobs" / "sha256";
  write_file(blobs / "README", "x");
  write_file(blobs / "ab", "a file where a directory belongs");
  write_file(blobs / "zz" / "zz" / hex, "x");
  write_file(blobs / hex.substr(0, 2) / "lost+found", "x");
  write_file(blobs / "cd" / "ef" / hex, "a digest in the wrong place");
  write_file(path().parent_path() / (hex + "~"), "x");
  write_file(path().parent_path() / "short", "x");
  fs::create_directories(blob_path(root, Digest::of("a directory")));
  fs::create_directory_symlink(blobs / "cd", blobs / "12");
  write_file(root / "tmp" / "notes", "x");
  fs::create_directory(root / "tmp" / std::string(32, 'a'));
  write_file(root / "tmp" / std::string(32, 'b'), "an earlier run's");
  ASSERT_TRUE(put(*store, bytes));

  std::map<Digest, std::uint64_t> found;
  ASSERT_TRUE(store->for_each([&found](const BlobInfo& info) { EXPECT_TRUE(found.emplace(info.digest, info.size).second); }));
  EXPECT_EQ(found, (std::map<Digest, std::uint64_t>{{digest, bytes.size()}}));
  std::set<Digest> named;
  for (int first = 0; first < 256; ++first) {
    ASSERT_TRUE(store->for_each_name_in(static_cast<unsigned char>(first), [&named](const Digest& one) { named.insert(one); }));
  }
  EXPECT_EQ(named, (std::set<Digest>{digest, Digest::of("a directory")}));
  EXPECT_EQ(*store->size_of(digest), bytes.size());
  EXPECT_EQ(*store->size_of(Digest::of("a directory")), std::nullopt);
  EXPECT_EQ(*store->size_of(Digest::of("nothing")), std::nullopt);
  EXPECT_EQ(store->sweep().value(), 1U);
  EXPECT_TRUE(fs::exists(root / "tmp" / "notes"));
}

TEST_F(BlobStoreTest, ForEachMayRemoveWhatItSees) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(put(*store, "blob " + std::to_string(i)));
  std::size_t seen = 0;
  ASSERT_TRUE(store->for_each([&](const BlobInfo& info) {
    ++seen;
    EXPECT_TRUE(store->remove(info.digest));
  }));
  EXPECT_EQ(seen, 20U);
  ASSERT_TRUE(store->for_each([](const BlobInfo&) { FAIL(); }));
}

TEST_F(BlobStoreTest, TheFreeFloorCountsWhatOthersAreStillToWrite) {
  constexpr std::uint64_t kMiB = 1024 * 1024;
  reopen({.free_floor_bytes = 10 * kMiB});
  disk.set_free_bytes(20 * kMiB);
  const auto refused = store->create(10 * kMiB + 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::no_space);
  EXPECT_EQ(refused.error().message, "not enough disk space: 11 MiB wanted, 20 MiB free of which 10 MiB are kept free");
  EXPECT_EQ(store->create(~std::uint64_t{0}).error().code, Code::no_space);
  auto first = store->create(6 * kMiB);
  ASSERT_TRUE(first);
  EXPECT_FALSE(store->create(6 * kMiB));
  first->reset();
  auto second = store->create(6 * kMiB);
  ASSERT_TRUE(second);
  disk.set_free_bytes(5 * kMiB);
  EXPECT_FALSE(store->create(0 + 1));
  EXPECT_TRUE((*second)->append("what was promised may be written"));
}

TEST_F(BlobStoreTest, AWriterOfUnknownSizeStopsAtTheFloor) {
  constexpr std::uint64_t kMiB = 1024 * 1024;
  reopen({.free_floor_bytes = 10 * kMiB});
  disk.set_free_bytes(12 * kMiB);
  auto writer = store->create(0).value();
  EXPECT_TRUE(writer->append(bytes));
  disk.set_free_bytes(10 * kMiB);
  Result<void> outcome;
  for (int i = 0; i < 10 && outcome; ++i) outcome = writer->append(bytes);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::no_space);
  EXPECT_FALSE(writer->append("x"));
  disk.set_free_bytes(100 * kMiB);
  EXPECT_TRUE(put(*store, bytes)) << "room again: writers again";
}

TEST_F(BlobStoreTest, ManyThreadsPutAndOpenTheSameBlobs) {
  std::vector<std::string> contents;
  for (int i = 0; i < 8; ++i) contents.push_back(pattern(10'000 + static_cast<std::size_t>(i)));
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        for (const auto& each : contents) {
          const auto blob = put(*store, each);
          if (!blob || content(**blob) != each) ++failures;
          const auto again = store->open(Digest::of(each));
          if (!again || content(**again) != each) ++failures;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures.load(), 0);
  EXPECT_EQ(count_entries(root / "tmp"), 0U);
  EXPECT_TRUE(store->sync_trusted());
}

TEST(VerifiedGenerations, RemembersTheUsedAndForgetsTheRest) {
  VerifiedGenerations verified(100);
  const Digest kept = Digest::of("kept");
  const Generation generation{1, 2, 3, 4, 5};
  verified.put(kept, generation);
  for (int i = 0; i < 1000; ++i) {
    verified.put(Digest::of(std::to_string(i)), generation);
    EXPECT_TRUE(verified.knows(kept, generation));
    EXPECT_LE(verified.size(), 100U);
  }
  EXPECT_FALSE(verified.knows(Digest::of("0"), generation));
  EXPECT_TRUE(verified.knows(Digest::of("999"), generation));
  EXPECT_FALSE(verified.knows(kept, Generation{1, 2, 3, 4, 6}));
  verified.erase(kept);
  EXPECT_FALSE(verified.knows(kept, generation));
}

// A byte that changed while the directory was synced, when the file had its name already, was taken for verified: it was served until the
// next start.
class Meddling final : public FileSystem {
 public:
  std::function<void()> on_sync_directory;

  Result<std::unique_ptr<File>> open_read(const fs::path& path) override { return real_->open_read(path); }
  Result<std::unique_ptr<File>> create(const fs::path& path) override { return real_->create(path); }
  Result<void> rename(const fs::path& from, const fs::path& to) override { return real_->rename(from, to); }
  Result<bool> clone(const File& from, File& to) override { return real_->clone(from, to); }
  Result<bool> link(const fs::path& from, const fs::path& to) override { return real_->link(from, to); }
  Result<void> remove(const fs::path& path) override { return real_->remove(path); }
  Result<void> make_directories(const fs::path& path) override { return real_->make_directories(path); }
  Result<void> add_directory(const fs::path& path) override { return real_->add_directory(path); }
  Result<void> sync_directory(const fs::path& path) override {
    if (on_sync_directory) on_sync_directory();
    return real_->sync_directory(path);
  }
  Result<void> remove_directory(const fs::path& path) override { return real_->remove_directory(path); }
  Result<void> sync_all(const fs::path& path) override { return real_->sync_all(path); }
  Result<void> list(const fs::path& path, const std::function<void(std::string_view)>& each) override { return real_->list(path, each); }
  Result<Space> space(const fs::path& path) override { return real_->space(path); }

 private:
  std::unique_ptr<FileSystem> real_ = make_posix_file_system();
};

TEST(Commit, TrustsNoBytesThatChangedWhileItWasUnderWay) {
  const testing::ScratchDirectory scratch;
  Meddling disk;
  const auto store = must_open_store(disk, scratch.path());
  const std::string bytes = pattern(10'000);
  const auto path = blob_path(scratch.path(), Digest::of(bytes));
  disk.on_sync_directory = [&path] {
    if (!fs::exists(path)) return;
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(5'000);
    file.put('~');
    file.close();
    fs::last_write_time(path, fs::last_write_time(path) + std::chrono::seconds(1));  // more than a tick of the kernel's clock
  };
  const auto blob = put(*store, bytes);
  disk.on_sync_directory = nullptr;
  ASSERT_TRUE(blob);
  EXPECT_FALSE((*blob)->intact());
  EXPECT_EQ(store->open(Digest::of(bytes)).error().code, Code::corrupt);
}

}  // namespace
}  // namespace bodega::store
