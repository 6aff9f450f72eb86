#include "ops/transfer/json_file.h"

#include <map>
#include <vector>

#include "store/test_store.h"

namespace bodega::ops {
namespace {

struct JsonFileTest : ::testing::Test {
  testing::ScratchDirectory scratch;
  JsonFile open(const std::string& text) {
    store::write_file(scratch.path() / "f", text);
    auto file = JsonFile::open(scratch.path() / "f");
    EXPECT_TRUE(file);
    return std::move(*file);
  }
  // Members as "key=value;", or "!" behind what was found before the damage.
  std::string members(const std::string& text) {
    auto file = open(text);
    std::vector<std::pair<std::string, Extent>> found;
    const auto walked = file.members(file.whole(), [&found](std::string key, const Extent& value) -> Result<void> {
      found.emplace_back(std::move(key), value);
      return {};
    });
    std::string out;
    for (const auto& [key, extent] : found) {
      const auto value = file.read(extent);
      out += key + "=" + (value ? value->compact() : "?") + ";";
    }
    return walked ? out : out + "!";
  }
};

TEST_F(JsonFileTest, FindsMembers) {
  EXPECT_EQ(members(R"({"a": 1, "b" : [1, {"x": "]}"}], "c":{"d":"\\\"}"},"e":"s","f":true})"),
            R"(a=1;b=[1,{"x":"]}"}];c={"d":"\\\"}"};e="s";f=true;)");
  EXPECT_EQ(members("{}"), "");
  EXPECT_EQ(members(" \n{ } "), "");
  EXPECT_EQ(members(R"({"\u00fc\"": 1})"), "\xc3\xbc\"=1;");
}

TEST_F(JsonFileTest, AnotherKindHasNone) {
  EXPECT_EQ(members("[1, 2]"), "");
  EXPECT_EQ(members("\"text\""), "");
}

TEST_F(JsonFileTest, FindsItems) {
  auto file = open(R"([ "a,]", 2 , {"b": []},[3] ])");
  std::vector<Extent> found;
  ASSERT_TRUE(file.items(file.whole(), [&found](const Extent& item) -> Result<void> {
    found.push_back(item);
    return {};
  }));
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(file.read(found[0])->compact(), R"("a,]")");
  EXPECT_EQ(file.read(found[2])->compact(), R"({"b":[]})");
}

TEST_F(JsonFileTest, WhatIsNoJsonIsSaid) {
  for (const char* text : {"{", "{\"a\"", "{\"a\":", "{\"a\": 1", "{\"a\": [1", "{\"a\": \"x", "{\"a\": 1 \"b\": 2}", "{a: 1}", "{\"a\": }",
                           "{\"a\": \"\\", "{\"\\ud800", "{\"a\" 1}"}) {
    EXPECT_EQ(members(text).back(), '!') << text;
  }
  EXPECT_EQ(members("{\"a\": nonsense, \"b\": {]}}").substr(0, 3), "a=?") << "inside of values nobody looks before they are read";
}

TEST_F(JsonFileTest, AnErrorOfTheCallerEndsTheWalk) {
  auto file = open(R"({"a": 1, "b": 2})");
  int seen = 0;
  const auto walked = file.members(file.whole(), [&seen](const std::string&, const Extent&) -> Result<void> {
    ++seen;
    return fail(Code::cancelled, "enough");
  });
  EXPECT_EQ(walked.error().code, Code::cancelled);
  EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace bodega::ops
