#include "base/log.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/secret.h"
#include "base/text.h"
#include "base/url.h"

namespace bodega {
namespace {

const WallTime kTime = from_unix_micros(1795229870000042);  // 2026-11-21T02:57:50.000042Z

std::string line(LogFormat format, std::initializer_list<LogField> fields, std::string_view name = "test.event") {
  std::string out;
  format_event(out, format, kTime, LogLevel::info, name, std::span(fields.begin(), fields.size()));
  return out;
}

std::string json_value(const LogField& field) {
  const auto text = line(LogFormat::json, {field});
  const auto at = text.find("\"f\":") + 4;
  return text.substr(at, text.size() - at - 1);
}

TEST(Log, JsonLineHasTimeLevelNameAndFields) {
  EXPECT_EQ(line(LogFormat::json, {{"text", "a b"}, {"count", 7}, {"big", std::uint64_t{1} << 53}, {"share", 0.5}, {"ok", true}}),
            R"({"time":"2026-11-21T02:57:50.000042Z","level":"info","event":"test.event","text":"a b","count":7,)"
            R"("big":9007199254740992,"share":0.5,"ok":true})");
}

TEST(Log, TextLineQuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(line(LogFormat::text, {{"path", "/var/lib/bodega"}, {"reason", "no space left"}, {"empty", ""}, {"n", -3}}),
            "2026-11-21T02:57:50.000042Z info    test.event path=/var/lib/bodega reason=\"no space left\" empty=\"\" n=-3");
}

TEST(Log, EveryLevelStartsNamesInOneColumn) {
  for (const auto level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error}) {
    std::string out;
    format_event(out, LogFormat::text, kTime, level, "name", {});
    EXPECT_EQ(out.find("name"), 36U) << out;
  }
}

TEST(Log, SecretsNeverPrint) {
  const Secret secret("hunter2");
  for (const auto format : {LogFormat::json, LogFormat::text}) {
    const auto text = line(format, {{"password", secret}});
    EXPECT_EQ(text.find("hunter2"), std::string::npos);
    EXPECT_NE(text.find("***"), std::string::npos);
  }
}

TEST(Log, UrlsPrintWithoutUserAndQueryValues) {
  const auto url = Url::parse("https://alice:hunter2@example.org:8443/simple/a/?token=s3cret&x=&bare#part");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(json_value({"f", *url}), R"("https://example.org:8443/simple/a/?token=***&x=***&***")");
  EXPECT_EQ(to_string(LogValue(*url)), "https://example.org:8443/simple/a/?token=***&x=***&***");
}

// uvicorn CVE-2020-7694 and others: a request line with %0a%1b[2J forged lines and drove the reader's terminal.
TEST(Log, OutsideBytesCannotEndALineOrReachATerminal) {
  std::vector<std::string> hostile = {"a\nb",
                                      "\x1b[2J",
                                      "\r\n{\"level\":\"info\"}",
                                      std::string("nul\0byte", 8),
                                      "\x7f",
                                      "\xC2\x9B 31m",
                                      "\x9B",
                                      "\xFF\xFE",
                                      "\xC2",
                                      "\"} {\"",
                                      "\u2028",
                                      "a\u2029\u202Eb",
                                      "\u2066",
                                      "\xE2",
                                      "\xE2\x80"};
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  hostile.push_back(all);
  for (const auto& text : hostile) {
    for (const auto format : {LogFormat::json, LogFormat::text}) {
      const auto out = line(format, {{"f", text}});
      for (std::size_t i = 0; i < out.size(); ++i) {
        const auto c = static_cast<unsigned char>(out[i]);
        EXPECT_TRUE(c >= 0x20 && c != 0x7F) << to_hex(out);
        EXPECT_FALSE(c == 0xE2 && i + 2 < out.size()) << to_hex(out);
        EXPECT_FALSE(c == 0xC2 && i + 1 < out.size() && static_cast<unsigned char>(out[i + 1]) < 0xA0) << to_hex(out);
      }
      EXPECT_TRUE(is_utf8(out));
    }
  }
}

TEST(Log, JsonTextsAreExact) {
  EXPECT_EQ(json_value({"f", "a\"b\\c\n"}), R"("a\"b\\c\n")");
  EXPECT_EQ(json_value({"f",
                        "\xC2\x9B"
                        "m \xC2\xA9"}),
            "\"\\u009bm \xC2\xA9\"");
  EXPECT_EQ(json_value({"f", "a\u2028\u20AC\u202E"}), "\"a\\u2028\u20AC\\u202e\"");
  EXPECT_EQ(json_value({"f", "\xFF"}), "\"\xEF\xBF\xBD\"");
}

TEST(Log, NumbersAreJsonNumbers) {
  EXPECT_EQ(json_value({"f", std::numeric_limits<std::int64_t>::min()}), "-9223372036854775808");
  EXPECT_EQ(json_value({"f", std::numeric_limits<double>::infinity()}), "null");
  EXPECT_EQ(json_value({"f", 1e300}), "1e+300");
  EXPECT_EQ(json_value({"f", static_cast<unsigned short>(502)}), "502");
  EXPECT_EQ(json_value({"f", false}), "false");
}

TEST(Log, TextCannotForgeAField) {
  EXPECT_NE(line(LogFormat::text, {{"name", "x outcome=hit"}}).find("name=\"x outcome=hit\""), std::string::npos);
}

}  // namespace
}  // namespace bodega
