#include "pypi/format/archive.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "pypi/format/archive_reader.h"
#include "pypi/format/test_archives.h"
#include "testing/source_dir.h"

namespace bodega::pypi {
namespace {

constexpr const char* kWheel = "foo-1.0-py3-none-any.whl";
constexpr const char* kSdist = "foo-1.0.tar.gz";

Result<Inspected> inspect(const std::string& bytes, std::string_view filename) {
  const TestFile file(bytes);
  return inspect_distribution(file.fd(), filename);
}

// The sentence, or "ok".
std::string verdict(const std::string& bytes, std::string_view filename) {
  const auto result = inspect(bytes, filename);
  if (result) return "ok";
  EXPECT_EQ(result.error().code, Code::invalid) << result.error().describe();
  return result.error().message;
}

bool says(const std::string& message, std::string_view part) { return message.find(part) != std::string::npos; }

// A right wheel after `change`.
template <class Change>
std::string wheel_with(Change change) {
  TestZip zip{wheel_members("foo", "1.0"), {}, {}, {}};
  change(zip);
  return verdict(make_zip(zip), kWheel);
}

void add_recorded(TestZip& zip, TestMember member) {
  zip.members.back().bytes += "\"" + member.name + "\",,\n";
  zip.members.push_back(std::move(member));
}

template <class Change>
std::string sdist_with(Change change) {
  std::vector<TestMember> members = {
      {"foo-1.0/", "", 040755, 0, '5'}, {"foo-1.0/PKG-INFO", test_metadata("foo", "1.0")}, {"foo-1.0/setup.py", "pass"}};
  change(members);
  return verdict(gzip(make_tar(members)), kSdist);
}

TEST(Archive, WheelGivesItsMetadata) {
  const auto result = inspect(make_wheel("foo", "1.0", "Requires-Python: >=3.8\n"), kWheel);
  ASSERT_TRUE(result) << result.error().describe();
  EXPECT_EQ(result->kind, FileKind::wheel);
  EXPECT_EQ(result->name, "foo");
  EXPECT_EQ(result->version, "1.0");
  EXPECT_EQ(result->requires_python, ">=3.8");
  EXPECT_EQ(result->metadata, test_metadata("foo", "1.0", "Requires-Python: >=3.8\n"));
}

TEST(Archive, SdistGivesItsMetadata) {
  const auto result = inspect(make_sdist("foo", "1.0"), kSdist);
  ASSERT_TRUE(result) << result.error().describe();
  EXPECT_EQ(result->kind, FileKind::sdist);
  EXPECT_EQ(result->metadata, test_metadata("foo", "1.0"));
  const auto zipped =
      inspect(make_zip({{{"foo-1.0/PKG-INFO", test_metadata("foo", "1.0")}, {"foo-1.0/setup.py", ""}}, {}, {}, {}}), "foo-1.0.zip");
  ASSERT_TRUE(zipped) << zipped.error().describe();
  EXPECT_EQ(zipped->version, "1.0");
  const std::string plain = make_tar({{"foo-1.0/PKG-INFO", test_metadata("foo", "1.0")}});
  EXPECT_EQ(verdict(plain, "foo-1.0.tar"), "ok");
  EXPECT_EQ(verdict(gzip(plain), "foo-1.0.tgz"), "ok");
  EXPECT_EQ(verdict(make_zip({{{"EGG-INFO/PKG-INFO", test_metadata("foo", "1.0")}}, {}, {}, {}}), "foo-1.0-py3.11.egg"), "ok");
}

TEST(Archive, OldBinaryFormatsAreKnownByName) {
  const auto result = inspect("MZ", "foo-bar-1.0.win32-py2.7.exe");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->kind, FileKind::exe);
  EXPECT_EQ(result->name, "foo-bar");
  EXPECT_EQ(result->version, "1.0");
  EXPECT_EQ(result->metadata, "");
  EXPECT_NE(verdict("x", "foo.msi"), "ok");
  EXPECT_NE(verdict("x", "foo-1.0.txt"), "ok");
  EXPECT_NE(verdict(make_wheel("foo", "1.0"), "../foo-1.0-py3-none-any.whl"), "ok");
}

TEST(Archive, SpellingsOfOneReleaseAgree) {
  EXPECT_EQ(verdict(make_wheel("Foo.Bar", "1.0"), "foo_bar-1.0.0-py3-none-any.whl"), "ok");
  EXPECT_EQ(verdict(make_sdist("foo-bar", "1.0rc1"), "foo_bar-1.0-rc1.tar.gz"), "ok");
  EXPECT_EQ(verdict(make_wheel("foo", "1.0+a.b"), "foo-1.0+a.b-py3-none-any.whl"), "ok");
}

TEST(Archive, NameAndVersionMustAgreeWithTheFileName) {
  EXPECT_TRUE(says(verdict(make_wheel("foo", "1.0"), "bar-1.0-py3-none-any.whl"), "is not that of its file name"));
  EXPECT_TRUE(says(verdict(make_wheel("foo", "1.0"), "foo-1.1-py3-none-any.whl"), "is not that of its file name"));
  EXPECT_TRUE(says(verdict(make_sdist("foo", "1.0"), "bar-1.0.tar.gz"), "does not match the name"));
  EXPECT_TRUE(says(verdict(make_sdist("foo", "1.0"), "foo-1.1.tar.gz"), "does not match the version"));
  EXPECT_TRUE(says(wheel_with([](TestZip& zip) { zip.members[1].bytes = test_metadata("bar", "1.0"); }), "does not match the name"));
  EXPECT_TRUE(says(wheel_with([](TestZip& zip) { zip.members[1].bytes = test_metadata("foo", "2.0"); }), "does not match the version"));
}

TEST(Archive, MetadataMustBeComplete) {
  const auto with = [](const std::string& metadata) { return wheel_with([&](TestZip& zip) { zip.members[1].bytes = metadata; }); };
  EXPECT_TRUE(says(with("Name: foo\nVersion: 1.0\n"), "no Metadata-Version"));
  EXPECT_TRUE(says(with("Metadata-Version: 2.1\nVersion: 1.0\n"), "not a valid project name"));
  EXPECT_TRUE(says(with("Metadata-Version: 2.1\nName: foo\n"), "not a version"));
  EXPECT_TRUE(says(with("Metadata-Version: 2.1\nName: foo\nName: bar\nVersion: 1.0\n"), "more than one Name"));
  EXPECT_TRUE(says(with(test_metadata("foo", "1.0", "Requires-Python: three\n")), "not a version specifier"));
  EXPECT_TRUE(says(with(std::string(5 << 20, 'x')), "too large"));
}

TEST(Archive, WheelNeedsItsThreeFilesAndACorrectRecord) {
  const auto without = [](const char* name) {
    return wheel_with([&](TestZip& zip) {
      const auto gone =
          std::find_if(zip.members.begin(), zip.members.end(), [&](const TestMember& member) { return member.name.ends_with(name); });
      zip.members.erase(gone);
    });
  };
  EXPECT_TRUE(says(without("METADATA"), "METADATA"));
  EXPECT_TRUE(says(without("WHEEL"), "WHEEL"));
  EXPECT_TRUE(says(without("RECORD"), "RECORD"));
  EXPECT_TRUE(says(without("__init__.py"), "which it does not hold"));
  EXPECT_TRUE(says(wheel_with([](TestZip& zip) { zip.members.push_back({"foo/extra.py", ""}); }), "does not list"));
  EXPECT_EQ(wheel_with([](TestZip& zip) { add_recorded(zip, {"foo/a,b \xc3\xa9.py", ""}); }), "ok");
  EXPECT_EQ(wheel_with([](TestZip& zip) { zip.members.push_back({"foo-1.0.dist-info/RECORD.jws", ""}); }), "ok");
  EXPECT_EQ(wheel_with([](TestZip& zip) { zip.members.push_back({"foo/sub/", "", 040755, 0}); }), "ok");
  EXPECT_TRUE(says(wheel_with([](TestZip& zip) { add_recorded(zip, {"bar-1.0.dist-info/METADATA", ""}); }), "more than one .dist-info"));
  EXPECT_TRUE(says(wheel_with([](TestZip& zip) { zip.members[2].bytes = "Wheel-Version: 2.0\n"; }), "Wheel-Version"));
  EXPECT_TRUE(says(verdict(make_zip({{{"foo/x.py", ""}}, {}, {}, {}}), kWheel), "no .dist-info"));
}

TEST(Archive, ZipsMustBePlain) {
  EXPECT_TRUE(says(wheel_with([](TestZip& zip) { zip.comment = "hello"; }), "comment"));
  EXPECT_TRUE(says(wheel_with([](TestZip& zip) { zip.behind = "x"; }), "behind its end"));
  EXPECT_NE(wheel_with([](TestZip& zip) { zip.before = "#!/bin/sh\n"; }), "ok");
  EXPECT_NE(wheel_with([](TestZip& zip) { add_recorded(zip, zip.members[0]); }), "ok");  // two members of one name
  for (const std::string name : {"/etc/passwd", "../x", "foo/../../x", "foo//x", "foo/./x", "C:/x", "a\\b", "a\nb", "\xff"}) {
    EXPECT_TRUE(says(wheel_with([&](TestZip& zip) { add_recorded(zip, {name, ""}); }), "not allowed")) << name;
  }
  EXPECT_TRUE(says(wheel_with([](TestZip& zip) { add_recorded(zip, {"foo/link", "/etc/passwd", 0120777}); }), "link"));
  EXPECT_TRUE(says(wheel_with([](TestZip& zip) { add_recorded(zip, {"foo/x", "x", 0100644, 12}); }), "not allowed"));
  EXPECT_NE(wheel_with([](TestZip& zip) { add_recorded(zip, {"foo/x", "x", 0100644, 0, '0', "", 1}); }), "ok");
  EXPECT_NE(wheel_with([](TestZip& zip) { add_recorded(zip, {"foo/x", "x", 0100644, 0, '0', "", 0, "foo/y"}); }), "ok");
  for (const std::string bytes : {"", "x", "PK", "not a zip file at all, but long enough"}) EXPECT_NE(verdict(bytes, kWheel), "ok");
}

TEST(Archive, DamagedMembersAreSeen) {
  std::string bytes = make_wheel("foo", "1.0");
  const auto at = bytes.find("foo-1.0.dist-info/METADATA") + 26;
  bytes[at + 20] = static_cast<char>(bytes[at + 20] ^ 0x55);
  EXPECT_TRUE(says(verdict(bytes, kWheel), "damaged"));
}

TEST(Archive, EveryCutOfAWheelIsRefused) {
  const std::string good = make_wheel("foo", "1.0");
  for (std::size_t length = 0; length < good.size(); length += 7) EXPECT_NE(verdict(good.substr(0, length), kWheel), "ok") << length;
}

TEST(Archive, FlippedBytesNeverCrash) {
  for (const auto& [good, name] : {std::pair(make_wheel("foo", "1.0"), kWheel), std::pair(make_sdist("foo", "1.0"), kSdist)}) {
    for (std::size_t i = 0; i < good.size(); ++i) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
      (void)inspect(bad, name);
    }
  }
}

TEST(Archive, ZipBombsAreRefused) {
  EXPECT_TRUE(says(wheel_with([](TestZip& zip) { add_recorded(zip, {"foo/zeros", std::string(80 << 20, '\0')}); }), "times larger"));
  EXPECT_EQ(wheel_with([](TestZip& zip) { add_recorded(zip, {"foo/zeros", std::string(60 << 20, '\0')}); }), "ok");
}

TEST(Archive, TarBombsAreRefused) {
  EXPECT_TRUE(says(sdist_with([](auto& members) { members.push_back({"foo-1.0/zeros", std::string(80 << 20, '\0')}); }), "times larger"));
  // The bomb may also lie behind the end of the tar.
  EXPECT_TRUE(says(verdict(gzip(make_tar({{"foo-1.0/PKG-INFO", test_metadata("foo", "1.0")}}) + std::string(80 << 20, '\0')), kSdist),
                   "times larger"));
}

// devpi takes them, and its client's tests upload such files.
TEST(Archive, AnSdistWithoutItsMetadataInPlaceIsTakenUnread) {
  const std::string metadata = test_metadata("foo", "1.0");
  const std::vector<std::pair<std::string, std::string>> unread{
      {gzip(make_tar({{"foo-1.0/setup.py", ""}})), kSdist},
      {gzip(make_tar({{"PKG-INFO", metadata}, {"content", "x"}})), kSdist},
      {gzip(make_tar({{"foo-1.0/PKG-INFO", metadata}, {"bar/PKG-INFO", metadata}})), kSdist},
      {gzip(make_tar({{"./usr/lib/foo.py", ""}})), "foo-1.0.linux-x86_64.tar.gz"},
      {make_zip({{{"PKG-INFO", metadata}, {"content", "x"}}, {}, {}, {}}), "foo-1.0.zip"},
      {make_zip({{{"foo-1.0/setup.py", ""}}, {}, {}, {}}), "foo-1.0.zip"},
  };
  for (const auto& [bytes, filename] : unread) {
    const auto result = inspect(bytes, filename);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->kind, FileKind::sdist);
    EXPECT_EQ(result->metadata + result->name + result->version, "");
  }
}

TEST(Archive, TarsMustBePlain) {
  EXPECT_EQ(sdist_with([](auto&) {}), "ok");
  EXPECT_TRUE(says(sdist_with([](auto& members) { members.push_back(members[1]); }), "two members"));
  EXPECT_TRUE(says(sdist_with([](auto& members) { members.push_back({"/etc/passwd", ""}); }), "not allowed"));
  EXPECT_TRUE(says(sdist_with([](auto& members) { members.push_back({"foo-1.0/../../x", ""}); }), "not allowed"));
  EXPECT_TRUE(says(sdist_with([](auto& members) { members.push_back({"foo-1.0/dev", "", 0644, 0, '3'}); }), "neither"));
  EXPECT_TRUE(says(sdist_with([](auto& members) { members.push_back({"foo-1.0/l", "", 0777, 0, '2', "/etc/passwd"}); }), "leads out"));
  EXPECT_TRUE(says(sdist_with([](auto& members) { members.push_back({"foo-1.0/l", "", 0777, 0, '2', "../../x"}); }), "leads out"));
  EXPECT_TRUE(says(sdist_with([](auto& members) { members.push_back({"foo-1.0/l", "", 0777, 0, '1', "../x"}); }), "leads out"));
  EXPECT_EQ(sdist_with([](auto& members) { members.push_back({"foo-1.0/a/l", "", 0777, 0, '2', "../setup.py"}); }), "ok");
  EXPECT_EQ(sdist_with([](auto& members) { members.push_back({"foo-1.0/l", "", 0777, 0, '1', "foo-1.0/setup.py"}); }), "ok");
  EXPECT_EQ(sdist_with([](auto& members) {
              for (auto& member : members) member.name = "./" + member.name;
            }),
            "ok");
  EXPECT_TRUE(says(sdist_with([](auto& members) { members[1].bytes = std::string(5 << 20, 'x'); }), "too large"));
  EXPECT_TRUE(says(sdist_with([](auto& members) { members.clear(); }), "is empty"));
}

TEST(Archive, GzipMustBeCompleteAndTheEnd) {
  const std::string good = make_sdist("foo", "1.0");
  for (std::size_t length = 0; length < good.size(); ++length) EXPECT_NE(verdict(good.substr(0, length), kSdist), "ok") << length;
  EXPECT_NE(verdict(good + "x", kSdist), "ok");
  std::string bad_crc = good;
  bad_crc[good.size() - 8] = static_cast<char>(bad_crc[good.size() - 8] ^ 1);
  EXPECT_NE(verdict(bad_crc, kSdist), "ok");
  EXPECT_NE(verdict("not gzip", kSdist), "ok");
  EXPECT_NE(verdict(gzip("not a tar"), kSdist), "ok");
  // Several gzip members one after the other are one file (RFC 1952 section 2.2).
  const std::string tar = make_tar({{"foo-1.0/PKG-INFO", test_metadata("foo", "1.0")}});
  EXPECT_EQ(verdict(gzip(tar.substr(0, 700)) + gzip(tar.substr(700)), kSdist), "ok");
}

TEST(Archive, MissingFileIsNotTheUploadersFault) {
  const auto result = inspect_distribution(std::string("/nonexistent/x"), kSdist);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().code, Code::invalid);
}

TEST(Archive, LinksAreFollowedByText) {
  EXPECT_TRUE(stays_inside("top/a/l", "../b"));
  EXPECT_TRUE(stays_inside("top/l", "a/../b"));
  EXPECT_FALSE(stays_inside("top/l", ".."));
  EXPECT_FALSE(stays_inside("top/l", "../top/b"));
  EXPECT_FALSE(stays_inside("top/l", ""));
  EXPECT_FALSE(stays_inside("top/l", "/b"));
  EXPECT_FALSE(stays_inside("l", "b/../.."));
}

// Every real distribution of the recorded corpus that is a wheel or a tar.gz, where it is there.
TEST(Archive, RealDistributionsPass) {
  const std::filesystem::path files = testing::source_dir() / "../shared/origin/files";
  if (!std::filesystem::exists(files)) GTEST_SKIP() << "Archive.RealDistributionsPass: no corpus";
  int wheels = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(files)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || name.starts_with("origin")) continue;  // made by hand, not whole
    const auto result = inspect_distribution(entry.path().string(), name);
    EXPECT_TRUE(result) << name << ": " << (result ? "" : result.error().describe());
    wheels += name.ends_with(".whl") ? 1 : 0;
  }
  EXPECT_GT(wheels, 50);
}

}  // namespace
}  // namespace bodega::pypi
