#include "http/access_log.h"

#include <gtest/gtest.h>

#include <vector>

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
  AccessFormatter formatter(format);
  formatter.format(out, from_unix_micros(1'700'000'000'000'001), event);
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

TEST(AccessLog, TheFastFormIsTheForm) {
  const std::vector<std::string> texts = {"",
                                          "plain",
                                          "two words",
                                          "a=b",
                                          "q\"uote",
                                          "back\\slash",
                                          "tab\t",
                                          "\x1b[",
                                          "\xc3\xa4",
                                          "\xff",
                                          "/p?a=b",
                                          std::string(600, 'x'),
                                          std::string(511, 'x') + "\"\"",
                                          "-",
                                          "~ !"};
  const std::vector<double> times = {0,    0.001, 0.0014,  0.0016, 0.01,        0.1,     0.5, 1,
                                     1.05, 12.34, 999.999, 1000,   99'999.9996, 100'000, 1e6, 123'456.789};
  for (const auto format : {LogFormat::json, LogFormat::text}) {
    AccessFormatter formatter(format);
    for (std::size_t i = 0; i < texts.size() * times.size(); ++i) {
      auto event = sample();
      event.user_agent = texts[i % texts.size()];
      event.target = texts[(i + 3) % texts.size()];
      event.detail = texts[(i / 7) % texts.size()];
      event.method = texts[(i / 5) % texts.size()];
      event.id = i % 2 == 0 ? "" : "x-1";
      event.milliseconds = times[i % times.size()];
      event.bytes = i * 1'000'003;
      event.status = static_cast<int>(200 + i);
      const auto time = from_unix_micros(1'700'000'000'000'000 + static_cast<std::int64_t>(i) * 300'007);
      std::string fast;
      std::string exact;
      formatter.format(fast, time, event);
      format_access(exact, format, time, event);
      ASSERT_EQ(fast, exact) << i;
    }
  }
}

}  // namespace
}  // namespace bodega::http
