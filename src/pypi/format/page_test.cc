#include "pypi/format/page.h"

#include <gtest/gtest.h>

#include <random>

#include "pypi/format/test_pages.h"

namespace bodega::pypi {
namespace {

TEST(Page, EncodedAndDecodedIsTheSame) {
  const ProjectPage page = full_page();
  const auto decoded = decode_page(encode_page(page));
  ASSERT_TRUE(decoded) << decoded.error().describe();
  EXPECT_EQ(*decoded, page);
  EXPECT_EQ(encode_page(*decoded), encode_page(page));
}

TEST(Page, EmptyPageAndOddUrlsSurvive) {
  ProjectPage page;
  EXPECT_EQ(decode_page(encode_page(page)), page);
  PageFile file;
  file.filename = "f-1.zip";
  const std::string hex(60, 'a');
  // Each looks a little like the packed form without being it.
  for (const std::string& url : {"https://h/packages/aa/bb/" + hex + "/f-1.zip", "https://h/packages/AA/bb/" + hex + "/f-1.zip",
                                 "https://h/aa/bb/" + hex + "/f-1.zip?x", "aa/bb/" + hex + "/f-1.zip",
                                 "https://h/aa/bb/" + std::string(60, 'g') + "/f-1.zip", std::string("f-1.zip"), std::string("/")}) {
    file.url = url;
    page.files.push_back(file);
  }
  file.hashes = {{"sha256", std::string(64, 'A')}, {"", ""}};
  page.files.push_back(file);
  EXPECT_EQ(decode_page(encode_page(page)), page);
}

TEST(Page, ManyHostsSurvive) {
  ProjectPage page;
  for (int i = 0; i < 200; ++i) {
    PageFile file;
    file.filename = "f-" + std::to_string(i) + ".zip";
    file.url = "https://h" + std::to_string(i) + "/packages/aa/bb/" + std::string(60, 'a') + "/" + file.filename;
    page.files.push_back(file);
  }
  EXPECT_EQ(decode_page(encode_page(page)), page);
}

TEST(Page, EveryFlippedBitIsSeen) {
  const std::string good = encode_page(full_page());
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
    const auto decoded = decode_page(bad);
    ASSERT_FALSE(decoded) << i;
    EXPECT_EQ(decoded.error().code, Code::corrupt);
  }
}

TEST(Page, EveryCutIsSeen) {
  const std::string good = encode_page(full_page());
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_FALSE(decode_page(std::string_view(good).substr(0, length))) << length;
  EXPECT_FALSE(decode_page(good + "x"));
}

TEST(Page, HashIsFoundByAlgorithm) {
  const ProjectPage page = full_page();
  ASSERT_NE(page.files[1].sha256(), nullptr);
  EXPECT_EQ(*page.files[1].sha256(), std::string(64, 'E'));
  EXPECT_NE(page.files[1].hash("md5"), nullptr);
  EXPECT_EQ(page.files[2].sha256(), nullptr);
}

TEST(Page, UploadTimeHasOneForm) {
  for (const char* text : {"2024-01-02T03:04:05Z", "2024-01-02T03:04:05.1Z", "2024-01-02T03:04:05.123456Z"})
    EXPECT_TRUE(is_upload_time(text)) << text;
  for (const char* text : {"", "Z", "2024-01-02T03:04:05", "2024-01-02 03:04:05Z", "2024-01-02T03:04:05.Z", "2024-01-02T03:04:05.1234567Z",
                           "2024-01-02T03:04:05+00:00", "2024-01-0xT03:04:05Z", "2024-01-02T03:04:05.12a4Z", "2024-01-02T03:04:05ZZ"}) {
    EXPECT_FALSE(is_upload_time(text)) << text;
  }
}

TEST(Page, VersionsComeFromThePageOrElseFromItsFiles) {
  ProjectPage page = full_page();
  EXPECT_EQ(page_versions(page), (std::vector<std::string>{"1.0rc1", "1.0", "2.0"}));
  page.versions.clear();
  EXPECT_EQ(page_versions(page), (std::vector<std::string>{"1.0", "2.0", "3.0+local", "4.0"}));
}

}  // namespace
}  // namespace bodega::pypi
