#include "app/shim/yaml_file.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace bodega::app {
namespace {

std::string read(std::string_view text) {
  const auto entries = parse_yaml_section(text, "devpi-server");
  if (!entries) return "error: " + entries.error().message;
  std::string out;
  for (const auto& entry : *entries) out += std::to_string(entry.line) + " " + entry.key + "=" + join(entry.values, "|") + "\n";
  return out;
}

TEST(YamlFile, ValuesAndLists) {
  EXPECT_EQ(read("# ours\nother:\n  port: 1\ndevpi-server:\n  host: 'a b'\n  port: 3141\n  debug: yes\n  listen:\n    - \"*:1\"\n    - "
                 "b:2\n  empty:\n"),
            "5 host=a b\n6 port=3141\n7 debug=yes\n8 listen=*:1|b:2\n11 empty=\n");
  EXPECT_EQ(read("devpi-server: {port: 1, listen: [a, b]}"), "1 port=1\n1 listen=a|b\n");
}

TEST(YamlFile, NothingForUsIsFine) {
  for (const std::string_view text : {"", "# only a comment\n", "word", "other: 1", "devpi-server:", "devpi-server: word"})
    EXPECT_EQ(read(text), "");
}

TEST(YamlFile, WhatIsNoSuchFileIsRefusedWithItsPlace) {
  EXPECT_EQ(read("- a\n- b\n"), "error: it must be a mapping, not a list");
  EXPECT_EQ(read("devpi-server:\n  - a\n"), "error: the section devpi-server must be a mapping, not a list");
  EXPECT_EQ(read("devpi-server:\n  a:\n    b: c\n"), "error: line 2: a must have a value or a list of values");
  EXPECT_EQ(read("devpi-server:\n  a:\n    - [b]\n"), "error: line 2: a must have a value or a list of values");
  EXPECT_EQ(read("devpi-server:\n  ? [a]\n  : b\n"), "error: line 2: the name of an option must be a word");
  EXPECT_TRUE(read("devpi-server:\n\tport: 1\n").starts_with("error: line 2: "));
  EXPECT_TRUE(read("a: \"\xff\xfe").starts_with("error: line "));
  EXPECT_TRUE(read(std::string(100000, '[')).starts_with("error: "));
}

TEST(YamlFile, AliasesDoNotGrow) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 40; ++i)
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + ", *a" + std::to_string(i - 1) + "]\n";
  EXPECT_EQ(read(text + "devpi-server:\n  port: 1\n"), "42 port=1\n");
}

}  // namespace
}  // namespace bodega::app
