#include "web/project/overview.h"

#include <gtest/gtest.h>

#include "web/project/release.h"

namespace bodega::web {
namespace {

using pypi::IndexConfig;

pypi::IndexRef index_of(const std::string& name) {
  return std::make_shared<const IndexConfig>(pypi::make_index_config("root", name, pypi::Json::object()));
}

catalog::FileRow file_of(const std::string& index, const std::string& version, const char* when) {
  catalog::FileRow file;
  file.index = index;
  file.project = "foo";
  file.version = version;
  file.filename = "foo-" + version + ".tar.gz";
  file.digest = Digest::of(index + version);
  file.size = 1000;
  file.uploaded_at = *parse_rfc3339(when);
  return file;
}

pypi::PageFile listed(const std::string& filename) {
  pypi::PageFile file;
  file.filename = filename;
  file.url = "http://f.test/packages/" + filename;
  file.size = 10;
  file.upload_time = "2020-01-02T03:04:05Z";
  return file;
}

pypi::Holdings holdings() {
  pypi::Holdings out;
  pypi::StageHolding dev{
      index_of("dev"), {file_of("root/dev", "2.0", "2026-01-01T00:00:00Z"), file_of("root/dev", "2.1rc1", "2026-02-01T00:00:00Z")}, {}, {}};
  dev.files[0].yanked = "broken";
  dev.outlines = {{"2.0", 1, 1, 1000, dev.files[0].uploaded_at, "", true},
                  {"2.1rc1", 1, 0, 1000, dev.files[1].uploaded_at, "", false},
                  {"0.1", 0, 0, 0, std::nullopt, "", false}};
  for (const auto& file : dev.files) dev.releases.push_back({"root/dev", "foo", file.version, R"({"summary": "s"})"});
  dev.releases.push_back({"root/dev", "foo", "0.1", "{}"});
  catalog::AttachmentRow docs;
  docs.version = "2.0";
  dev.attachments = {docs};
  out.stages.push_back(std::move(dev));
  pypi::ProjectPage page;
  page.name = "foo";
  page.files = {listed("foo-1.0.tar.gz"), listed("foo-1.0-py3-none-any.whl"), listed("foo-2.0.tar.gz"), listed("foo-2.0-py3-none-any.whl"),
                listed("other-1.tar.gz")};
  page.files[1].core_metadata.offered = true;
  page.status = pypi::ProjectStatus{"archived", "moved"};
  pypi::MirrorHolding mirror{index_of("pypi"), {}};
  mirror.page.page = std::make_shared<const pypi::ProjectPage>(std::move(page));
  out.mirrors.push_back(std::move(mirror));
  return out;
}

std::vector<MirrorOutlineRef> outlines_of(const pypi::Holdings& all) {
  std::vector<MirrorOutlineRef> out;
  for (const auto& mirror : all.mirrors) out.push_back(std::make_shared<const MirrorOutline>(outline_of(*mirror.page.page)));
  return out;
}

Overview overview_of(const pypi::Holdings& all) { return web::overview_of(all, outlines_of(all)); }

std::optional<ReleaseView> release_of(const pypi::Holdings& all, const std::string& version) {
  const auto outlines = outlines_of(all);
  return web::release_of({all.stages, all.mirrors, outlines}, version);
}

TEST(Overview, HasTheVersionsOfAllIndexesNewestFirst) {
  const auto overview = overview_of(holdings());
  ASSERT_EQ(overview.versions.size(), 4U);
  EXPECT_EQ(overview.versions[0].version, "2.1rc1");
  EXPECT_FALSE(overview.versions[0].is_final);
  const auto& two = overview.versions[1];
  EXPECT_EQ(two.version, "2.0");
  EXPECT_EQ(two.index, "root/dev");
  EXPECT_EQ(two.also, std::vector<std::string>{"root/pypi"});
  EXPECT_EQ(two.files, 1U);
  EXPECT_TRUE(two.all_yanked());
  EXPECT_EQ(two.docs_index, "root/dev");
  EXPECT_EQ(overview.versions[2].version, "1.0");
  EXPECT_EQ(overview.versions[2].files, 2U);
  EXPECT_EQ(overview.versions[3].version, "0.1");
  EXPECT_FALSE(overview.versions[3].since);
  EXPECT_EQ(overview.latest()->version, "2.1rc1");
  EXPECT_EQ(overview.stable()->version, "1.0") << "what was yanked is not what people should take";
  EXPECT_EQ(overview.files, 6U);
  EXPECT_EQ(overview.bytes, 2040U);
  EXPECT_EQ(overview.status->status, "archived");
  EXPECT_EQ(overview.status_from, "root/pypi");
}

TEST(Overview, AQuarantinedProjectHasNoFiles) {
  auto all = holdings();
  auto page = *all.mirrors[0].page.page;
  page.status = pypi::ProjectStatus{"quarantined", ""};
  all.mirrors[0].page.page = std::make_shared<const pypi::ProjectPage>(page);
  all.stages.clear();
  EXPECT_TRUE(overview_of(all).versions.empty());
  EXPECT_FALSE(release_of(all, "1.0"));
}

TEST(Release, TakesEachFileFromTheFirstIndexThatHasIt) {
  const auto all = holdings();
  const auto two = release_of(all, "2.0");
  ASSERT_TRUE(two);
  ASSERT_EQ(two->files.size(), 2U);
  EXPECT_EQ(two->files[0].index, "root/dev");
  EXPECT_EQ(two->files[0].yanked, "broken");
  EXPECT_EQ(two->files[1].index, "root/pypi");
  EXPECT_EQ(two->metadata_json, R"({"summary": "s"})");
  EXPECT_EQ(two->metadata_file, nullptr) << "who has the release tells of it";
  const auto one = release_of(all, "1.0");
  ASSERT_TRUE(one && one->metadata_file != nullptr);
  EXPECT_EQ(one->metadata_file->filename, "foo-1.0-py3-none-any.whl");
  EXPECT_FALSE(release_of(all, "3.0"));
}

}  // namespace
}  // namespace bodega::web
