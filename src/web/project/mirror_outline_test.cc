#include "web/project/mirror_outline.h"

#include <gtest/gtest.h>

namespace bodega::web {
namespace {

pypi::PageFile listed(const std::string& filename, const char* when, std::uint64_t size) {
  pypi::PageFile file;
  file.filename = filename;
  file.upload_time = when;
  file.size = size;
  return file;
}

std::shared_ptr<const pypi::ProjectPage> page_of(std::size_t files) {
  pypi::ProjectPage page;
  page.name = "foo";
  for (std::size_t i = 0; i < files; ++i) page.files.push_back(listed("foo-" + std::to_string(i) + ".tar.gz", "", 1));
  return std::make_shared<const pypi::ProjectPage>(std::move(page));
}

MirrorOutlineRef outlined(const std::shared_ptr<const pypi::ProjectPage>& page) {
  return std::make_shared<const MirrorOutline>(outline_of(*page));
}

TEST(MirrorOutline, CountsTheFilesOfEachVersion) {
  pypi::ProjectPage page;
  page.name = "foo";
  page.files = {listed("foo-1.0.tar.gz", "2020-01-02T00:00:00Z", 10), listed("other-9.tar.gz", "", 1),
                listed("foo-2.0.tar.gz", "2021-01-01T00:00:00Z", 5), listed("foo-1.0-py3-none-any.whl", "2020-01-01T00:00:00Z", 7)};
  page.files[3].yanked = "";
  page.files[3].requires_python = ">=3.8";
  const auto outline = outline_of(page);
  ASSERT_EQ(outline.versions.size(), 2U);
  EXPECT_EQ(outline.versions[0].release.version, "2.0");
  const auto* one = outline.find("1.0");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->release.files, 2U);
  EXPECT_EQ(one->release.yanked, 1U);
  EXPECT_EQ(one->release.bytes, 17U);
  EXPECT_EQ(one->release.since, parse_rfc3339("2020-01-01T00:00:00Z"));
  EXPECT_EQ(one->release.requires_python, ">=3.8");
  EXPECT_EQ(one->files, (std::vector<std::uint32_t>{0, 3}));
  EXPECT_EQ(outline.find("9"), nullptr);
}

TEST(MirrorOutlines, AnswerForTheVeryPageOnly) {
  MirrorOutlines outlines;
  auto page = page_of(3);
  const auto same = page_of(3);
  EXPECT_EQ(outlines.find(page), nullptr);
  const auto outline = outlined(page);
  outlines.keep(page, outline);
  EXPECT_EQ(outlines.find(page), outline);
  EXPECT_EQ(outlines.find(same), nullptr);
}

TEST(MirrorOutlines, LetGoOfTheLongestUnused) {
  MirrorOutlines outlines;
  const auto first = page_of(1);
  outlines.keep(first, outlined(first));
  std::vector<std::shared_ptr<const pypi::ProjectPage>> others;
  for (int i = 0; i < 63; ++i) {
    others.push_back(page_of(1));
    outlines.keep(others.back(), outlined(others.back()));
  }
  ASSERT_NE(outlines.find(first), nullptr) << "and used just now";
  others.push_back(page_of(1));
  outlines.keep(others.back(), outlined(others.back()));
  EXPECT_NE(outlines.find(first), nullptr);
  EXPECT_EQ(outlines.find(others.front()), nullptr);
}

TEST(MirrorOutlines, AreBoundedByBytes) {
  MirrorOutlines outlines;
  const auto huge = page_of(30'000);
  outlines.keep(huge, outlined(huge));
  EXPECT_EQ(outlines.find(huge), nullptr);
  const auto large = page_of(8'000);
  const auto another = page_of(8'000);
  outlines.keep(large, outlined(large));
  EXPECT_NE(outlines.find(large), nullptr);
  outlines.keep(another, outlined(another));
  EXPECT_EQ(outlines.find(large), nullptr);
  EXPECT_NE(outlines.find(another), nullptr);
}

}  // namespace
}  // namespace bodega::web
