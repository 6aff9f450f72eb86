#include "web/status_page.h"

#include <optional>

#include <fmt/format.h>

#include "pypi/api/api_answer.h"
#include "web/icons.h"
#include "web/layout.h"
#include "web/words.h"

namespace bodega::web {
namespace {

enum class Unit { count, bytes, limit, micros };

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
      {"cache",
       "Cache",
       {{"hits", "answered from it", &F::cache_hits},
        {"misses", "waited for an upstream", &F::cache_misses},
        {"files", "files", &F::cached_files},
        {"bytes", "size of the files", &F::cached_bytes, Unit::bytes},
        {"limit_bytes", "they may take", &F::cache_limit_bytes, Unit::limit},
        {"pages", "project pages", &F::cached_pages},
        {"evicted_files", "files evicted since the start", &F::evicted_files},
        {"evicted_bytes", "size of these", &F::evicted_bytes, Unit::bytes},
        {"passed_files", "files not kept, for want of space", &F::passed_files}}},
      {"store",
       "Store",
       {{"files", "files of our own", &F::hosted_files},
        {"bytes", "their size", &F::hosted_bytes, Unit::bytes},
        {"damaged_files", "of them damaged", &F::damaged_files},
        {"replaced_files", "cached ones that were damaged, and went", &F::replaced_files},
        {"scrubbed_files", "files looked through since the start", &F::scrubbed_files},
        {"scrubbed_bytes", "size of these", &F::scrubbed_bytes, Unit::bytes},
        {"serial", "serial of the last change", &F::serial}}},
      {"requests",
       "Requests",
       {{"answered", "answered since the start", &F::requests},
        {"failed", "ended in a server's error", &F::failed_requests},
        {"mean_micros", "take on average", &F::mean_micros, Unit::micros},
        {"open_connections", "open connections", &F::connections}}},
      {"upstreams",
       "Questions to upstreams",
       {{"requests", "asked", &F::upstream_requests},
        {"retries", "asked once more", &F::upstream_retries},
        {"failures", "failed", &F::upstream_failures},
        {"refused_by_breaker", "not asked, because the upstream is down", &F::upstream_refused}}},
      {"queues",
       "Queues",
       {{"filling", "files on their way in", &F::filling},
        {"pool", "jobs that wait for a thread", &F::pool_queued},
        {"catalog", "writes that wait for a commit", &F::catalog_queued},
        {"search", "projects that wait for the search", &F::search_queued}}},
      {"server",
       "Server",
       {{"memory_bytes", "memory", &F::memory_bytes, Unit::bytes},
        {"free_bytes", "free on the disk", &F::free_bytes, Unit::bytes},
        {"log_lines_dropped", "log lines dropped", &F::log_lines_dropped}}},
  };
  return all;
}

std::string micros_in_words(std::uint64_t micros) { return span_in_words(std::chrono::microseconds(micros)); }

std::string in_words(std::uint64_t value, Unit unit) {
  switch (unit) {
    case Unit::bytes: return size_in_words(value);
    case Unit::limit: return value == 0 ? "all there is" : size_in_words(value);
    case Unit::micros: return micros_in_words(value);
    case Unit::count: break;
  }
  return number_in_words(value);
}

// Of the answers that the cache had a part in; nullopt: there were none.
std::optional<double> hit_percent(const StatusFacts& facts) {
  const auto all = facts.cache_hits + facts.cache_misses;
  if (all == 0) return std::nullopt;
  return 100 * static_cast<double>(facts.cache_hits) / static_cast<double>(all);
}

void write_condition(Html& html, const StatusFacts& facts) {
  const bool ready = facts.condition == "ready";
  html.open("p", {{"class", ready ? "banner good" : "banner bad"}});
  html.text(ready ? "All is well: this server reads and writes." : "This server is " + facts.condition + ".").close("p");
  for (const auto& reason : facts.reasons) html.element("p", reason, {{"class", "banner bad"}});
  for (const auto& upstream : facts.upstreams) {
    if (upstream.state == "closed") continue;
    html.element("p", "The upstream " + upstream.origin + " does not answer (breaker " + upstream.state + "); what is cached is served.",
                 {{"class", "banner warn"}});
  }
}

void write_damaged(Html& html, const PageRequest& asked, const StatusFacts& facts) {
  if (facts.damaged_files == 0) return;
  html.open("div", {{"class", "banner bad"}});
  html.element("p", count_of(facts.damaged_files, "file") +
                        " of our own cannot be given out: the bytes on the disk are not those that were "
                        "uploaded. Upload them again, or restore them from a backup.");
  html.open("ul");
  for (const auto& file : facts.damaged) {
    html.open("li").element("code", file.filename).text(" of ").link(index_address(asked.request, file.index), file.index).close("li");
  }
  html.close("ul").close("div");
}

void write_highlights(Html& html, const StatusFacts& facts) {
  html.open("dl", {{"class", "numbers"}});
  const auto one = [&html](std::string_view label, const std::string& value) {
    html.open("div").element("dt", label).element("dd", value).close("div");
  };
  const auto percent = hit_percent(facts);
  one("Up for", duration_in_words(std::chrono::duration_cast<std::chrono::seconds>(facts.now - facts.started)));
  one("Requests", number_in_words(facts.requests));
  one("Cache hits", percent ? fmt::format("{:.1f} %", *percent) : "none yet");
  one("In the cache", size_in_words(facts.cached_bytes));
  one("Free disk", size_in_words(facts.free_bytes));
  html.close("dl");
}

void write_upstreams(Html& html, const StatusFacts& facts) {
  if (facts.upstreams.empty()) return;
  html.element("h2", "Upstreams", {{"id", "upstreams"}});
  html.open("div", {{"class", "scroll"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", "Upstreams"}}).open("table");
  html.raw(
      Markup("<thead><tr><th scope=\"col\">Upstream</th><th scope=\"col\">Breaker</th><th scope=\"col\" class=\"number\">Answers</th>"
             "<th scope=\"col\" class=\"number\">Usually within</th><th scope=\"col\" class=\"number\">At worst</th></tr></thead><tbody>"));
  for (const auto& upstream : facts.upstreams) {
    const bool closed = upstream.state == "closed";
    html.open("tr").element("th", upstream.origin, {{"scope", "row"}}).open("td");
    html.element("span", closed ? "closed: all well" : upstream.state, {{"class", closed ? "chip good" : "chip bad"}}).close("td");
    html.element("td", number_in_words(upstream.answers), {{"class", "number"}, {"data-label", "Answers"}});
    const bool known = upstream.answers > 0;
    html.element("td", known ? micros_in_words(upstream.median_micros) : "", {{"class", "number"}, {"data-label", "Usually within"}});
    html.element("td", known ? micros_in_words(upstream.longest_micros) : "", {{"class", "number"}, {"data-label", "At worst"}});
    html.close("tr");
  }
  html.close("tbody").close("table").close("div");
}

void write_versions(Html& html, const StatusFacts& facts) {
  html.open("section", {{"class", "card status"}}).element("h2", "Versions").open("dl", {{"class", "facts numbers-right"}});
  html.element("dt", "Bodega").element("dd", facts.version);
  for (const auto& [name, version] : facts.libraries) html.element("dt", name).element("dd", version);
  html.close("dl").close("section");
}

pypi::Json upstreams_json(const StatusFacts& facts) {
  using pypi::Json;
  Json out = Json::array();
  for (const auto& upstream : facts.upstreams) {
    Json one = Json::object();
    one.set("origin", upstream.origin);
    one.set("breaker", upstream.state);
    one.set("answers", upstream.answers);
    one.set("median_micros", upstream.median_micros);
    one.set("longest_micros", upstream.longest_micros);
    out.push_back(std::move(one));
  }
  return out;
}

pypi::Json damaged_json(const StatusFacts& facts) {
  using pypi::Json;
  Json out = Json::array();
  for (const auto& file : facts.damaged) {
    Json one = Json::object();
    one.set("index", file.index);
    one.set("filename", file.filename);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

http::Response status_page(const PageRequest& asked, const StatusFacts& facts) {
  Html html;
  html.element("h1", "Server status");
  write_condition(html, facts);
  write_damaged(html, asked, facts);
  write_highlights(html, facts);
  write_upstreams(html, facts);
  html.element("h2", "In numbers").open("div", {{"class", "cards pairs"}});
  for (const auto& group : groups()) {
    html.open("section", {{"class", "card status"}}).element("h2", group.title).open("dl", {{"class", "facts numbers-right"}});
    for (const auto& line : group.lines) html.element("dt", line.label).element("dd", in_words(facts.*line.value, line.unit));
    html.close("dl").close("section");
  }
  write_versions(html, facts);
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
  Json libraries = Json::object();
  for (const auto& [name, version] : facts.libraries) libraries.set(name, version);
  result.set("libraries", std::move(libraries));
  result.set("started", rfc3339(std::chrono::floor<std::chrono::seconds>(facts.started)));
  result.set("condition", facts.condition);
  result.set("reasons", Json(facts.reasons));
  if (const auto percent = hit_percent(facts)) result.set("cache_hit_percent", *percent);
  result.set("upstream_origins", upstreams_json(facts));
  result.set("damaged", damaged_json(facts));
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
