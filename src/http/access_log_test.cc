#include "http/access_log.h"

#include <gtest/gtest.h>

namespace bodega::http {
namespace {

AccessEvent sample() {
  AccessEvent event;
  event.id = "id-1";
  event.peer = "::1";
  event.method = "GET";
  event.target = "/simple/";
  event.route = "simple";
  event.user_agent = "pip/23 {\"a\":1}";
  event.status = 200;
  event.outcome = CacheOutcome::hit;
  event.bytes = 1234;
  event.milliseconds = 0.12345;
  return event;
}

std::string shown(const AccessEvent& event, LogFormat format) {
  std::string out;
  format_access(out, format, from_unix_micros(1'700'000'000'000'001), event);
  return out;
}

TEST(AccessLog, OneLineHoldsEverything) {
  EXPECT_EQ(shown(sample(), LogFormat::json),
            R"({"time":"2023-11-14T22:13:20.000001Z","level":"info","event":"http.request","id":"id-1","peer":"::1","method":"GET",)"
            R"("target":"/simple/","status":200,"bytes":1234,"ms":0.123,"route":"simple","cache":"hit","ua":"pip/23"})");
  auto event = sample();
  event.detail = "why";
  EXPECT_TRUE(shown(event, LogFormat::text).ends_with("ua=pip/23 detail=why"));
}

TEST(AccessLog, NothingHostileEndsALineOrReachesATerminal) {
  auto event = sample();
  event.target = "/\n\x1b[2J\x7f\xff\xc2\x9b";
  event.user_agent = "a\r\nb";
  event.method = "G\n";
  for (const auto format : {LogFormat::json, LogFormat::text}) {
    const auto line = shown(event, format);
    for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << line;
    EXPECT_EQ(line.find("\xc2\x9b"), std::string::npos);
  }
}

TEST(AccessLog, ValuesOfTheQueryAreNotLogged) {
  auto event = sample();
  event.target = "/p?token=secret&plain&x=";
  const auto line = shown(event, LogFormat::text);
  EXPECT_NE(line.find("/p?token=***&***&x=***"), std::string::npos) << line;
}

TEST(AccessLog, LongFieldsAreCut) {
  auto event = sample();
  event.target = std::string_view();
  const std::string longest(30'000, 'x');
  event.target = longest;
  event.user_agent = longest;
  EXPECT_LT(shown(event, LogFormat::json).size(), 2000U);
}

}  // namespace
}  // namespace bodega::http
