#include "pypi/format/environment.h"

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

constexpr std::string_view kPip =
    R"(pip/26.3 {"ci":null,"cpu":"x86_64","distro":{"id":"bookworm","libc":{"lib":"glibc","version":"2.36"},"name":"Debian GNU/Linux","version":"12"},"implementation":{"name":"CPython","version":"3.11.2"},"installer":{"name":"pip","version":"26.3"},"python":"3.11.2","system":{"name":"Linux","release":"6.1"}})";

Environment pip() { return *environment_of(kPip); }

int rank(std::string_view filename) { return wheel_rank(filename, pip()).value_or(-1); }

TEST(Environment, IsReadFromPipsAgent) {
  const auto environment = pip();
  EXPECT_EQ(environment.python_version, "3.11");
  EXPECT_EQ(environment.python_full_version, "3.11.2");
  EXPECT_EQ(environment.implementation, "CPython");
  EXPECT_EQ(environment.sys_platform(), "linux");
  EXPECT_EQ(environment.os_name(), "posix");
  EXPECT_EQ(environment.platform_machine, "x86_64");
  EXPECT_EQ(environment.libc, "glibc");
  EXPECT_EQ(environment.libc_version, "2.36");
}

TEST(Environment, AnAgentThatDoesNotSayIsNone) {
  EXPECT_FALSE(environment_of("curl/8.0"));
  EXPECT_FALSE(environment_of("pip/1 {}"));
  EXPECT_FALSE(environment_of("pip/1 {\"python\": 3}"));
  EXPECT_FALSE(environment_of("pip/1 {\"python\": \"three\"}"));
  EXPECT_FALSE(environment_of("pip/1 {\"python\": \"3.11\""));
  EXPECT_FALSE(environment_of("pip/1 {\"python\": \"3.11\", \"x\": \"" + std::string(5000, 'x') + "\"}"));
}

TEST(WheelRank, OwnBuildsWinOverTheStableAbiOverPurePython) {
  const int own = rank("a-1-cp311-cp311-manylinux_2_17_x86_64.whl");
  const int stable = rank("a-1-cp37-abi3-manylinux_2_17_x86_64.whl");
  const int pure = rank("a-1-py3-none-any.whl");
  EXPECT_GT(own, stable);
  EXPECT_GT(stable, pure);
  EXPECT_GE(pure, 0);
  EXPECT_GT(rank("a-1-cp311-cp311-manylinux_2_28_x86_64.whl"), own);
  EXPECT_GT(rank("a-1-py2.py3-none-any.whl"), -1);
}

TEST(WheelRank, WhatDoesNotFitHasNone) {
  for (const auto* name :
       {"a-1-cp312-cp312-manylinux_2_17_x86_64.whl", "a-1-cp312-abi3-manylinux_2_17_x86_64.whl", "a-1-py2-none-any.whl",
        "a-1-cp311-cp311-win_amd64.whl", "a-1-cp311-cp311-manylinux_2_17_aarch64.whl", "a-1-cp311-cp311-musllinux_1_2_x86_64.whl",
        "a-1-cp311-cp311-manylinux_2_39_x86_64.whl", "a-1-cp311-cp311-macosx_11_0_arm64.whl", "a-1.tar.gz", "nonsense"}) {
    EXPECT_EQ(rank(name), -1) << name;
  }
}

TEST(WheelRank, OneFittingTagOfSeveralIsEnough) {
  EXPECT_GE(rank("a-1-cp311-cp311-manylinux_2_39_x86_64.manylinux2014_x86_64.whl"), 0);
  EXPECT_GE(rank("a-1-cp39.cp310.cp311-abi3-manylinux1_x86_64.whl"), 0);
}

}  // namespace
}  // namespace bodega::pypi
