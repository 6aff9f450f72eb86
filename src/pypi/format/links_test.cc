#include "pypi/format/links.h"

#include <gtest/gtest.h>

#include "pypi/format/test_pages.h"

namespace bodega::pypi {
namespace {

const std::string kDigits(60, 'd');

TEST(Links, TheUpstreamsOwnPathIsKeptWhereItHasTheShape) {
  const ProjectPage page = full_page();
  EXPECT_EQ(to_link(page.files[0]), "+f/packages/aa/bb/" + kDigits + "/foo_bar-1.0-py3-none-any.whl");
  EXPECT_EQ(to_link(page.files[1]), "+f/eee/eeeeeeeeeeeee/foo-bar-2.0.tar.gz");
  EXPECT_EQ(to_link(page.files[2]), "+e/https_files.test_x/foo-bar-3.0+local.zip");
  EXPECT_EQ(to_link(page.files[3]), "+f/fff/fffffffffffff/foo-bar-4.0.tar.gz");
}

TEST(Links, PathsThatOnlyLookAlikeAreNotReversible) {
  PageFile file;
  file.filename = "f-1.zip";
  file.hashes = {{"sha256", std::string(64, '1')}};
  for (const std::string& url :
       {"https://h/packages/aa/bb/" + kDigits + "/other-1.zip", "https://h/packages/aa/bb/" + kDigits + "0/f-1.zip",
        "https://h/packages/AA/bb/" + kDigits + "/f-1.zip", "https://h/xpackages/aa/bb/" + kDigits + "/f-1.zip",
        "https://h/packages/a/bb/" + kDigits + "/f-1.zip", "https://h/packages/aa/bb/" + kDigits + "/f-1.zip?q"}) {
    file.url = url;
    EXPECT_EQ(to_link(file), "+f/111/1111111111111/f-1.zip") << url;
  }
  file.url = "https://h/mirror/packages/aa/bb/" + kDigits + "/f-1.zip";
  EXPECT_EQ(to_link(file), "+f/packages/aa/bb/" + kDigits + "/f-1.zip");
}

TEST(Links, ADigestThatLostItsEndIsAsMuchAsThereIs) {
  ProjectPage page;
  PageFile& file = page.files.emplace_back();
  file.filename = "f-1.zip";
  file.url = "https://h/f-1.zip";
  file.hashes = {{"sha256", "1234"}};
  EXPECT_EQ(to_link(file), "+f/123/4/f-1.zip");
  EXPECT_EQ(find_file(page, *parse_link("+f/123/4/f-1.zip")), &file);
  EXPECT_EQ(find_file(page, *parse_link("+f/123/45/f-1.zip")), nullptr);
  EXPECT_FALSE(parse_link("+f/123/f-1.zip"));
  EXPECT_FALSE(parse_link("+f/123//f-1.zip"));
}

TEST(Links, DevpisExternalDirectory) {
  PageFile file;
  file.filename = "nohash-2.0.zip";
  file.url = "http://localhost:4999/files/nohash-2.0.zip";
  EXPECT_EQ(to_link(file), "+e/http_localhost_4999_files/nohash-2.0.zip");
  file.url = "https://h/a%20b/nohash-2.0.zip?x=/y";
  EXPECT_EQ(to_link(file), "+e/https_h_a_20b/nohash-2.0.zip");
  file.url = "https://h/" + std::string(5000, 'a') + "/nohash-2.0.zip";  // what is printed is understood, whatever its length
  const auto link = parse_link(to_link(file));
  ASSERT_TRUE(link);
  ProjectPage page;
  page.files.push_back(file);
  EXPECT_NE(find_file(page, *link), nullptr);
}

TEST(Links, NamesAreEncodedForAUrl) {
  PageFile file;
  file.filename = "d\xc3\xa9j\xc3\xa0 #?%-1.0+l.zip";
  file.hashes = {{"sha256", std::string(64, '1')}};
  EXPECT_EQ(to_link(file), "+f/111/1111111111111/d%C3%A9j%C3%A0%20%23%3F%25-1.0+l.zip");
  file.filename = "f 1.zip";
  file.url = "https://h/packages/aa/bb/" + kDigits + "/f%201.zip";
  EXPECT_EQ(to_link(file), "+f/packages/aa/bb/" + kDigits + "/f%201.zip");
}

TEST(Links, AllThreeShapesFindTheSameFile) {
  const ProjectPage page = full_page();
  for (const std::string& path :
       {"+f/packages/aa/bb/" + kDigits + "/foo_bar-1.0-py3-none-any.whl", std::string("+f/aaa/aaaaaaaaaaaaa/foo_bar-1.0-py3-none-any.whl"),
        "+e/https_files.test_packages_aa_bb_" + kDigits + "/foo_bar-1.0-py3-none-any.whl"}) {
    const auto link = parse_link(path);
    ASSERT_TRUE(link) << path;
    EXPECT_FALSE(link->is_metadata);
    EXPECT_EQ(find_file(page, *link), &page.files[0]) << path;
    const auto metadata = parse_link(path + ".metadata");
    ASSERT_TRUE(metadata);
    EXPECT_TRUE(metadata->is_metadata);
    EXPECT_EQ(find_file(page, *metadata), &page.files[0]);
  }
}

TEST(Links, EveryLinkLeadsBackToItsFile) {
  const ProjectPage page = full_page();
  for (const auto& file : page.files) {
    const auto link = parse_link(to_link(file));
    ASSERT_TRUE(link) << to_link(file);
    EXPECT_EQ(find_file(page, *link), &file);
  }
}

TEST(Links, WrongPlaceOrNameFindsNothing) {
  const ProjectPage page = full_page();
  for (const std::string& path :
       {"+f/packages/aa/bc/" + kDigits + "/foo_bar-1.0-py3-none-any.whl", std::string("+f/aaa/aaaaaaaaaaaab/foo_bar-1.0-py3-none-any.whl"),
        std::string("+f/aaa/aaaaaaaaaaaaa/foo_bar-1.1-py3-none-any.whl"), std::string("+e/x/foo-bar-4.0.tar.gz")}) {
    const auto link = parse_link(path);
    ASSERT_TRUE(link) << path;
    EXPECT_EQ(find_file(page, *link), nullptr) << path;
  }
}

TEST(Links, TrailingSlashIsTolerated) {
  const auto link = parse_link("+f/aaa/aaaaaaaaaaaaa/x-1.zip/");
  ASSERT_TRUE(link);
  EXPECT_EQ(link->filename, "x-1.zip");
}

TEST(Links, OtherShapesAndHostileNamesAreRefused) {
  for (const std::string& path : {std::string(),
                                  std::string("/"),
                                  std::string("+f"),
                                  std::string("+f/"),
                                  std::string("+f//"),
                                  std::string("+f/x.zip"),
                                  std::string("+e/x.zip"),
                                  std::string("+e//x.zip"),
                                  std::string("+g/aaa/aaaaaaaaaaaaa/x.zip"),
                                  std::string("+f/aaa/AAAAAAAAAAAAA/x.zip"),
                                  std::string("+f/aag/aaaaaaaaaaaaa/x.zip"),
                                  std::string("+f/aaa/aaaaaaaaaaaaa/"),
                                  std::string("+f/aaa/aaaaaaaaaaaaa/.."),
                                  std::string("+f/aaa/aaaaaaaaaaaaa/../x"),
                                  std::string("+f/aaa/aaaaaaaaaaaaa/a\\b.zip"),
                                  std::string("+f/aaa/aaaaaaaaaaaaa/a\nb"),
                                  std::string("+f/aaa/aaaaaaaaaaaaa/.metadata"),
                                  std::string("+e/a/b/x.zip"),
                                  "+f/packages/aa/bb/" + kDigits + "/",
                                  "+f/packages/aa/bb/" + kDigits + "/x/y",
                                  std::string("+f/aaa/aaaaaaaaaaaaa/a\0b", 23),
                                  "+f/aaa/aaaaaaaaaaaaa/" + std::string(300, 'x')}) {
    EXPECT_FALSE(parse_link(path)) << path;
  }
}

}  // namespace
}  // namespace bodega::pypi
