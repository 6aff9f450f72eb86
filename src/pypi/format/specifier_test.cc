#include "pypi/format/specifier.h"

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

bool takes(std::string_view set, std::string_view version, SpecifierSet::Prereleases prereleases = SpecifierSet::Prereleases::take) {
  const auto specifiers = SpecifierSet::parse(set);
  EXPECT_TRUE(specifiers) << set;
  return specifiers && specifiers->contains(*Version::parse(version), prereleases);
}

TEST(Specifier, TableOfPep440) {
  const std::tuple<const char*, const char*, bool> cases[] = {
      {"", "1.0", true},
      {" , ", "1.0", true},
      {"==2.0", "2", true},
      {"==2.0", "2.0+deadbeef", true},
      {"==2.0+deadbeef", "2.0", false},
      {"==2.*", "2.0a1", true},
      {"==2.0.*", "2", true},
      {"==2.1.*", "2", false},
      {"==1!2.*", "2.0", false},
      {"!=2.*", "3", true},
      {"!=2.*", "2.9", false},
      {"~=2.2", "2.9", true},
      {"~=2.2", "3.0", false},
      {"~=2.2.0", "2.3", false},
      {"~=2.2.post3", "2.2", false},
      {"~=2.2.post3", "2.3", true},
      {"~=1!2.2", "2.3", false},
      {"<3.0", "3.0a1", false},
      {"<3.0b1", "3.0a1", true},
      {">2.0", "2.0.post1", false},
      {">2.0.post1", "2.0.post2", true},
      {">2.0", "2.0+local", false},
      {">=2.0", "2.0+local", true},
      {"<=2.0", "2.0+local", true},
      {"===1.0.0", "1.0.0", true},
      {"===1.0", "1.0.0", false},
      {">=2.7, !=3.0.*, !=3.1.*, <4", "3.2", true},
      {">=2.7,!=3.0.*,<4", "3.0.7", false},
      {">= 3.8", "3.11", true},
  };
  for (const auto& [set, version, want] : cases) EXPECT_EQ(takes(set, version), want) << set << " and " << version;
}

TEST(Specifier, PrereleasesOnlyWhenNamed) {
  constexpr auto kWhenNamed = SpecifierSet::Prereleases::when_named;
  EXPECT_FALSE(takes(">=1.0", "2.0a1", kWhenNamed));
  EXPECT_TRUE(takes(">=1.0a1", "2.0a1", kWhenNamed));
  EXPECT_FALSE(takes("<3.0a1", "2.0a1", kWhenNamed));
  EXPECT_FALSE(takes("", "2.0.dev1", kWhenNamed));
  EXPECT_TRUE(takes("", "2.0.dev1"));
}

TEST(Specifier, BrokenClausesAreRefused) {
  for (const char* text : {"2.0", "=2.0", ">=", "~=2", "==1.0.*.1", "<1.*", ">=1.0+local", "==1.0+a.*", "==1.0a1.*", "=>1", "==1.0; x",
                           "~=1.0+a", "===1 2", ">=3.8,<"}) {
    EXPECT_FALSE(SpecifierSet::parse(text)) << text;
  }
}

}  // namespace
}  // namespace bodega::pypi
