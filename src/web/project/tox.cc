#include "web/project/tox.h"

#include <algorithm>

#include "base/text.h"
#include "pypi/format/json_value.h"
#include "web/printable.h"
#include "web/words.h"

namespace bodega::web {
namespace {

using pypi::Json;

// A matrix of Pythons has some tens, and each some commands.
constexpr std::size_t kMaxEnvironments = 200;
constexpr std::size_t kMaxCommands = 200;
// The end of an output tells why it failed.
constexpr std::size_t kMaxOutput = 100'000;

bool is_success(const Json* code) {
  if (code == nullptr || code->is_null()) return true;
  if (code->integer() != nullptr) return *code->integer() == 0;
  return code->string() != nullptr && *code->string() == "0";
}

std::string words_of(const Json* value) {
  if (value == nullptr) return {};
  if (value->string() != nullptr) return *value->string();
  std::vector<std::string> words;
  for (const auto& item : value->items()) {
    if (item.string() != nullptr) words.push_back(*item.string());
  }
  return join(words, " ");
}

std::vector<ToxCommand> commands_of(const Json* commands) {
  std::vector<ToxCommand> out;
  if (commands == nullptr) return out;
  for (const auto& entry : commands->items()) {
    if (out.size() == kMaxCommands) break;
    std::string output = words_of(entry.find("output"));
    if (output.size() > kMaxOutput) output = "...\n" + output.substr(output.size() - kMaxOutput);
    out.push_back({words_of(entry.find("command")), std::move(output), !is_success(entry.find("retcode"))});
  }
  return out;
}

bool any_failed(const std::vector<ToxCommand>& commands) {
  return std::any_of(commands.begin(), commands.end(), [](const ToxCommand& command) { return command.failed; });
}

std::string title_of(const ToxEnvironment& environment) {
  std::string out;
  for (const auto* part : {&environment.host, &environment.platform, &environment.name, &environment.python}) {
    if (!part->empty()) out += (out.empty() ? "" : " ") + printable_line(*part, 200);
  }
  return out;
}

std::string_view chip_of(const ToxEnvironment& environment) {
  if (environment.failed()) return "chip bad failed";
  return environment.test.empty() ? "chip unknown" : "chip good passed";
}

std::string address_of_file(const ToxPlace& place) {
  return address_of(place.place, place.version) + "/+toxresults/" + percent_encode(place.file);
}

void write_row(Html& html, const ToxPlace& place, const ToxResult& result, const ToxEnvironment& environment) {
  html.open("tr").open("td", {{"class", "nowrap"}});
  if (result.when) write_time(html, *result.when);
  html.close("td");
  html.element("td", printable_line(environment.host, 200), {{"data-label", "Host"}});
  html.element("td", printable_line(environment.platform, 100), {{"data-label", "Platform"}});
  html.element("td", printable_line(environment.name, 100), {{"data-label", "Environment"}});
  html.element("td", printable_line(environment.python, 100), {{"data-label", "Python", !environment.python.empty()}}).open("td");
  html.open("a", {{"class", chip_of(environment)}, {"href", address_of_file(place) + "/" + percent_encode(result.filename)}});
  html.text(environment.status()).close("a").close("td").close("tr");
}

void write_commands(Html& html, std::string_view title, std::string_view none, const std::vector<ToxCommand>& commands) {
  if (commands.empty()) html.element("p", none, {{"class", "command soft"}});
  for (const auto& command : commands) {
    html.open("div", {{"class", command.failed ? "command failed" : "command passed"}});
    html.element("h3", std::string(title) + " command" + (command.failed ? " (failed)" : ""));
    html.element("pre", command.command, {{"tabindex", "0"}});
    html.element("h3", std::string(title) + " output").element("pre", command.output, {{"tabindex", "0"}}).close("div");
  }
}

}  // namespace

bool ToxEnvironment::failed() const { return any_failed(setup) || any_failed(test); }

std::string_view ToxEnvironment::status() const { return failed() ? "failed" : test.empty() ? "unknown" : "passed"; }

std::optional<std::vector<ToxEnvironment>> read_tox_result(std::string_view json) {
  const auto result = Json::parse(json);
  const Json* environments = result ? result->find("testenvs") : nullptr;
  if (environments == nullptr || !environments->is_object()) return std::nullopt;
  std::vector<ToxEnvironment> out;
  for (const auto& [name, entry] : environments->members()) {
    if (out.size() == kMaxEnvironments) break;
    ToxEnvironment environment;
    environment.name = name;
    environment.host = result->text("host");
    environment.platform = result->text("platform");
    if (const auto* python = entry.find("python")) {
      const auto version = trim(python->text("version"));
      environment.python = version.substr(0, version.find_first_of(" \n"));
    }
    environment.setup = commands_of(entry.find("setup"));
    environment.test = commands_of(entry.find("test"));
    out.push_back(std::move(environment));
  }
  std::sort(out.begin(), out.end(), [](const ToxEnvironment& a, const ToxEnvironment& b) { return a.name < b.name; });
  return out;
}

Markup tox_results_view(const ToxPlace& place, const std::vector<ToxResult>& results) {
  Html html;
  html.element("h1", "Test results of " + place.place.project + " " + place.version).element("p", place.file, {{"class", "lead"}});
  html.open("div", {{"class", "scroll"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", "Test results"}});
  html.open("table", {{"class", "toxresults"}, {"data-filter", "Filter results"}, flag("data-sort", true)}).open("thead").open("tr");
  for (const char* title : {"When", "Host", "Platform", "Environment", "Python", "Result"}) html.element("th", title, {{"scope", "col"}});
  html.close("tr").close("thead").open("tbody");
  for (const auto& result : results) {
    if (!result.environments) {
      html.open("tr").open("td", {{"colspan", "6"}}).text(result.filename + " cannot be read").close("td").close("tr");
      continue;
    }
    for (const auto& environment : *result.environments) write_row(html, place, result, environment);
  }
  html.close("tbody").close("table").close("div");
  return std::move(html).markup();
}

Markup tox_result_view(const ToxPlace& place, const ToxResult& result) {
  Html html;
  html.element("h1", "Test result of " + place.place.project + " " + place.version).open("p", {{"class", "lead"}}).text(place.file);
  if (!result.who.empty()) html.text(", by " + printable_line(result.who, 100));
  if (result.when) {
    html.text(", ");
    write_time(html, *result.when);
  }
  html.close("p").open("p").link(address_of_file(place), "All results").close("p");
  if (!result.environments) html.element("p", "This result cannot be read.", {{"class", "banner warn"}});
  for (const auto& environment : result.environments.value_or(std::vector<ToxEnvironment>())) {
    html.open("section", {{"class", "card toxresult " + std::string(environment.status())}});
    html.open("h2", {{"class", "toxresult_title"}}).text(title_of(environment) + " ");
    html.element("span", environment.status(), {{"class", chip_of(environment)}}).close("h2");
    write_commands(html, "Setup", "No setup performed", environment.setup);
    write_commands(html, "Test", "No test run", environment.test);
    html.close("section");
  }
  return std::move(html).markup();
}

}  // namespace bodega::web
