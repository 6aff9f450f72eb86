#include "app/sandbox.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "catalog/sqlite/database.h"

namespace bodega::app {
namespace {

namespace fs = std::filesystem;

class Sandbox : public ::testing::Test {
 protected:
  Sandbox() {
    std::string name = (fs::temp_directory_path() / "bodega-sandbox-XXXXXX").string();
    dir_ = ::mkdtemp(name.data());
  }
  ~Sandbox() override { fs::remove_all(dir_); }
  fs::path dir_;
};

bool can_read(const fs::path& path) { return std::ifstream(path).good(); }
bool can_write(const fs::path& path) { return std::ofstream(path).good(); }

// A process of its own, because a sandbox is for ever. What `tries` finds wrong, as bits; 77 where the kernel has no Landlock.
int confined(const SandboxPaths& paths, const std::function<int()>& tries) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto version = confine(paths);
    ::_exit(!version ? 99 : *version == 0 ? 77 : tries());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

TEST_F(Sandbox, OnlyWhatWasNamedIsReachable) {
  for (const char* name : {"data", "other", "sockets"}) fs::create_directory(dir_ / name);
  for (const char* name : {"data/mine", "other/secret"}) std::ofstream(dir_ / name) << "x";
  const SandboxPaths paths{{dir_ / "data"}, {dir_ / "sockets"}, {dir_ / "missing", "/usr"}};
  const int wrong = confined(paths, [&] {
    std::error_code moved;
    fs::create_directory(dir_ / "data/deeper");
    fs::rename(dir_ / "data/mine", dir_ / "data/deeper/mine", moved);
    std::error_code left;
    fs::rename(dir_ / "data/deeper/mine", dir_ / "other/mine", left);
    const bool ran = std::system("true") == 0;  // NOLINT(cert-env33-c): that it does not run is the test
    return (can_read(dir_ / "data/deeper/mine") ? 0 : 1) | (can_write(dir_ / "data/new") ? 0 : 2) |
           (can_read(dir_ / "other/secret") ? 4 : 0) | (can_write(dir_ / "other/new") ? 8 : 0) | (can_write("/dev/null") ? 0 : 16) |
           (moved ? 32 : 0) | (left ? 0 : 64) | (ran ? 128 : 0);
  });
  if (wrong == 77) GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(wrong, 0);
}

// Runs in a program of its own, which the test below starts: SQLite asks for SQLITE_TMPDIR once, when the first database is opened. Sorts
// 40 MB with a cache of 64 KiB.
TEST(SandboxChild, DISABLED_Sorts) {
  const char* data = std::getenv("BODEGA_TEST_SANDBOX");
  ASSERT_NE(data, nullptr);
  const auto version = confine({{data}, {}, {"/usr", "/etc", "/proc"}});
  ASSERT_TRUE(version);
  if (*version == 0) ::_exit(77);
  using catalog::sqlite::Database;
  auto database = Database::open({.file = fs::path(data) / "x.db", .access = catalog::sqlite::Access::writer, .cache_kib = 64});
  ASSERT_TRUE(database) << database.error().describe();
  auto rows = (*database)->query(
      "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 40000) SELECT hex(randomblob(500)) AS h FROM n ORDER BY "
      "h");
  ASSERT_TRUE(rows);
  const auto first = rows->step();
  ::_exit(first ? 0 : 3);
}

int sorts_in_a_sandbox(const fs::path& data, const fs::path& temporary) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("BODEGA_TEST_SANDBOX", data.c_str(), 1);
    ::setenv("SQLITE_TMPDIR", temporary.c_str(), 1);
    if (::chdir("/") != 0) ::_exit(97);  // where SQLite looks last
    ::execl("/proc/self/exe", "sorts", "--gtest_filter=SandboxChild.*", "--gtest_also_run_disabled_tests", nullptr);
    ::_exit(96);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

TEST_F(Sandbox, WhatSqliteSpoolsLiesInTheDataDirectory) {
  for (const char* name : {"data", "other"}) fs::create_directory(dir_ / name);
  const int inside = sorts_in_a_sandbox(dir_ / "data", dir_ / "data");
  if (inside == 77) GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(inside, 0);
  EXPECT_EQ(sorts_in_a_sandbox(dir_ / "data", dir_ / "other"), 3);  // else the sort needs no file, and the line above proves nothing
}

TEST_F(Sandbox, TheConfigurationsFilesAreReadByTheirDirectories) {
  Config config;
  config.data = "/srv/bodega";
  config.unix_socket = "/run/bodega/http";
  config.upstream_ca_file = "/opt/tls/ca.pem";
  const auto paths = sandbox_paths(config, {"/opt/certs"});
  EXPECT_EQ(paths.writable, std::vector<fs::path>{"/srv/bodega"});
  EXPECT_EQ(paths.sockets, std::vector<fs::path>{"/run/bodega"});
  for (const char* path : {"/opt/tls", "/opt/certs", "/etc"}) {
    EXPECT_NE(std::find(paths.readable.begin(), paths.readable.end(), path), paths.readable.end()) << path;
  }
}

}  // namespace
}  // namespace bodega::app
