#include "store/file_system.h"

#include <set>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/test_store.h"

namespace bodega::store {
namespace {

struct FileSystemTest : ::testing::Test {
  testing::ScratchDirectory scratch;
  std::filesystem::path root = scratch.path();
  std::unique_ptr<FileSystem> disk = make_posix_file_system();
};

TEST_F(FileSystemTest, WritesSyncsAndReadsBack) {
  auto file = disk->create(root / "a");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write_at("hello", 0));
  ASSERT_TRUE((*file)->write_at("world", 5));
  ASSERT_TRUE((*file)->sync());
  char buffer[16] = {};
  EXPECT_EQ((*file)->read_at(buffer, sizeof buffer, 0).value(), 10U);
  EXPECT_EQ(std::string(buffer), "helloworld");
  EXPECT_EQ((*file)->read_at(buffer, sizeof buffer, 10).value(), 0U);
  EXPECT_EQ((*file)->generation().value().size, 10U);
  struct stat info {};
  ASSERT_EQ(::fstat((*file)->fd(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  EXPECT_NE(::fcntl((*file)->fd(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(FileSystemTest, CreateNeverTakesWhatIsThere) {
  write_file(root / "a", "x");
  EXPECT_EQ(disk->create(root / "a").error().code, Code::io);
  std::filesystem::create_symlink(root / "elsewhere", root / "link");
  EXPECT_FALSE(disk->create(root / "link"));
  EXPECT_FALSE(std::filesystem::exists(root / "elsewhere"));
}

TEST_F(FileSystemTest, OpensRegularFilesOnly) {
  write_file(root / "a", "x");
  std::filesystem::create_symlink(root / "a", root / "link");
  std::filesystem::create_directory(root / "directory");
  ASSERT_EQ(::mkfifo((root / "fifo").c_str(), 0600), 0);
  EXPECT_TRUE(disk->open_read(root / "a"));
  EXPECT_EQ(disk->open_read(root / "link").error().code, Code::corrupt);
  EXPECT_EQ(disk->open_read(root / "directory").error().code, Code::corrupt);
  EXPECT_EQ(disk->open_read(root / "fifo").error().code, Code::corrupt);
  EXPECT_EQ(disk->open_read("/dev/null").error().code, Code::corrupt);
  EXPECT_EQ(disk->open_read(root / "nothing").error().code, Code::not_found);
}

TEST_F(FileSystemTest, EveryChangeOfContentChangesTheGeneration) {
  write_file(root / "a", "xyz");
  auto file = disk->open_read(root / "a");
  const auto before = (*file)->generation().value();
  EXPECT_EQ((*file)->generation().value(), before);
  ASSERT_EQ(::truncate((root / "a").c_str(), 2), 0);
  const auto shorter = (*file)->generation().value();
  EXPECT_NE(shorter, before);
  // A new file under the old name.
  write_file(root / "b", "xy");
  ASSERT_TRUE(disk->rename(root / "b", root / "a"));
  EXPECT_NE((*disk->open_read(root / "a"))->generation().value(), shorter);
}

TEST_F(FileSystemTest, MakesDirectoriesOnceAndAgain) {
  ASSERT_TRUE(disk->make_directories(root / "a" / "b" / "c"));
  ASSERT_TRUE(disk->make_directories(root / "a" / "b" / "c" / ""));
  struct stat info {};
  ASSERT_EQ(::stat((root / "a" / "b").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700U);
  write_file(root / "file", "x");
  EXPECT_FALSE(disk->make_directories(root / "file"));
  EXPECT_FALSE(disk->make_directories(root / "file" / "below"));
}

TEST_F(FileSystemTest, ListsNamesAndTreatsAbsentAsEmpty) {
  std::multiset<std::string> found;
  const auto collect = [&found](std::string_view name) { found.emplace(name); };
  ASSERT_TRUE(disk->list(root / "nothing", collect));
  EXPECT_TRUE(found.empty());
  write_file(root / "one", "1");
  std::filesystem::create_directory(root / "two");
  ASSERT_TRUE(disk->list(root, collect));
  EXPECT_EQ(found, (std::multiset<std::string>{"one", "two"}));
  std::filesystem::create_directory_symlink(root / "two", root / "link");
  EXPECT_EQ(disk->list(root / "one", collect).error().code, Code::corrupt);
  EXPECT_EQ(disk->list(root / "link", collect).error().code, Code::corrupt);
}

TEST_F(FileSystemTest, RemovingWhatIsAbsentIsSuccess) {
  write_file(root / "a", "x");
  EXPECT_TRUE(disk->remove(root / "a"));
  EXPECT_FALSE(std::filesystem::exists(root / "a"));
  EXPECT_TRUE(disk->remove(root / "a"));
  std::filesystem::create_directory(root / "directory");
  EXPECT_FALSE(disk->remove(root / "directory"));
}

TEST_F(FileSystemTest, AnOperationOnNothingIsNotFound) {
  EXPECT_EQ(disk->rename(root / "a", root / "b").error().code, Code::not_found);
  EXPECT_EQ(disk->sync_directory(root / "a").error().code, Code::not_found);
  EXPECT_EQ(disk->create(root / "a" / "b").error().code, Code::not_found);
}

TEST_F(FileSystemTest, SpaceIsPlausible) {
  const auto space = disk->space(root);
  ASSERT_TRUE(space);
  EXPECT_GT(space->total_bytes, 0U);
  EXPECT_LE(space->free_bytes, space->total_bytes);
}

TEST_F(FileSystemTest, AFullDeviceIsNoSpaceAndNotHalfASuccess) {
  const int full = ::open("/dev/full", O_RDWR);
  if (full < 0) GTEST_SKIP() << "no /dev/full here";
  auto file = disk->create(root / "a");
  ASSERT_TRUE(file);
  ASSERT_GE(::dup2(full, (*file)->fd()), 0);
  ::close(full);
  EXPECT_EQ((*file)->write_at("bytes", 0).error().code, Code::no_space);
}

}  // namespace
}  // namespace bodega::store
