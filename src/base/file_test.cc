#include "base/file.h"

#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace bodega {
namespace {

struct FileTest : ::testing::Test {
  const std::filesystem::path path = std::filesystem::temp_directory_path() / ("bodega-file-test-" + std::to_string(::getpid()));
  void TearDown() override { std::filesystem::remove_all(path); }
  void write(const std::string& content) { std::ofstream(path, std::ios::binary) << content; }
};

TEST_F(FileTest, IsReadWhole) {
  const std::string content(100'000, 'x');
  write(content);
  EXPECT_EQ(read_small_file(path).value(), content);
  EXPECT_EQ(read_small_file(path, content.size()).value(), content);
  write("");
  EXPECT_EQ(read_small_file(path).value(), "");
}

TEST_F(FileTest, WhatCannotBeReadWholeIsAnError) {
  EXPECT_EQ(read_small_file(path).error().code, Code::not_found);
  std::filesystem::create_directory(path);  // opens, but does not read
  EXPECT_EQ(read_small_file(path).error().code, Code::io);
  std::filesystem::remove(path);
  write("12345");
  EXPECT_EQ(read_small_file(path, 4).error().code, Code::too_large);
  EXPECT_EQ(read_small_file("/dev/zero").error().code, Code::too_large);
}

}  // namespace
}  // namespace bodega
