#include "pypi/format/requirement.h"

#include <gtest/gtest.h>

#include "pypi/format/test_environment.h"

namespace bodega::pypi {
namespace {

std::optional<bool> holds(std::string_view marker, const std::vector<std::string>& extras = {}) {
  return marker_holds(marker, linux_311(), extras);
}

bool takes(const Requirement& requirement, std::string_view version) { return requirement.specifier.contains(*Version::parse(version)); }

TEST(Requirement, IsReadInEveryOrdinarySpelling) {
  const auto plain = parse_requirement("Flask_Login");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->name, "flask-login");
  EXPECT_TRUE(plain->specifier.empty());
  const auto full = parse_requirement("requests [socks,Use_Chardet] >= 2.8.1, == 2.8.* ; python_version < \"2.7\"");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->extras, (std::vector<std::string>{"socks", "use-chardet"}));
  EXPECT_TRUE(takes(*full, "2.8.3"));
  EXPECT_FALSE(takes(*full, "2.9"));
  EXPECT_EQ(full->marker, "python_version < \"2.7\"");
  const auto old = parse_requirement("urllib3 (<3,>=1.21.1)");
  ASSERT_TRUE(old);
  EXPECT_TRUE(takes(*old, "1.26.20"));
  EXPECT_FALSE(takes(*old, "3.0"));
}

TEST(Requirement, ADirectReferenceHasAnUrl) {
  const auto direct = parse_requirement("pip @ https://example.org/pip.zip;x#sha1=1 ; os_name == 'nt'");
  ASSERT_TRUE(direct);
  EXPECT_EQ(direct->url, "https://example.org/pip.zip;x#sha1=1");
  EXPECT_EQ(direct->marker, "os_name == 'nt'");
  EXPECT_FALSE(parse_requirement("pip @ "));
}

TEST(Requirement, WhatIsNoneIsRefused) {
  for (const auto* text : {"", ";", "-x", "a b", "a >=", "a[b", "a (>=1", "a ==", ">=1.0", "name!"})
    EXPECT_FALSE(parse_requirement(text)) << text;
}

TEST(Marker, ComparesVersionsAsVersions) {
  EXPECT_EQ(holds("python_version >= '3.9'"), true);
  EXPECT_EQ(holds("python_version < \"3.9\""), false);
  EXPECT_EQ(holds("python_full_version < '3.11.3'"), true);
  EXPECT_EQ(holds("'3.8' < python_version"), true);
  EXPECT_EQ(holds("python_version == '3.*'"), true);
  EXPECT_EQ(holds("python_version ~= '3.8'"), true);
}

TEST(Marker, ComparesTextAsText) {
  EXPECT_EQ(holds("sys_platform == 'win32'"), false);
  EXPECT_EQ(holds("sys_platform != 'win32'"), true);
  EXPECT_EQ(holds("platform_python_implementation == 'CPython'"), true);
  EXPECT_EQ(holds("implementation_name == 'cpython'"), true);
  EXPECT_EQ(holds("platform_machine in 'x86_64 amd64'"), true);
  EXPECT_EQ(holds("platform_machine not in 'x86_64 amd64'"), false);
}

TEST(Marker, JoinsWithAndOrAndParentheses) {
  EXPECT_EQ(holds("python_version < '3' or sys_platform == 'linux'"), true);
  EXPECT_EQ(holds("python_version < '3' and sys_platform == 'linux'"), false);
  EXPECT_EQ(holds("(python_version < '3' or sys_platform == 'linux') and os_name == 'posix'"), true);
  // `and` binds closer.
  EXPECT_EQ(holds("os_name == 'posix' or os_name == 'nt' and os_name == 'nt'"), true);
}

TEST(Marker, AnExtraHoldsOnlyWhenItWasAskedFor) {
  EXPECT_EQ(holds("extra == 'socks'"), false);
  EXPECT_EQ(holds("extra == 'Socks'", {"socks"}), true);
  EXPECT_EQ(holds("extra == 'socks' and python_version < '3'", {"socks"}), false);
}

TEST(Marker, ABrokenOneIsNoAnswer) {
  for (const auto* text : {"python_version", "python_version >", "'a' == 'b", "nonsense == 'a'", "(os_name == 'nt'",
                           "os_name == 'nt' os_name", "os_name ==== 'nt'", "and", "os_name == 'nt' and"}) {
    EXPECT_EQ(holds(text), std::nullopt) << text;
  }
  EXPECT_EQ(holds(std::string(100'000, '(')), std::nullopt);
}

}  // namespace
}  // namespace bodega::pypi
