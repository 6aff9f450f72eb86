#include "pypi/index/prefetch_plan.h"

#include <gtest/gtest.h>

#include "pypi/format/test_environment.h"

namespace bodega::pypi {
namespace {

PageFile file(std::string name) {
  PageFile out;
  out.filename = std::move(name);
  out.core_metadata.offered = out.filename.ends_with(".whl");
  return out;
}

ProjectPage page(const std::vector<std::string>& names) {
  ProjectPage out;
  out.name = "pkg";
  for (const auto& name : names) out.files.push_back(file(name));
  return out;
}

std::string likely(const ProjectPage& page, std::string_view wanted = "") {
  const auto* found = likely_wheel(page, *SpecifierSet::parse(wanted), linux_311());
  return found ? found->filename : "";
}

TEST(LikelyWheel, IsTheBestOfTheNewestVersion) {
  const auto some = page({"pkg-1.9-py3-none-any.whl", "pkg-1.10-py3-none-any.whl", "pkg-1.10-cp311-cp311-manylinux_2_17_x86_64.whl",
                          "pkg-1.10-cp312-cp312-manylinux_2_17_x86_64.whl", "pkg-2.0rc1-py3-none-any.whl", "pkg-1.10.tar.gz"});
  EXPECT_EQ(likely(some), "pkg-1.10-cp311-cp311-manylinux_2_17_x86_64.whl");
  EXPECT_EQ(likely(some, "<1.10"), "pkg-1.9-py3-none-any.whl");
  EXPECT_EQ(likely(some, ">=2.0rc1"), "pkg-2.0rc1-py3-none-any.whl");
  EXPECT_EQ(likely(some, ">3"), "");
}

TEST(LikelyWheel, LeavesOutWhatTheInterpreterOrThePublisherRefuses) {
  auto some = page({"pkg-1.0-py3-none-any.whl", "pkg-2.0-py3-none-any.whl", "pkg-3.0-py3-none-any.whl"});
  some.files[1].requires_python = ">=3.12";
  some.files[2].yanked = "broken";
  EXPECT_EQ(likely(some), "pkg-1.0-py3-none-any.whl");
  some.status = ProjectStatus{"quarantined", ""};
  EXPECT_EQ(likely(some), "");
}

TEST(LikelyWheel, IsNoneWhenTheNewestHasNoneOrNoMetadata) {
  EXPECT_EQ(likely(page({"pkg-1.0-py3-none-any.whl", "pkg-2.0.tar.gz"})), "");
  auto some = page({"pkg-1.0-py3-none-any.whl"});
  some.files[0].core_metadata.offered = false;
  EXPECT_EQ(likely(some), "");
  EXPECT_EQ(likely(page({})), "");
}

TEST(Needs, AreTheOnesWhoseMarkerHolds) {
  const auto metadata = Metadata::parse(
      "Metadata-Version: 2.1\nName: pkg\nVersion: 1\nRequires-Dist: A.B (>=1)\nRequires-Dist: win; sys_platform == 'win32'\n"
      "Requires-Dist: socks; extra == 'net'\nRequires-Dist: not valid at all\nRequires-Dist: direct @ https://example.org/x.zip\n");
  const auto names = [&](const std::vector<std::string>& extras) {
    std::vector<std::string> out;
    for (const auto& need : needs_of(metadata, linux_311(), extras)) out.push_back(need.name);
    return out;
  };
  EXPECT_EQ(names({}), (std::vector<std::string>{"a-b"}));
  EXPECT_EQ(names({"net"}), (std::vector<std::string>{"a-b", "socks"}));
}

}  // namespace
}  // namespace bodega::pypi
