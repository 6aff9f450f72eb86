#include "pypi/format/filename.h"

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

using Names = std::vector<std::string>;

TEST(Filename, KindGoesByExtension) {
  const std::pair<const char*, std::optional<FileKind>> cases[] = {
      {"a-1-py3-none-any.whl", FileKind::wheel},
      {"a-1.tar.gz", FileKind::sdist},
      {"a-1.TAR.GZ", FileKind::sdist},
      {"a-1.zip", FileKind::sdist},
      {"a-1.tar.bz2", FileKind::sdist},
      {"a-1.tgz", FileKind::sdist},
      {"a-1-py2.7.egg", FileKind::egg},
      {"a-1.win32.exe", FileKind::exe},
      {"a-1.win32.msi", FileKind::msi},
      {"a-1-1.noarch.rpm", FileKind::rpm},
      {"python3-a_1_all.deb", FileKind::deb},
      {"a-1.dmg", FileKind::dmg},
      {"a-1.txt", std::nullopt},
      {".whl", std::nullopt},
      {"", std::nullopt},
      {"a-1.tar.gz.asc", std::nullopt},
      {"a-1.tar.gz.metadata", std::nullopt},
  };
  for (const auto& [name, want] : cases) EXPECT_EQ(file_kind(name), want) << name;
  EXPECT_EQ(file_stem("a-1.tar.gz"), "a-1");
  EXPECT_EQ(file_stem("a-1.txt"), "");
}

TEST(Filename, HostileNamesAreNotSafe) {
  for (const std::string_view name :
       {std::string_view("a/b.whl"), std::string_view("..\\a.whl"), std::string_view("a\\b.whl"), std::string_view("a..b.whl"),
        std::string_view("a\0b.whl", 7), std::string_view("a\nb.whl"), std::string_view("\x7f.whl"), std::string_view("\xff.whl"),
        std::string_view(""), std::string_view("."), std::string_view("..")}) {
    EXPECT_FALSE(is_safe_filename(name)) << name;
    EXPECT_TRUE(project_candidates(name).empty());
    EXPECT_FALSE(parse_wheel(name));
    EXPECT_FALSE(parse_sdist(name));
  }
  EXPECT_FALSE(is_safe_filename(std::string(256, 'a')));
  EXPECT_TRUE(is_safe_filename(std::string(255, 'a')));
  EXPECT_TRUE(is_safe_filename("d\xc3\xa9j\xc3\xa0-1.0+local.tar.gz"));
}

TEST(Filename, WheelsOfFiveSixAndSevenParts) {
  const auto five = parse_wheel("Foo.Bar-1.0-py2.py3-none-any.whl");
  ASSERT_TRUE(five);
  EXPECT_EQ(five->distribution, "Foo.Bar");
  EXPECT_EQ(five->python, "py2.py3");
  EXPECT_EQ(five->build, "");
  const auto six = parse_wheel("origin_odd-2.1-1build-py3-none-any.whl");
  ASSERT_TRUE(six);
  EXPECT_EQ(six->build, "1build");
  EXPECT_EQ(six->platform, "any");
  const auto variant = parse_wheel("a-1-cp311-abi3-linux_x86_64-cu12.whl");
  ASSERT_TRUE(variant);
  EXPECT_EQ(variant->variant, "cu12");
  EXPECT_EQ(variant->platform, "linux_x86_64");
  const auto seven = parse_wheel("a-1-2-cp311-abi3-linux_x86_64-cu12.whl");
  ASSERT_TRUE(seven);
  EXPECT_EQ(seven->build, "2");
  EXPECT_EQ(seven->variant, "cu12");
  for (const char* name : {"a-1-py3-none.whl", "a-1-x-py3-none-any-y.whl", "a-1-2-py3-none-any-v-w.whl", "a--py3-none-any.whl",
                           "-1-py3-none-any.whl", "a.whl"}) {
    EXPECT_FALSE(parse_wheel(name)) << name;
  }
}

TEST(Filename, CandidatesBeginWithTheLikeliest) {
  EXPECT_EQ(project_candidates("Foo.Bar-1.0-py3-none-any.whl"), (Names{"foo-bar"}));
  EXPECT_EQ(project_candidates("foo-1.0.tar.gz"), (Names{"foo"}));
  EXPECT_EQ(project_candidates("foo-bar-1.0.tar.gz"), (Names{"foo-bar", "foo"}));
  EXPECT_EQ(project_candidates("foo-1.0-beta-2.tar.gz"), (Names{"foo", "foo-1-0-beta", "foo-1-0"}));
  EXPECT_EQ(project_candidates("foo_bar-1.0-py2.7.egg"), (Names{"foo-bar"}));
  EXPECT_EQ(project_candidates("origin-odd-0.4.win32-py2.7.exe"), (Names{"origin-odd", "origin", "origin-odd-0-4-win32"}));
  EXPECT_EQ(project_candidates("python3-foo_1.0_all.deb"), (Names{"python3-foo", "python3", "python3-foo-1-0"}));
  EXPECT_EQ(project_candidates("foo.tar.gz"), Names{});
  EXPECT_EQ(project_candidates("foo-1.0.txt"), Names{});
  EXPECT_EQ(project_candidates("a-b-c-d-e-f-g-h-i-j-k-l-1.zip").size(), 8U);
  EXPECT_EQ(project_candidates("a-b-c-d-e-f-g-h-i-j-k-l-1.zip").front(), "a-b-c-d-e-f-g-h-i-j-k-l");
}

TEST(Filename, VersionIsReadForAKnownProject) {
  const std::tuple<const char*, const char*, std::optional<std::string>> cases[] = {
      {"foo-bar-1.0.tar.gz", "foo-bar", "1.0"},
      {"foo-bar-1.0.tar.gz", "foo", "bar-1.0"},
      {"foo_bar-1.0.tar.gz", "foo-bar", "1.0"},
      {"foo.bar-1.0-2.zip", "foo-bar", "1.0-2"},
      {"foo-1.0+a_b-py3-none-any.whl", "foo", "1.0+a_b"},
      {"foo-1.0_1-py3-none-any.whl", "foo", "1.0-1"},
      {"foo-1.0-py3-none-any.whl", "bar", std::nullopt},
      {"foo-1.0-py2.7.egg", "foo", "1.0"},
      {"foo-1.0.win32-py2.7.exe", "foo", "1.0"},
      {"foo-1.0.win-amd64-py2.7.msi", "foo", "1.0"},
      {"foo-1.0.winxp32-py2.5.exe", "foo", "1.0"},
      {"foo-1.0.linux-x86_64.tar.gz", "foo", "1.0"},
      {"foo-1.0-1.noarch.rpm", "foo", "1.0"},
      {"python3-foo_1.0-2_all.deb", "python3-foo", "1.0"},
      {"foo-.tar.gz", "foo", std::nullopt},
      {"foo.tar.gz", "foo", std::nullopt},
  };
  for (const auto& [file, project, want] : cases) {
    EXPECT_EQ(file_version(file, project), want) << file;
    EXPECT_EQ(belongs_to_project(file, project), want.has_value()) << file;
  }
}

TEST(Filename, SdistSplitsAtTheLastDash) {
  const auto sdist = parse_sdist("foo-bar-1.0.tar.gz");
  ASSERT_TRUE(sdist);
  EXPECT_EQ(sdist->name, "foo-bar");
  EXPECT_EQ(sdist->version, "1.0");
  EXPECT_FALSE(parse_sdist("foo-.tar.gz"));
  EXPECT_FALSE(parse_sdist("-1.tar.gz"));
  EXPECT_FALSE(parse_sdist("foo-1.0-py3-none-any.whl"));
}

TEST(Filename, UploadErrorsAreDevpisSentences) {
  const auto message = [](std::string_view file, std::string_view name, std::string_view version) {
    const auto result = check_upload_filename(file, name, version);
    return result ? std::string("ok") : result.error().message;
  };
  EXPECT_EQ(message("hello-1.0.tar.gz", "hello", "1.0"), "ok");
  EXPECT_EQ(message("hello_world-1.0-py3-none-any.whl", "Hello.World", "1.0"), "ok");
  EXPECT_EQ(message("hello-1.0rc1.tar.gz", "hello", "1.0-rc1"), "ok");
  EXPECT_EQ(message("hello-1.0_x.tar.gz", "hello", "1.0-x"), "ok");
  EXPECT_EQ(message("hello-1.0.tar.gz", "hello", "1.1"), "filename 'hello-1.0.tar.gz' does not contain version '1.1'");
  EXPECT_EQ(message("hello-11.0.tar.gz", "hello", "1.0"), "filename 'hello-11.0.tar.gz' does not contain version '1.0'");
  EXPECT_EQ(message("hello-1.0.tar.gz", "hello", ""), "filename 'hello-1.0.tar.gz' does not contain version ''");
  EXPECT_EQ(message("hello-1.0.txt", "hello", "1.0"), "'hello-1.0.txt' is not a valid archive name");
  EXPECT_EQ(message("other-1.0.tar.gz", "hello", "1.0"), "filename 'other-1.0.tar.gz' does not match project name 'hello'");
  EXPECT_NE(message("../hello-1.0.tar.gz", "hello", "1.0"), "ok");
}

TEST(Filename, TellsTheContentType) {
  EXPECT_EQ(file_content_type("a-1.tar.gz"), "application/x-tar");
  EXPECT_EQ(file_content_type("a-1.TGZ"), "application/x-tar");
  EXPECT_EQ(file_content_type("a-1.zip"), "application/zip");
  EXPECT_EQ(file_content_type("a-1-py3-none-any.whl"), "application/octet-stream");
  EXPECT_EQ(file_content_type("a-1.html"), "application/octet-stream");
}

}  // namespace
}  // namespace bodega::pypi
