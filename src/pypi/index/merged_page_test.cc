#include "pypi/index/merged_page.h"

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

std::shared_ptr<const ProjectPage> page(std::vector<std::string> files, std::uint64_t serial = 0) {
  auto made = std::make_shared<ProjectPage>();
  made->name = "foo";
  for (auto& name : files) {
    PageFile file;
    file.filename = std::move(name);
    made->files.push_back(std::move(file));
  }
  made->last_serial = serial;
  return made;
}

TEST(MergedPage, OneContributionIsSharedNotCopied) {
  const auto only = page({"foo-1.0.tar.gz"});
  const auto merged = merge_pages({{"root/pypi", only}}, "foo");
  EXPECT_EQ(merged.page, only);
  EXPECT_TRUE(merged.origin.empty());
}

TEST(MergedPage, TheFirstIndexWinsAFileNameAndVersionsAreTheUnion) {
  const auto merged =
      merge_pages({{"alice/dev", page({"foo-1.0.tar.gz"})}, {"root/pypi", page({"foo-1.0.tar.gz", "foo-2.0.tar.gz"}, 7)}}, "foo");
  ASSERT_EQ(merged.page->files.size(), 2U);
  EXPECT_EQ(merged.origin, (std::vector<std::uint16_t>{0, 1}));
  EXPECT_EQ(merged.page->versions, (std::vector<std::string>{"1.0", "2.0"}));
  EXPECT_EQ(merged.page->last_serial, 7U);
}

TEST(MergedPage, AQuarantinedPageGivesNoFiles) {
  auto bad = std::make_shared<ProjectPage>(*page({"foo-2.0.tar.gz"}));
  bad->status = ProjectStatus{"quarantined", "malware"};
  const auto merged = merge_pages({{"alice/dev", page({"foo-1.0.tar.gz"})}, {"root/pypi", bad}}, "foo");
  ASSERT_EQ(merged.page->files.size(), 1U);
  EXPECT_FALSE(merged.page->quarantined());
}

TEST(MergedPage, HostedPagesTellHashSizeAndTime) {
  catalog::FileRow row;
  row.filename = "foo-1.0-py3-none-any.whl";
  row.digest = Digest::of("x");
  row.size = 1;
  row.uploaded_at = from_unix_micros(1'700'000'000'123'456);
  row.requires_python = ">=3.8";
  row.metadata_digest = Digest::of("m");
  row.yanked = "broken";
  const auto made = hosted_page("foo", {row}, {{"alice/dev", "foo", "1.0", "{}"}});
  ASSERT_EQ(made.files.size(), 1U);
  EXPECT_EQ(*made.files[0].sha256(), Digest::of("x").hex());
  EXPECT_EQ(made.files[0].upload_time, "2023-11-14T22:13:20.123456Z");
  EXPECT_TRUE(is_upload_time(made.files[0].upload_time));
  EXPECT_EQ(made.files[0].core_metadata.hashes[0].hex, Digest::of("m").hex());
  EXPECT_EQ(made.files[0].yanked, "broken");
  EXPECT_EQ(made.versions, (std::vector<std::string>{"1.0"}));
}

TEST(MergedPage, LinksClimbFromThePageToTheFilesIndex) {
  const std::vector<std::string> indexes = {"alice/dev", "root/pypi"};
  EXPECT_EQ(link_prefixes(indexes, "alice/dev", PagePlace::simple), (std::vector<std::string>{"../../", "../../../../root/pypi/"}));
  EXPECT_EQ(link_prefixes(indexes, "alice/dev", PagePlace::project_slash), (std::vector<std::string>{"../", "../../../root/pypi/"}));
  EXPECT_EQ(link_prefixes(indexes, "alice/dev", PagePlace::project), (std::vector<std::string>{"", "../../root/pypi/"}));
}

}  // namespace
}  // namespace bodega::pypi
