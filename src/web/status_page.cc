#include "web/status_page.h"

#include <array>

#include <fmt/format.h>

#include "pypi/api/api_answer.h"
#include "web/icons.h"
#include "web/layout.h"
#include "web/words.h"

namespace bodega::web {
namespace {

enum class Unit { count, bytes, micros };

struct Line {
  std::string_view key;
  std::string_view label;
  std::uint64_t StatusFacts::*value;
  Unit unit = Unit::count;
};

struct Group {
  std::string_view key;
  std::string_view title;
  std::vector<Line> lines;
};

const std::vector<Group>& groups() {
  using F = StatusFacts;
  static const std::vector<Group> all{
      {"requests",
       "Requests",
       {{"answered", "answered since the start", &F::requests},
        {"failed", "ended in a server's error", &F::failed_requests},
        {"mean_micros", "take on average", &F::mean_micros, Unit::micros},
        {"open_connections", "open connections", &F::connections}}},
      {"cache",
       "Cache",
       {{"hits", "answered from it", &F::cache_hits},
        {"misses", "waited for an upstream", &F::cache_misses},
        {"files", "files", &F::cached_files},
        {"bytes", "size of the files", &F::cached_bytes, Unit::bytes},
        {"pages", "project pages", &F::cached_pages},
        {"evicted_files", "files evicted since the start", &F::evicted_files},
        {"evicted_bytes", "size of these", &F::evicted_bytes, Unit::bytes},
        {"filling", "files on their way in", &F::filling}}},
      {"upstreams",
       "Upstreams",
       {{"requests", "questions asked", &F::upstream_requests},
        {"retries", "asked once more", &F::upstream_retries},
        {"failures", "failed", &F::upstream_failures},
        {"refused_by_breaker", "not asked, because the upstream is down", &F::upstream_refused}}},
      {"server",
       "Server",
       {{"memory_bytes", "memory", &F::memory_bytes, Unit::bytes},
        {"free_bytes", "free on the disk", &F::free_bytes, Unit::bytes},
        {"pool_queued", "jobs that wait for a thread", &F::pool_queued},
        {"catalog_queued", "writes that wait for a commit", &F::catalog_queued},
        {"log_lines_dropped", "log lines dropped", &F::log_lines_dropped}}},
  };
  return all;
}

std::string in_words(std::uint64_t value, Unit unit) {
  switch (unit) {
    case Unit::bytes: return size_in_words(value);
    case Unit::micros:
      return value < 1000 ? std::to_string(value) + " \xc2\xb5s" : fmt::format("{:.1f} ms", static_cast<double>(value) / 1000);
    case Unit::count: break;
  }
  return number_in_words(value);
}

std::string hit_rate(const StatusFacts& facts) {
  const auto all = facts.cache_hits + facts.cache_misses;
  return all == 0 ? "none yet" : fmt::format("{:.1f} %", 100 * static_cast<double>(facts.cache_hits) / static_cast<double>(all));
}

void write_condition(Html& html, const StatusFacts& facts) {
  const bool ready = facts.condition == "ready";
  html.open("p", {{"class", ready ? "banner good" : "banner bad"}});
  html.text(ready ? "All is well: this server reads and writes." : "This server is " + facts.condition + ".").close("p");
  for (const auto& reason : facts.reasons) html.element("p", reason, {{"class", "banner bad"}});
  for (const auto& [origin, state] : facts.upstreams_in_trouble) {
    html.element("p", "The upstream " + origin + " does not answer (breaker " + state + "); what is cached is served.",
                 {{"class", "banner warn"}});
  }
}

void write_highlights(Html& html, const StatusFacts& facts) {
  html.open("dl", {{"class", "numbers"}});
  const auto one = [&html](std::string_view label, const std::string& value) {
    html.open("div").element("dt", label).element("dd", value).close("div");
  };
  one("Up for", duration_in_words(std::chrono::duration_cast<std::chrono::seconds>(facts.now - facts.started)));
  one("Requests", number_in_words(facts.requests));
  one("Cache hits", hit_rate(facts));
  one("In the cache", size_in_words(facts.cached_bytes));
  one("Free disk", size_in_words(facts.free_bytes));
  html.close("dl");
}

}  // namespace

http::Response status_page(const PageRequest& asked, const StatusFacts& facts) {
  Html html;
  html.element("h1", "Server status");
  write_condition(html, facts);
  write_highlights(html, facts);
  html.open("div", {{"class", "cards pairs"}});
  for (const auto& group : groups()) {
    html.open("section", {{"class", "card status"}}).element("h2", group.title).open("dl", {{"class", "facts numbers-right"}});
    for (const auto& line : group.lines) html.element("dt", line.label).element("dd", in_words(facts.*line.value, line.unit));
    html.close("dl").close("section");
  }
  html.close("div");
  html.open("p", {{"class", "soft small"}}).text("Bodega " + facts.version + ", started ");
  write_time(html, facts.started);
  html.text(". The same for programs: ").link(address(asked.request, "/+status?facts"), "JSON").text(", ");
  html.link(address(asked.request, "/+metrics"), "Prometheus").text(".").close("p");
  const std::vector<Crumb> crumbs{{"Home", address(asked.request, "/")}, {"Server status", address(asked.request, "/+status")}};
  auto response = page({.asked = asked, .title = "Server status", .crumbs = crumbs}, std::move(html).markup());
  response.headers.remove("ETag");
  response.headers.set("Cache-Control", "no-store");
  return response;
}

http::Response status_json(const StatusFacts& facts) {
  using pypi::Json;
  Json result = Json::object();
  result.set("version", facts.version);
  result.set("started", rfc3339(std::chrono::floor<std::chrono::seconds>(facts.started)));
  result.set("condition", facts.condition);
  result.set("reasons", Json(facts.reasons));
  Json trouble = Json::object();
  for (const auto& [origin, state] : facts.upstreams_in_trouble) trouble.set(origin, state);
  result.set("upstreams_in_trouble", std::move(trouble));
  for (const auto& group : groups()) {
    Json part = Json::object();
    for (const auto& line : group.lines) part.set(line.key, Json(facts.*line.value));
    result.set(group.key, std::move(part));
  }
  auto response = pypi::api_result(200, std::move(result), "facts");
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("Vary", "Accept");
  return response;
}

}  // namespace bodega::web
