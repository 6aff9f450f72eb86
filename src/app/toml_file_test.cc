#include "app/toml_file.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace bodega::app {
namespace {

std::string flat(std::string_view text) {
  const auto entries = parse_toml(text);
  if (!entries) return "error: " + entries.error().message;
  std::string out;
  for (const auto& entry : *entries) out += std::to_string(entry.line) + " " + entry.key + "=" + join(entry.values, "|") + ";";
  return out;
}

TEST(TomlFile, GivesKeysInTheOrderOfTheFile) {
  EXPECT_EQ(flat("# a comment\nupstream = 'x'\n\nlisten = [\"a\", \"b\"]\nthreads = 4\noffline = true\naccess-log = false\n"),
            "2 upstream=x;4 listen=a|b;5 threads=4;6 offline=on;7 access-log=off;");
  EXPECT_EQ(flat(""), "");
}

TEST(TomlFile, SaysWhereItIsBroken) {
  for (const auto* text : {"a = 'x'\nb = \n", "a = 'x'\na b = 1", "a = 'x'\na = 'y'", "x = 1\n= 2"}) {
    EXPECT_TRUE(flat(text).starts_with("error: line 2: ")) << flat(text);
  }
}

TEST(TomlFile, RefusesWhatNoOptionTakes) {
  for (const auto* text : {"[server]\ndata = 'x'", "server.data = 'x'", "a = 1.5", "a = 2026-11-21", "a = [[1]]", "a = {b = 1}",
                           "[[a]]\nb = 1", "a = [1, 2.5]"}) {
    EXPECT_TRUE(flat(text).starts_with("error: line ")) << text << ": " << flat(text);
  }
  EXPECT_NE(flat("[server]\ndata = 'x'").find("section"), std::string::npos);
}

// toml++ 3.3.0 of Debian 12 ended the process on these.
TEST(TomlFile, HeadersWithoutAKeyAreErrors) {
  for (const auto* text : {"[=", "[[[", "[,", "[#", "[.a]", "[[=]]"}) EXPECT_TRUE(flat(text).starts_with("error: line 1: ")) << text;
}

TEST(TomlFile, SurvivesHostileBytes) {
  for (const auto& text : {std::string("\xFF\xFE a = 1"), std::string("a = \"\0\"", 7), std::string(5000, '['),
                           "a = " + std::string(2000, '[') + std::string(2000, ']'), std::string("a = '''")}) {
    EXPECT_TRUE(flat(text).starts_with("error: ")) << to_hex(text.substr(0, 20));
  }
}

}  // namespace
}  // namespace bodega::app
