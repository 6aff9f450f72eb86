#include "pypi/format/array_splitter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace bodega::pypi {
namespace {

struct Parts {
  std::vector<std::string> batches;
  std::string rest;
  std::size_t arrays = 0;
};

// Fed `step` bytes at a time.
Parts split(std::string_view text, std::size_t step, std::size_t batch_bytes = 1) {
  Parts parts;
  ArraySplitter splitter("files", batch_bytes, [&parts](std::string_view batch) -> Result<void> {
    parts.batches.emplace_back(batch);
    return {};
  });
  for (; !text.empty(); text.remove_prefix(std::min(step, text.size()))) EXPECT_TRUE(splitter.feed(text.substr(0, step)));
  parts.arrays = splitter.arrays();
  parts.rest = splitter.finish();
  return parts;
}

TEST(ArraySplitter, GivesTheElementsInBatchesAndTheRest) {
  const std::string text = R"( {"a": [1,{"files":[2]}], "files" : [ {"x":[1,2],"y":"]},\""} ,3,"\\" ], "z":"files"} )";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    const auto parts = split(text, step);
    EXPECT_EQ(parts.batches, (std::vector<std::string>{R"([ {"x":[1,2],"y":"]},\""} ])", "[3]", R"(["\\" ])"})) << step;
    EXPECT_EQ(parts.rest, R"( {"a": [1,{"files":[2]}], "files" : [], "z":"files"} )") << step;
    EXPECT_EQ(parts.arrays, 1U);
  }
}

TEST(ArraySplitter, ABatchHasAtLeastTheAskedBytes) {
  EXPECT_EQ(split(R"({"files":[10,20,30,40,50]})", 100, 5).batches, (std::vector<std::string>{"[10,20]", "[30,40]", "[50]"}));
  EXPECT_EQ(split(R"({"files":[10,20,30]})", 100, 100).batches, (std::vector<std::string>{"[10,20,30]"}));
}

TEST(ArraySplitter, AnEmptyArrayHasNoBatch) {
  const auto parts = split("{\"files\":[ \n]}", 3);
  EXPECT_TRUE(parts.batches.empty());
  EXPECT_EQ(parts.rest, "{\"files\":[]}");
}

TEST(ArraySplitter, WhatIsBrokenStaysBroken) {
  EXPECT_EQ(split(R"({"files":[1,]})", 100).batches, (std::vector<std::string>{"[1]", "[,]"}));
  EXPECT_EQ(split(R"({"files":[1,,2]})", 100, 3).batches, (std::vector<std::string>{"[1,]", "[2]"}));
  EXPECT_EQ(split(R"({"files":[{"a":1}})", 100).rest, R"({"files":[})");
  EXPECT_EQ(split(R"({"files":[1)", 100).rest, R"({"files":[)");
  EXPECT_EQ(split(R"(["files":[1]])", 100).rest, R"(["files":[]])");
}

TEST(ArraySplitter, OtherMembersStayInTheRest) {
  for (const char* text :
       {R"({"fil\u0065s":[1]})", R"({"files":{"files":[1]}})", R"({"profiles":[1]})", R"([[{"files":[1]}]])", "}}]{", ""}) {
    const auto parts = split(text, 2);
    EXPECT_TRUE(parts.batches.empty()) << text;
    EXPECT_EQ(parts.rest, text);
    EXPECT_EQ(parts.arrays, 0U) << text;
  }
}

TEST(ArraySplitter, AnErrorOfABatchEndsIt) {
  ArraySplitter splitter("files", 1, [](std::string_view) -> Result<void> { return fail(Code::invalid, "no"); });
  EXPECT_FALSE(splitter.feed(R"({"files":[1,2]})"));
}

}  // namespace
}  // namespace bodega::pypi
