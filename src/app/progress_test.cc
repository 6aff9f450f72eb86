#include "app/progress.h"

#include <gtest/gtest.h>

namespace bodega::app {
namespace {

using std::chrono::seconds;

TEST(Progress, TellsRateAndTimeLeft) {
  EXPECT_EQ(progress_text({100, 50'000'000}, {1000, 500'000'000}, seconds(5)), "100 of 1000 files, 50 of 500 MB, 10 MB/s, 45 s left");
  EXPECT_EQ(progress_text({1, 1'000'000}, {9, 20'000'000'000}, seconds(1)), "1 of 9 files, 1 of 20000 MB, 1 MB/s, 5.6 h left");
}

TEST(Progress, NothingIsPromisedBeforeThereIsARate) {
  EXPECT_EQ(progress_text({0, 0}, {10, 1'000'000}, seconds(0)), "0 of 10 files, 0 of 1 MB");
}

TEST(Progress, MoreThanWasCountedIsNotMoreThanThereIs) {
  EXPECT_EQ(progress_text({12, 2'000'000}, {10, 1'000'000}, seconds(2)), "12 of 12 files, 2 of 2 MB, 1 MB/s");
}

}  // namespace
}  // namespace bodega::app
