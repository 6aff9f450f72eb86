#include "pypi/format/names.h"

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

TEST(Names, RunsOfSeparatorsBecomeOneDash) {
  EXPECT_EQ(normalize_name("Flask"), "flask");
  EXPECT_EQ(normalize_name("ruamel.yaml"), "ruamel-yaml");
  EXPECT_EQ(normalize_name("zope._-interface"), "zope-interface");
  EXPECT_EQ(normalize_name("A__B--C..D"), "a-b-c-d");
  EXPECT_EQ(normalize_name("x"), "x");
  EXPECT_EQ(normalize_name(""), "");
}

TEST(Names, NormalisingTwiceChangesNothing) {
  for (const char* name : {"Foo.Bar", "-_.x", "a-.-b", "Straße"}) EXPECT_EQ(normalize_name(normalize_name(name)), normalize_name(name));
}

TEST(Names, ComparingWithoutAStringIsTheSameRule) {
  const char* names[] = {"Foo.Bar", "foo-bar", "foo", "foo-", "-foo", "foo--bar", "foo_.bar", "foobar", "", "-", "foo-bar-x"};
  for (const char* name : names) {
    for (const char* other : names) EXPECT_EQ(normalizes_to(name, other), normalize_name(name) == other) << name << " " << other;
  }
}

TEST(Names, ValidNamesBeginAndEndWithALetterOrDigit) {
  for (const char* name : {"a", "0", "Foo", "a-b", "a.b_c-d", "2to3", "A1"}) EXPECT_TRUE(is_valid_name(name)) << name;
  for (const char* name : {"", "-a", "a-", "_a", "a.", "a b", "a/b", "a\n", "ä", "a+b", "..", "a\xff"})
    EXPECT_FALSE(is_valid_name(name)) << name;
  EXPECT_FALSE(is_valid_name(std::string_view("a\0b", 3)));
  EXPECT_TRUE(is_valid_name(std::string(kMaxNameLength, 'a')));
  EXPECT_FALSE(is_valid_name(std::string(kMaxNameLength + 1, 'a')));
}

TEST(Names, NormalFormIsRecognised) {
  EXPECT_TRUE(is_normalized_name("foo-bar"));
  EXPECT_FALSE(is_normalized_name("Foo-bar"));
  EXPECT_FALSE(is_normalized_name("foo_bar"));
  EXPECT_FALSE(is_normalized_name("foo--bar"));
  EXPECT_FALSE(is_normalized_name("-foo"));
}

}  // namespace
}  // namespace bodega::pypi
