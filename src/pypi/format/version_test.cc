#include "pypi/format/version.h"

#include <gtest/gtest.h>

#include <random>

namespace bodega::pypi {
namespace {

std::string canonical(std::string_view text) {
  const auto version = Version::parse(text);
  return version ? version->text() : "(none)";
}

TEST(Version, CanonicalTextFollowsPep440) {
  const std::pair<const char*, const char*> cases[] = {
      {"1.0", "1.0"},
      {" v1.0\n", "1.0"},
      {"V1", "1"},
      {"01.002.0", "1.2.0"},
      {"0!1.0", "1.0"},
      {"1!2.0", "1!2.0"},
      {"1.0a", "1.0a0"},
      {"1.0.a.1", "1.0a1"},
      {"1.0-alpha-01", "1.0a1"},
      {"1.0BETA2", "1.0b2"},
      {"1.0c1", "1.0rc1"},
      {"1.0preview_3", "1.0rc3"},
      {"1.0-pre", "1.0rc0"},
      {"1.0-1", "1.0.post1"},
      {"1.0.post", "1.0.post0"},
      {"1.0rev4", "1.0.post4"},
      {"1.0-r.4", "1.0.post4"},
      {"1.0post-1", "1.0.post1"},
      {"1.0a-1", "1.0a1"},
      {"1.0a--1", "1.0a0.post1"},
      {"1.0a.", "1.0a0"},
      {"1.0dev", "1.0.dev0"},
      {"1.0-dev_5", "1.0.dev5"},
      {"1.0a1.post2.dev3", "1.0a1.post2.dev3"},
      {"1.0+Ubuntu-1_02", "1.0+ubuntu.1.2"},
      {"1.0+00abc", "1.0+00abc"},
      {"20240101123456789012345678901234567890", "20240101123456789012345678901234567890"},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(canonical(text), want) << text;
}

TEST(Version, WhatIsNoVersionIsRefused) {
  for (const char* text : {"",   " ",  "abc",   "1.", "1..0",           ".1",         "1.0x",   "1.0+",         "1.0+a..b", "1.0+a-",
                           "1!", "!1", "1.0 0", "v",  "1.0.dev1.post1", "1.0post1a1", "1.0--1", "1.0+\xc3\xa9", "vv1",      "1.0-1-1"}) {
    EXPECT_FALSE(Version::parse(text)) << text;
  }
  EXPECT_FALSE(Version::parse(std::string_view("1.0\0", 4)));
  EXPECT_FALSE(Version::parse(std::string_view("\0", 1)));
}

TEST(Version, OrderIsThatOfPep440) {
  const char* ascending[] = {"1.dev0",
                             "1.0.dev456",
                             "1.0a1.dev1",
                             "1.0a1",
                             "1.0a2.dev456",
                             "1.0a12.dev456",
                             "1.0a12",
                             "1.0b1.dev456",
                             "1.0b2",
                             "1.0b2.post345.dev456",
                             "1.0b2.post345",
                             "1.0rc1.dev456",
                             "1.0rc1",
                             "1.0",
                             "1.0+abc.5",
                             "1.0+abc.7",
                             "1.0+5",
                             "1.0+5.a",
                             "1.0+5.5",
                             "1.0.post456.dev34",
                             "1.0.post456",
                             "1.0.15",
                             "1.1.dev1",
                             "9999999999999999999999",
                             "10000000000000000000000",
                             "1!0.1"};
  for (std::size_t i = 0; i < std::size(ascending); ++i) {
    for (std::size_t k = 0; k < std::size(ascending); ++k) {
      EXPECT_EQ(*Version::parse(ascending[i]) <=> *Version::parse(ascending[k]), i <=> k) << ascending[i] << " and " << ascending[k];
    }
  }
}

TEST(Version, TrailingZerosAndSpellingDoNotMatterForEquality) {
  EXPECT_EQ(*Version::parse("1.0"), *Version::parse("1"));
  EXPECT_EQ(*Version::parse("1.0.0-alpha"), *Version::parse("v1a0"));
  EXPECT_EQ(*Version::parse("1.0+a.b"), *Version::parse("1+A-B"));
  EXPECT_NE(*Version::parse("1.0"), *Version::parse("1.0+a"));
  EXPECT_NE(*Version::parse("1.0"), *Version::parse("1.0.post0"));
}

TEST(Version, PartsTell) {
  EXPECT_TRUE(Version::parse("1.0.dev1")->is_prerelease());
  EXPECT_TRUE(Version::parse("1.0rc1")->is_prerelease());
  EXPECT_FALSE(Version::parse("1.0.post1")->is_prerelease());
  EXPECT_TRUE(Version::parse("1.0.post1")->is_postrelease());
  EXPECT_EQ(Version::parse("1!2.0rc1.post2+x")->base().text(), "1!2.0");
  EXPECT_EQ(Version::parse("1!2.0rc1.post2+x")->without_local().text(), "1!2.0rc1.post2");
  EXPECT_EQ(Version::parse("1!2.0rc1.post2+x")->public_text(), "1!2.0rc1.post2");
}

TEST(Version, SortPutsWhatIsNoVersionFirstAndDropsDuplicates) {
  std::vector<std::string> versions = {"1.10", "zebra", "1.9", "1.0rc1", "1.0", "1.9", "2004b-x", "1.0.0"};
  sort_versions(versions);
  EXPECT_EQ(versions, (std::vector<std::string>{"2004b-x", "zebra", "1.0rc1", "1.0", "1.0.0", "1.9", "1.10"}));
}

TEST(Version, CanonicalTextParsesToTheSameVersion) {
  std::mt19937 random(7);
  const std::string_view pieces[] = {"1", "0", ".", "-", "_", "a", "rc", "post", "dev", "r", "!", "+", "12", "x", "v", "alpha", " "};
  int parsed = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text = "1";
    for (unsigned k = random() % 7; k > 0; --k) text += pieces[random() % std::size(pieces)];
    const auto version = Version::parse(text);
    if (!version) continue;
    ++parsed;
    const auto again = Version::parse(version->text());
    ASSERT_TRUE(again) << text;
    EXPECT_EQ(*again, *version) << text;
    EXPECT_EQ(again->text(), version->text()) << text;
  }
  EXPECT_GT(parsed, 1000);
}

}  // namespace
}  // namespace bodega::pypi
