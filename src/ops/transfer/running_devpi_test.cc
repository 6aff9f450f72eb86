#include "ops/transfer/running_devpi.h"

#include "store/test_store.h"

namespace bodega::ops {
namespace {

namespace fs = std::filesystem;

struct RunningDevpiTest : ::testing::Test {
  testing::ScratchDirectory scratch;
  const fs::path proc = scratch.path() / "proc";
  const fs::path server = scratch.path() / "server";

  void SetUp() override { fs::create_directories(server); }
  void process(const std::string& pid, const std::vector<std::string>& arguments) {
    std::string line;
    for (const auto& argument : arguments) line += argument + '\0';
    store::write_file(proc / pid / "cmdline", line);
    fs::create_directory_symlink(scratch.path(), proc / pid / "cwd");
    fs::create_directories(proc / pid / "fd");
  }
};

TEST_F(RunningDevpiTest, IsFoundByItsArgument) {
  process("1", {"init"});
  process("12", {"/usr/bin/python3", "/usr/bin/devpi-server", "--port", "3141", "--serverdir", server.string()});
  EXPECT_EQ(running_devpi(server, proc), "12");
}

// One that ended while it was looked at gave an error where its arguments should be, and that ended the import.
TEST_F(RunningDevpiTest, AProcessThatCannotBeReadIsPassedOver) {
  fs::create_directories(proc / "11" / "cmdline");  // opens, but does not read
  process("12", {"python3", "/usr/bin/devpi-server", "--serverdir", server.string()});
  EXPECT_EQ(running_devpi(server, proc), "12");
  fs::remove_all(proc / "12");
  EXPECT_FALSE(running_devpi(server, proc));
}

TEST_F(RunningDevpiTest, IsFoundByARelativePath) {
  process("12", {"python3", "-m", "devpi_server", "--serverdir=./server/"});
  EXPECT_EQ(running_devpi(server, proc), "12");
}

TEST_F(RunningDevpiTest, IsFoundByWhatItHasOpen) {
  process("12", {"python3", "/usr/bin/devpi-server"});
  EXPECT_FALSE(running_devpi(server, proc));
  fs::create_symlink(server / ".indices" / "x", proc / "12" / "fd" / "7");
  EXPECT_EQ(running_devpi(server, proc), "12");
}

TEST_F(RunningDevpiTest, OthersAreNoReason) {
  process("12", {"python3", "/usr/bin/devpi-server", "--serverdir", "/elsewhere"});
  process("13", {"vi", (server / ".nodeinfo").string()});
  process("14", {"python3", "/usr/bin/devpi-server", "--serverdir"});
  EXPECT_FALSE(running_devpi(server, proc));
  EXPECT_FALSE(running_devpi(server, scratch.path() / "none"));
}

}  // namespace
}  // namespace bodega::ops
