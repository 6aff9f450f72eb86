#include "web/markdown.h"

#include <gtest/gtest.h>

#include <atomic>
#include <ctime>
#include <thread>
#include <vector>

#include "web/sanitize.h"

namespace bodega::web {
namespace {

TEST(Markdown, HasWhatGitHubHas) {
  const auto html = markdown_to_html("# T\n\n|a|b|\n|-|-|\n|1|2|\n\n~~x~~ https://a.test\n\n```python\ny\n```\n");
  ASSERT_TRUE(html);
  for (const char* part : {"<h1>T</h1>", "<table>", "<del>x</del>", "<a href=\"https://a.test\">", "language-python"}) {
    EXPECT_NE(html->find(part), std::string::npos) << part;
  }
}

TEST(Markdown, LeavesWhatTakesTooLong) {
  // Each takes minutes without the limits: some a time that grows with the square of their length, some more memory than there is.
  const std::string patterns[] = {"[", "![a](", "*a _", "<!--", "`a``", "|\n", "> ", "- ", "[a](<", "**x *", "a@", "~~a ", "&", "[^"};
  for (const auto& pattern : patterns) {
    std::string text;
    while (text.size() < (1U << 20U)) text += pattern;
    text += "\n\n" + text.substr(0, 1000);
    const auto start = std::clock();
    markdown_to_html(text);
    // Far above the limit: a sanitizer makes everything slow.
    EXPECT_LT(std::clock() - start, 5 * CLOCKS_PER_SEC) << pattern;
  }
}

TEST(Markdown, MemoryIsBounded) {
  MarkdownLimits limits;
  limits.memory = 1U << 20U;
  EXPECT_FALSE(markdown_to_html(std::string(1U << 20U, '*'), limits));
  EXPECT_TRUE(markdown_to_html("a", limits)) << "the next text is not the worse for it";
}

TEST(Markdown, ManyThreadsMayAsk) {
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&good] {
      for (int round = 0; round < 50; ++round) {
        const auto html = markdown_to_html("~~a~~");
        if (html && *html == "<p><del>a</del></p>\n") ++good;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 200);
}

TEST(Markdown, IsSanitisedAfterwards) {
  const auto html = markdown_to_html("<p align=\"center\"><img src=\"https://a.test/x.png\" alt=\"logo\"></p>\n\n[a](javascript:b)\n");
  ASSERT_TRUE(html);
  const std::string made = sanitize_html(*html);
  EXPECT_NE(made.find("<p align=\"center\"><a class=\"image\" href=\"https://a.test/x.png\""), std::string::npos) << made;
  EXPECT_EQ(made.find("javascript"), std::string::npos);
}

}  // namespace
}  // namespace bodega::web
