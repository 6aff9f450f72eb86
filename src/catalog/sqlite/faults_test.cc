// Interposes the C library's calls: the executable's definitions come before those of libc for libsqlite3 too.
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <mutex>

#include <sys/syscall.h>
#include <unistd.h>

#include "catalog/fixture_for_test.h"
#include "catalog/sqlite/database.h"
#include "catalog/sqlite/faults_for_test.h"

namespace bodega::catalog::sqlite {
namespace {

std::mutex suffix_mutex;
std::string suffix;
std::atomic<bool> armed{false};
std::atomic<int> write_errno{0};
std::atomic<int> sync_errno{0};
std::atomic<int> failed_calls{0};
std::atomic<int> good_syncs{0};

bool concerns(int descriptor) {
  if (!armed) return false;
  char link[64];
  char name[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t length = ::readlink(link, name, sizeof name);
  if (length < 0) return false;
  const std::lock_guard lock(suffix_mutex);
  return std::string_view(name, static_cast<std::size_t>(length)).ends_with(suffix);
}

bool fails(int descriptor, const std::atomic<int>& errnum) {
  if (errnum == 0 || !concerns(descriptor)) return false;
  ++failed_calls;
  errno = errnum;
  return true;
}

}  // namespace

Faults::Faults(std::string name_ends_in) {
  const std::lock_guard lock(suffix_mutex);
  suffix = std::move(name_ends_in);
  failed_calls = 0;
  good_syncs = 0;
  armed = true;
}
Faults::~Faults() {
  armed = false;
  write_errno = 0;
  sync_errno = 0;
}
void Faults::fail_writes(int errnum) { write_errno = errnum; }
void Faults::fail_syncs(int errnum) { sync_errno = errnum; }
int Faults::failed() const { return failed_calls; }
int Faults::synced() const { return good_syncs; }

int sync_with(long call, int descriptor) {
  if (fails(descriptor, sync_errno)) return -1;
  if (armed && concerns(descriptor)) ++good_syncs;
  return static_cast<int>(::syscall(call, descriptor));
}

ssize_t write_with(int descriptor, const void* bytes, std::size_t count, off_t offset) {
  if (fails(descriptor, write_errno)) return -1;
  return ::syscall(SYS_pwrite64, descriptor, bytes, count, offset);
}

}  // namespace bodega::catalog::sqlite

extern "C" {
int fsync(int descriptor) { return bodega::catalog::sqlite::sync_with(SYS_fsync, descriptor); }
int fdatasync(int descriptor) { return bodega::catalog::sqlite::sync_with(SYS_fdatasync, descriptor); }
ssize_t pwrite(int descriptor, const void* bytes, std::size_t count, off_t offset) {
  return bodega::catalog::sqlite::write_with(descriptor, bytes, count, offset);
}
ssize_t pwrite64(int descriptor, const void* bytes, std::size_t count, off64_t offset) {
  return bodega::catalog::sqlite::write_with(descriptor, bytes, count, offset);
}
}

namespace bodega::catalog::sqlite {
namespace {

TEST(Faults, ReachSqlite) {
  const TempDir dir;
  const auto database = need(Database::open({.file = dir / "x.db", .access = Access::writer}));
  Faults faults("x.db-wal");
  need(database->script("CREATE TABLE t(a)"));
  EXPECT_GT(faults.synced(), 0);
  faults.fail_syncs(EIO);
  EXPECT_EQ(code_of(database->script("CREATE TABLE u(a)")), Code::io);
  EXPECT_EQ(faults.failed(), 1);
  faults.fail_syncs(0);
  faults.fail_writes(ENOSPC);
  EXPECT_EQ(code_of(database->script("CREATE TABLE u(a)")), Code::no_space);
  EXPECT_GT(faults.failed(), 1);
}

TEST(Faults, EveryFullCommitIsSynced) {
  const TempDir dir;
  const auto database = need(Database::open({.file = dir / "x.db", .access = Access::writer}));
  need(database->script("CREATE TABLE t(a)"));
  const Faults faults("x.db-wal");
  for (int i = 1; i <= 5; ++i) {
    need(database->run("INSERT INTO t VALUES(1)"));
    EXPECT_EQ(faults.synced(), i);
  }
}

}  // namespace
}  // namespace bodega::catalog::sqlite
