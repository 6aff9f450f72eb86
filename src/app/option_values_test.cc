#include "app/option_values.h"

#include <gtest/gtest.h>

#include <utility>

namespace bodega::app {
namespace {

using namespace std::chrono_literals;

// The value as it prints again, or "" and nothing when it does not parse.
template <class T>
std::string again(std::string_view text) {
  T value{};
  return parse_value(text, value) ? value_text(value) : "error";
}

template <class T>
std::string message_of(std::string_view text) {
  T value{};
  const auto done = parse_value(text, value);
  return done ? "" : done.error().message;
}

TEST(SizeValue, CountsByThousandsAndByTwoToTheTenth) {
  const std::pair<const char*, std::uint64_t> cases[] = {{"0", 0},
                                                         {"1500", 1500},
                                                         {"10B", 10},
                                                         {"1k", 1000},
                                                         {"1kB", 1000},
                                                         {"2KiB", 2048},
                                                         {"10GB", 10'000'000'000},
                                                         {"10 GB", 10'000'000'000},
                                                         {"2GiB", 2147483648},
                                                         {"2gib", 2147483648},
                                                         {"3T", 3'000'000'000'000},
                                                         {"1TiB", 1099511627776}};
  for (const auto& [text, bytes] : cases) {
    std::uint64_t value = 1;
    EXPECT_TRUE(parse_value(text, value).has_value()) << text;
    EXPECT_EQ(value, bytes) << text;
  }
}

TEST(SizeValue, RefusesEverythingElse) {
  for (const auto* text :
       {"", "GB", "-1", "1.5GB", "1 0", "10XB", "10GBB", "0x10", "1e9", "18446744073709551616", "99999999999TB", "20%", " 1"}) {
    std::uint64_t value = 7;
    EXPECT_FALSE(parse_value(text, value).has_value()) << text;
    EXPECT_EQ(value, 7U) << text;
  }
}

TEST(SizeValue, PrintsTheShortestFormThatReadsTheSame) {
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1023}, std::uint64_t{1024}, std::uint64_t{1000},
                                    std::uint64_t{2'000'000'000}, std::uint64_t{2} << 30, ~std::uint64_t{0}}) {
    std::uint64_t value = 1;
    ASSERT_TRUE(parse_value(value_text(bytes), value).has_value()) << value_text(bytes);
    EXPECT_EQ(value, bytes);
  }
  EXPECT_EQ(value_text(std::uint64_t{2} << 30), "2GiB");
  EXPECT_EQ(value_text(std::uint64_t{2'000'000'000}), "2GB");
  EXPECT_EQ(value_text(std::uint64_t{5'000}), "5kB");
}

TEST(SpaceValue, IsBytesOrAShareOfTheDisk) {
  Space space;
  ASSERT_TRUE(parse_value("20%", space).has_value());
  EXPECT_EQ(space.of(1000), 200U);
  EXPECT_EQ(space.of(99), 19U);
  EXPECT_EQ(space.of(~std::uint64_t{0}), ~std::uint64_t{0} / 5);
  ASSERT_TRUE(parse_value("10GB", space).has_value());
  EXPECT_EQ(space.of(1000), 10'000'000'000U);
  for (const auto* text : {"%", "101%", "-1%", "5.5%", "5%%", ""}) EXPECT_EQ(again<Space>(text), "error") << text;
}

TEST(DurationValue, AddsUpItsParts) {
  const std::pair<const char*, Duration> cases[] = {
      {"0", 0s},   {"500ms", 500ms}, {"30s", 30s}, {"10m", 10min}, {"1h30m", 90min}, {"7d", 168h}, {"1d1h1m1s1ms", 25h + 61s + 1ms},
      {"90S", 90s}};
  for (const auto& [text, duration] : cases) {
    Duration value{1};
    EXPECT_TRUE(parse_value(text, value).has_value()) << text;
    EXPECT_EQ(value, duration) << text;
  }
}

TEST(DurationValue, ANumberAloneCouldMeanAnything) {
  for (const auto* text : {"", "30", "1h30", "s", "-5s", "1.5h", "5 s", "5y", "99999999999d", "18446744073709551615ms", "1s,2s"}) {
    EXPECT_EQ(again<Duration>(text), "error") << text;
  }
  EXPECT_NE(message_of<Duration>("30").find("30s"), std::string::npos);
}

TEST(DurationValue, PrintsWhatReadsTheSame) {
  EXPECT_EQ(again<Duration>("5400s"), "1h30m");
  EXPECT_EQ(again<Duration>("0"), "0s");
  EXPECT_EQ(again<Duration>("1500ms"), "1s500ms");
}

TEST(SwitchValue, KnowsTheUsualWords) {
  for (const auto* text : {"on", "ON", "true", "yes", "1"}) EXPECT_EQ(again<bool>(text), "on") << text;
  for (const auto* text : {"off", "False", "no", "0"}) EXPECT_EQ(again<bool>(text), "off") << text;
  for (const auto* text : {"", "2", "onn", "o"}) EXPECT_EQ(again<bool>(text), "error") << text;
}

TEST(ChoiceValue, NamesTheChoices) {
  EXPECT_EQ(again<LogFormat>("json"), "json");
  EXPECT_EQ(again<LogLevel>("warning"), "warning");
  EXPECT_NE(message_of<LogFormat>("xml").find("text, json"), std::string::npos);
  EXPECT_NE(message_of<LogLevel>("warn").find("debug, info, warning, error"), std::string::npos);
}

TEST(UrlValue, EndsWithASlashAndNeverShowsThePassword) {
  EXPECT_EQ(again<Url>("https://pypi.org/simple"), "https://pypi.org/simple/");
  EXPECT_EQ(again<Url>("http://u:hunter2@h:8080/a/"), "http://h:8080/a/");
  for (const auto* text : {"", "pypi.org/simple", "ftp://h/", "http://u:hunter2@h/?q=1", "http://u:hunter2@h/#f", "http://u:hunter2@/x",
                           "file:///etc/passwd"}) {
    EXPECT_NE(message_of<Url>(text), "") << text;
    EXPECT_EQ(message_of<Url>(text).find("hunter2"), std::string::npos) << text;
  }
}

TEST(ListenValue, IsAnAddressAndAPort) {
  using Many = std::vector<ListenAddress>;
  EXPECT_EQ(again<Many>("127.0.0.1:3141"), "127.0.0.1:3141");
  EXPECT_EQ(again<Many>("[::1]:0"), "[::1]:0");
  EXPECT_EQ(again<Many>("localhost:8080"), "127.0.0.1:8080, [::1]:8080");
  EXPECT_EQ(again<Many>("*:80"), "0.0.0.0:80, [::]:80");
  EXPECT_EQ(again<Many>(":80"), "0.0.0.0:80, [::]:80");
  for (const auto* text : {"", "3141", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:3141", "[::1]", "example.org:80",
                           "tcp://10.0.0.1:3141", "[127.0.0.1]:80"}) {
    EXPECT_EQ(again<Many>(text), "error") << text;
  }
}

TEST(ListenValue, OnlyWhatSomebodyWroteDownMustExist) {
  std::vector<ListenAddress> addresses;
  ASSERT_TRUE(parse_value("localhost:1", addresses).has_value());
  ASSERT_TRUE(parse_value("[::1]:2", addresses).has_value());
  ASSERT_EQ(addresses.size(), 3U);
  EXPECT_EQ(addresses[0].absence, ListenAddress::Absence::is_error);
  EXPECT_EQ(addresses[1].absence, ListenAddress::Absence::is_fine);
  EXPECT_EQ(addresses[2].absence, ListenAddress::Absence::is_error);
}

TEST(HostValue, HasNeitherSchemeNorPort) {
  using Many = std::vector<std::string>;
  EXPECT_EQ(again<Many>("PyPI.Example.org"), "pypi.example.org");
  EXPECT_EQ(again<Many>("*.lab.example"), "*.lab.example");
  EXPECT_EQ(again<Many>("10.0.0.1"), "10.0.0.1");
  for (const auto* text : {"", "*", "*.", "http://a", "a:80", "a b", "a/b", "-a", "*a.org", "a\n",
                           "b\xC3\xBC"
                           "cher.example"})
    EXPECT_EQ(again<Many>(text), "error") << text;
}

TEST(SecretValue, PrintsAsStars) { EXPECT_EQ(again<Secret>("hunter2"), "***"); }

}  // namespace
}  // namespace bodega::app
