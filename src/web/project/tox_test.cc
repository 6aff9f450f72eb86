#include "web/project/tox.h"

#include <gtest/gtest.h>

namespace bodega::web {
namespace {

TEST(Tox, ReadsWhatDevpiTestSends) {
  const auto found = read_tox_result(
      R"({"host": "ci", "platform": "linux", "testenvs": {
        "py39": {"test": [{"command": ["pytest", "-x"], "output": "no", "retcode": "1"}]},
        "py312": {"python": {"version": "3.12.1 (main)\n[GCC]"}, "setup": [{"command": ["pip"], "output": "", "retcode": 0}],
                  "test": [{"command": ["pytest"], "output": "ok", "retcode": null}]},
        "lint": {}}})");
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 3U);
  EXPECT_EQ((*found)[0].name, "lint");
  EXPECT_EQ((*found)[0].status(), "unknown");
  EXPECT_EQ((*found)[1].name, "py312");
  EXPECT_EQ((*found)[1].python, "3.12.1");
  EXPECT_EQ((*found)[1].status(), "passed");
  EXPECT_EQ((*found)[2].status(), "failed");
  EXPECT_EQ((*found)[2].test[0].command, "pytest -x");
}

TEST(Tox, WhatIsNoResultIsNone) {
  for (const char* text : {"", "[]", "{}", R"({"testenvs": []})", "{\"testenvs\": {"}) EXPECT_FALSE(read_tox_result(text)) << text;
  const auto odd = read_tox_result(R"({"testenvs": {"a": 5, "b": {"test": [7, {"command": "x", "retcode": true}]}}})");
  ASSERT_TRUE(odd);
  EXPECT_EQ((*odd)[1].test.size(), 2U);
}

}  // namespace
}  // namespace bodega::web
