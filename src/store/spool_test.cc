#include "store/spool.h"

#include <cstdlib>

#include <gtest/gtest.h>
#include <unistd.h>

namespace bodega::store {
namespace {

TEST(Spool, HoldsTheBytesInAFileThatNobodyCanFind) {
  std::string name = (std::filesystem::temp_directory_path() / "bodega-spool.XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  const std::string bytes(300'000, 'x');
  {
    const auto file = spool(name, bytes);
    ASSERT_TRUE(file) << file.error().describe();
    EXPECT_EQ((*file)->total(), bytes.size());
    std::string back(bytes.size(), '\0');
    EXPECT_EQ(::pread((*file)->fd(), back.data(), back.size(), 0), static_cast<ssize_t>(bytes.size()));
    EXPECT_EQ(back, bytes);
    EXPECT_TRUE(std::filesystem::is_empty(name));
  }
  std::filesystem::remove(name);
}

TEST(Spool, SaysWhyADirectoryWillNotDo) {
  const auto file = spool("/nonexistent/bodega", "x");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Code::not_found);
}

}  // namespace
}  // namespace bodega::store
