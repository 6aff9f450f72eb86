// Every page of the recorded corpus (../shared/origin beside the sources, or BODEGA_SHARED) through all of our forms. Skipped, by name,
// where the corpus is not.
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "base/text.h"
#include "pypi/format/filename.h"
#include "pypi/format/links.h"
#include "pypi/format/page_html_parse.h"
#include "pypi/format/page_json_parse.h"
#include "pypi/format/page_render.h"
#include "pypi/format/version.h"
#include "testing/source_dir.h"

namespace bodega::pypi {
namespace {

namespace fs = std::filesystem;

std::optional<fs::path> corpus() {
  const char* shared = std::getenv("BODEGA_SHARED");
  const fs::path pages = (shared != nullptr ? fs::path(shared) : testing::source_dir() / "../shared") / "origin/pages";
  if (!fs::is_directory(pages)) return std::nullopt;
  return pages;
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  std::string out;
  std::size_t at = 0;
  for (auto next = text.find(from); next != std::string::npos; next = text.find(from, at)) {
    out.append(text, at, next - at).append(to);
    at = next + from.size();
  }
  return out.append(text, at);
}

// Plain or gzip; "" when there is no such file.
std::string read(const fs::path& path) {
  std::string out;
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return out;
  std::array<char, 65536> buffer;
  int got = 0;
  while ((got = gzread(file, buffer.data(), buffer.size())) > 0) out.append(buffer.data(), static_cast<std::size_t>(got));
  gzclose(file);
  return replace_all(replace_all(std::move(out), "@FILES@", "http://files.test"), "@INDEX@", "http://index.test");
}

std::string read_json(const fs::path& directory) {
  const std::string plain = read(directory / "simple.json");
  return plain.empty() ? read(directory / "simple.json.gz") : plain;
}

// The directories of the projects. The large pages take a minute in a build without optimisation, so that has the largest one only.
std::vector<fs::path> projects(const fs::path& pages) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(pages)) {
    if (!entry.is_directory()) continue;
#ifndef __OPTIMIZE__
    if (fs::exists(entry.path() / "simple.json.gz") && entry.path().filename() != "pydantic-core") continue;
#endif
    out.push_back(entry.path());
  }
  return out;
}

void upstream_url(std::string& out, const PageFile& file) { out += file.url; }

Url base_of(const std::string& name) { return *Url::parse("http://index.test/simple/" + name + "/"); }

// What our renderings do not say: the upstream's version of the API, and the order of versions.
ProjectPage comparable(ProjectPage page) {
  page.api_version.clear();
  page.versions = page_versions(page);
  return page;
}

// What HTML has no place for.
ProjectPage without_json_only(ProjectPage page) {
  page.api_version.clear();
  page.versions.clear();
  for (auto& file : page.files) {
    file.size.reset();
    file.upload_time.clear();
  }
  return page;
}

void check_links(const ProjectPage& page) {
  for (std::size_t i = 0; i < page.files.size(); i += 1 + page.files.size() / 50) {
    const auto link = parse_link(to_link(page.files[i]));
    ASSERT_TRUE(link) << page.files[i].filename;
    EXPECT_EQ(find_file(page, *link), &page.files[i]);
    EXPECT_TRUE(to_link(page.files[i]).starts_with("+f/packages/"));
    const auto candidates = project_candidates(page.files[i].filename);
    EXPECT_NE(std::find(candidates.begin(), candidates.end(), page.name), candidates.end()) << page.files[i].filename;
  }
}

TEST(PageCorpus, EveryPageSurvivesEveryForm) {
  const auto pages = corpus();
  if (!pages) GTEST_SKIP() << "PageCorpus.EveryPageSurvivesEveryForm: no corpus";
  int seen = 0;
  for (const auto& directory : projects(*pages)) {
    const std::string name = directory.filename().string();
    SCOPED_TRACE(name);
    const auto page = parse_json_page(read_json(directory), base_of(name), name);
    ASSERT_TRUE(page) << page.error().describe();
    EXPECT_NE(page->last_serial, 0U);
    EXPECT_EQ(decode_page(encode_page(*page)), *page);
    const auto from_json = parse_json_page(render_json(*page, upstream_url), base_of(name), name);
    ASSERT_TRUE(from_json) << from_json.error().describe();
    EXPECT_EQ(comparable(*from_json), comparable(*page));
    const auto from_html = parse_html_page(render_html(*page, upstream_url), base_of(name), name);
    ASSERT_TRUE(from_html) << from_html.error().describe();
    EXPECT_EQ(without_json_only(*from_html), without_json_only(*page));
    check_links(*page);
    ++seen;
  }
  EXPECT_GT(seen, 100);
}

TEST(PageCorpus, HtmlAndJsonAgree) {
  const auto pages = corpus();
  if (!pages) GTEST_SKIP() << "PageCorpus.HtmlAndJsonAgree: no corpus";
  int seen = 0;
  for (const auto& directory : projects(*pages)) {
    const std::string name = directory.filename().string();
    if (!fs::exists(directory / "simple.html")) continue;
    SCOPED_TRACE(name);
    const auto html = parse_html_page(read(directory / "simple.html"), base_of(name), name);
    const auto json = parse_json_page(read_json(directory), base_of(name), name);
    ASSERT_TRUE(html && json);
    EXPECT_EQ(without_json_only(*html), without_json_only(*json));
    ++seen;
  }
  EXPECT_GT(seen, 50);
}

TEST(PageCorpus, VersionsComputedFromFileNamesAreThoseTheUpstreamTells) {
  const auto pages = corpus();
  if (!pages) GTEST_SKIP() << "PageCorpus.VersionsComputedFromFileNamesAreThoseTheUpstreamTells: no corpus";
  for (const auto& directory : projects(*pages)) {
    const std::string name = directory.filename().string();
    auto page = parse_json_page(read_json(directory), base_of(name), name);
    ASSERT_TRUE(page);
    const auto told = page_versions(*page);
    page->versions.clear();
    std::vector<Version> known;
    for (const auto& text : told) {
      if (auto version = Version::parse(text)) known.push_back(std::move(*version));
    }
    for (const auto& text : page_versions(*page)) {
      const auto version = Version::parse(text);
      const bool found =
          version ? std::binary_search(known.begin(), known.end(), *version) : std::find(told.begin(), told.end(), text) != told.end();
      EXPECT_TRUE(found) << name << " " << text;
    }
  }
}

}  // namespace
}  // namespace bodega::pypi
