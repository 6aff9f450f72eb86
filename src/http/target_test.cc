#include "http/target.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace bodega::http {
namespace {

std::string shown(std::string_view path) {
  const auto split = split_path(path);
  if (!split) return "refused";
  return join(split->segments, "|") + (split->trailing_slash ? "|/" : "");
}

TEST(Target, PathsAreDecodedOnceAndSplit) {
  EXPECT_EQ(shown("/"), "|/");
  EXPECT_EQ(shown("*"), "");
  EXPECT_EQ(shown("/a"), "a");
  EXPECT_EQ(shown("/a/b/"), "a|b|/");
  EXPECT_EQ(shown("/root/pypi/+f/abc/x-1.0%2Blocal.whl"), "root|pypi|+f|abc|x-1.0+local.whl");
  EXPECT_EQ(shown("/%C3%A4%20b"), "\xc3\xa4 b");
  EXPECT_EQ(shown("/a+b"), "a+b");
  EXPECT_EQ(shown("/%2525"), "%25");
  EXPECT_EQ(shown("/..."), "...");
  EXPECT_EQ(shown("/a;b"), "a;b");
}

TEST(Target, WhatCouldClimbOrHideIsRefused) {
  for (const char* path : {"",
                           "a",
                           "//",
                           "/a//b",
                           "//a",
                           "/a//",
                           "/.",
                           "/..",
                           "/a/../b",
                           "/a/./b",
                           "/../",
                           "/%2e",
                           "/%2E%2e/x",
                           "/.%2e",
                           "/a%2fb",
                           "/a%2Fb",
                           "/a%5cb",
                           "/a\\b",
                           "/%00",
                           "/a%00b",
                           "/a%0ab",
                           "/a%0d%0ab",
                           "/%1b[2J",
                           "/%7f",
                           "/%",
                           "/%2",
                           "/%zz",
                           "/%c0%ae%c0%ae/x",
                           "/%c0%af",
                           "/%ff",
                           "/%e0%80%af",
                           "/%ed%a0%80",
                           "/%2F%2F..%2F..%2Fetc%2Fpasswd",
                           "/;/../x"}) {
    EXPECT_EQ(shown(path), "refused") << path;
  }
}

}  // namespace
}  // namespace bodega::http
