#include "web/search/part_finder.h"

#include <gtest/gtest.h>

namespace bodega::web {
namespace {

bool finds(const std::string& part, const std::string& text) {
  const std::string readable = text + std::string(PartFinder::kSlack, '-');
  return PartFinder(part).is_in(std::string_view(readable).substr(0, text.size()));
}

TEST(PartFinder, FindsWhatAStringWouldFind) {
  const std::string text = "-a-package-name-with-letters-";
  for (std::size_t from = 0; from < text.size(); ++from) {
    for (std::size_t size = 1; from + size <= text.size(); ++size) EXPECT_TRUE(finds(text.substr(from, size), text)) << from << " " << size;
  }
  for (const auto* part : {"z", "-b", "package-nama", "letters--", "-a-package-name-with-letters--", "a-package-name-with-lettesr"}) {
    EXPECT_FALSE(finds(part, text)) << part;
  }
}

TEST(PartFinder, DoesNotLookBehindTheText) {
  EXPECT_FALSE(finds("a-", "a"));
  EXPECT_FALSE(finds("--", "-"));
  EXPECT_FALSE(finds("a", ""));
}

}  // namespace
}  // namespace bodega::web
