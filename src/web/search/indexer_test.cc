#include "web/search/indexer.h"

#include <gtest/gtest.h>

namespace bodega::web {
namespace {

using namespace std::chrono_literals;

TEST(Indexer, RestsNineTenthsOfTheTimeButNoLongerThanASecond) {
  EXPECT_EQ(rest_after(0ms), 0ms);
  EXPECT_EQ(rest_after(10ms), 90ms);
  EXPECT_EQ(rest_after(500ms), 1s);
}

}  // namespace
}  // namespace bodega::web
