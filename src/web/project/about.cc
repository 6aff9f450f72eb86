#include "web/project/about.h"

#include <algorithm>

#include "base/text.h"
#include "pypi/format/metadata.h"
#include "pypi/format/requirement.h"
#include "pypi/upload/upload_metadata.h"

namespace bodega::web {
namespace {

using pypi::Json;

// Far beyond honest releases; each is a line of the page.
constexpr std::size_t kMaxList = 1000;

std::vector<std::string> texts(const Json& metadata, std::string_view key) {
  std::vector<std::string> out;
  const Json* values = metadata.find(key);
  if (values == nullptr) return out;
  if (values->string() != nullptr && !values->string()->empty()) out.push_back(*values->string());
  for (const auto& value : values->items()) {
    if (value.string() != nullptr && out.size() < kMaxList) out.push_back(*value.string());
  }
  return out;
}

std::string licence_of(const Json& metadata, const std::vector<std::string>& classifiers) {
  if (const auto expression = metadata.text("license_expression"); !expression.empty()) return std::string(expression);
  // Some put the whole text of the licence there.
  const auto line = trim(metadata.text("license"));
  const auto first = trim(line.substr(0, line.find('\n')));
  if (!first.empty() && first.size() < 120) return std::string(first);
  std::vector<std::string> said;
  for (const auto& classifier : classifiers) {
    if (classifier.starts_with("License :: ")) said.push_back(classifier.substr(classifier.rfind(":: ") + 3));
  }
  return join(said, ", ");
}

std::vector<std::string> keywords_of(std::string_view text) {
  std::vector<std::string> out;
  const char separator = text.find(',') == std::string_view::npos ? ' ' : ',';
  for (const auto part : split(text.substr(0, 10'000), separator)) {
    if (const auto word = trim(part); !word.empty() && out.size() < 50) out.emplace_back(word);
  }
  return out;
}

std::string person_of(const Json& metadata, std::string_view name, std::string_view mail) {
  if (const auto known = metadata.text(name); !known.empty()) return std::string(known);
  // "Name <a@b>, Other <c@d>": the names are enough.
  std::vector<std::string> names;
  for (const auto part : split(metadata.text(mail), ',')) {
    auto one = trim(part);
    if (const auto open = one.find('<'); open != std::string_view::npos && open > 0) one = trim(one.substr(0, open));
    while (one.starts_with('"') || one.ends_with('"')) one = one.substr(one.starts_with('"') ? 1 : 0, one.size() - 1);
    if (!one.empty()) names.emplace_back(one);
  }
  return join(names, ", ");
}

void add_link(About& out, std::string_view label, std::string_view url) {
  url = trim(url);
  const bool known = std::any_of(out.links.begin(), out.links.end(), [url](const auto& link) { return link.second == url; });
  if (!url.empty() && !known && out.links.size() < 100) out.links.emplace_back(trim(label), url);
}

void add_links(About& out, const Json& metadata) {
  add_link(out, "Homepage", metadata.text("home_page"));
  for (const auto& text : texts(metadata, "project_urls")) {
    // "Label, https://..."
    const auto comma = text.find(',');
    if (comma != std::string::npos) add_link(out, text.substr(0, comma), text.substr(comma + 1));
  }
  add_link(out, "Download", metadata.text("download_url"));
}

// The extra a marker asks for: extra == "name".
std::string extra_of(std::string_view marker) {
  const auto at = marker.rfind("extra");
  if (at == std::string_view::npos) return {};
  const auto open = marker.find_first_of("'\"", at);
  if (open == std::string_view::npos) return {};
  const auto close = marker.find(marker[open], open + 1);
  return close == std::string_view::npos ? std::string() : std::string(marker.substr(open + 1, close - open - 1));
}

Dependency dependency_of(const std::string& text, const std::optional<pypi::Requirement>& requirement) {
  if (!requirement) return {"", text};
  const auto end = std::find_if(text.begin(), text.end(), [](char c) {
    const char lower = ascii_lower(c);
    return !((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.');
  });
  return {requirement->name, std::string(trim(std::string_view(text).substr(static_cast<std::size_t>(end - text.begin()))))};
}

void add_dependencies(About& out, const Json& metadata) {
  for (const auto& text : texts(metadata, "requires_dist")) {
    const std::string whole(trim(text));
    const auto requirement = pypi::parse_requirement(whole);
    const std::string extra = requirement ? extra_of(requirement->marker) : std::string();
    auto group = std::find_if(out.dependencies.begin(), out.dependencies.end(), [&](const auto& one) { return one.extra == extra; });
    if (group == out.dependencies.end()) {
      // What is always needed stands first.
      group = out.dependencies.insert(extra.empty() ? out.dependencies.begin() : out.dependencies.end(), {extra, {}});
    }
    group->needs.push_back(dependency_of(whole, requirement));
  }
}

}  // namespace

About about_of(const Json& metadata) {
  About out;
  out.summary = metadata.text("summary");
  out.description = metadata.text("description");
  out.description_type = metadata.text("description_content_type");
  out.requires_python = metadata.text("requires_python");
  out.classifiers = texts(metadata, "classifiers");
  out.licence = licence_of(metadata, out.classifiers);
  out.author = person_of(metadata, "author", "author_email");
  out.maintainer = person_of(metadata, "maintainer", "maintainer_email");
  out.keywords = keywords_of(metadata.text("keywords"));
  add_links(out, metadata);
  add_dependencies(out, metadata);
  return out;
}

About about_of_metadata(std::string_view bytes) {
  const auto metadata = pypi::Metadata::parse(bytes);
  Json object = Json::object();
  for (const auto& key : pypi::metadata_keys()) {
    if (key.arity == pypi::Arity::many) object.set(key.name, Json::array());
  }
  std::vector<std::pair<std::string_view, std::vector<std::string>>> lists;
  for (const auto& field : metadata.fields()) {
    const auto* key = pypi::key_of_field(field.name);
    if (key == nullptr) continue;
    if (key->arity == pypi::Arity::one) {
      if (field.value != "UNKNOWN") object.set(key->name, field.value);
      continue;
    }
    auto list = std::find_if(lists.begin(), lists.end(), [key](const auto& one) { return one.first == key->name; });
    if (list == lists.end()) list = lists.insert(lists.end(), {key->name, {}});
    if (list->second.size() < kMaxList) list->second.push_back(field.value);
  }
  for (const auto& [name, values] : lists) object.set(name, Json(values));
  object.set("description", metadata.description());
  object.set("requires_python", metadata.requires_python());
  return about_of(object);
}

}  // namespace bodega::web
