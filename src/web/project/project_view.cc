#include "web/project/project_view.h"

#include <algorithm>

#include "web/forms.h"
#include "web/icons.h"
#include "web/words.h"

namespace bodega::web {
namespace {

void write_notes(Html& html, const ProjectPlace& place, const ProjectFacts& facts) {
  if (facts.overview.status) write_status(html, *facts.overview.status, facts.overview.status_from);
  if (!facts.blocked.empty()) {
    html.open("p", {{"class", "infonote"}}).text("The name is private here, and not in the ").element("code", "mirror_whitelist");
    html.text(": nothing of it comes from ");
    for (std::size_t i = 0; i < facts.blocked.size(); ++i) html.text(i == 0 ? "" : ", ").element("strong", facts.blocked[i]);
    html.text(".").close("p");
  }
  for (const auto& mirror : facts.overview.failed) {
    html.open("p", {{"class", "banner warn"}}).raw(icon(Icon::warning)).text(" ");
    html.text(mirror + " could not be asked just now; it may have more versions.").close("p");
  }
  if (facts.overview.is_stale) {
    html.element("p", "The upstream could not be asked just now. This is what was known before.", {{"class", "banner warn"}});
  }
  if (place.index.acl_read) {
    html.open("p", {{"class", "infonote"}}).raw(icon(Icon::lock)).text(" This index is not open to everybody; installers need a login.");
    html.close("p");
  }
}

void write_head(Html& html, const ProjectPlace& place, const ProjectFacts& facts) {
  const auto& overview = facts.overview;
  html.open("div", {{"class", "head"}}).element("h1", place.project);
  html.open("p", {{"class", "chips"}});
  html.element("span", count_of(overview.versions.size(), "version"), {{"class", "chip"}});
  if (overview.is_hosted) html.element("span", "hosted", {{"class", "chip good"}});
  if (!overview.mirrors.empty()) html.element("span", "mirrored", {{"class", "chip info"}});
  html.close("p").close("div");
  if (!facts.summary.empty()) html.element("p", facts.summary, {{"class", "lead"}});
}

void write_newest(Html& html, const ProjectPlace& place, std::string_view title, std::string_view name, const VersionLine* line) {
  if (line == nullptr) return;
  html.element("dt", title).open("dd");
  html.link(address_of(place, name), line->version);
  if (line->since) {
    html.text(" ");
    write_day(html, *line->since);
  }
  html.close("dd");
}

void write_refresh(Html& html, const ProjectPlace& place) {
  html.open("form", {{"class", "actions"}, {"method", "post"}, {"action", address_of(place) + "/refresh"}});
  if (place.asked.has_session()) write_hidden(html, "csrf", place.asked.csrf);
  html.element("button", place.index.is_mirror() ? "Refresh" : "Refresh mirror links",
               {{"class", "quiet small"}, {"name", "refresh"}, {"value", "refresh"}});
  html.close("form");
}

void write_side(Html& html, const ProjectPlace& place, const ProjectFacts& facts) {
  const auto& request = place.asked.request;
  const auto& overview = facts.overview;
  html.open("aside", {{"class", "card"}, {"aria-label", "About this project"}});
  html.open("dl", {{"class", "facts projectinfo"}});
  write_newest(html, place, "Latest", "latest", overview.latest());
  write_newest(html, place, "Stable", "stable", overview.stable());
  html.element("dt", "Files")
      .element("dd", count_of(overview.files, "file") + (overview.bytes > 0 ? ", " + size_in_words(overview.bytes) : std::string()));
  html.element("dt", "Index").open("dd").link(index_address(request, place.index.key()), place.index.key()).close("dd").close("dl");
  html.open("p", {{"class", "projectnavigation"}});
  html.link(index_address(request, place.index.key()) + "/+simple/" + place.project + "/", "Simple index").text(" ");
  html.link(address_of(place) + "/+feed", "Feed");
  for (const auto& [title, url] : facts.outside) html.text(" ").link(url, title);
  html.close("p");
  if (facts.may_refresh) write_refresh(html, place);
  html.close("aside");
}

void write_version(Html& html, const ProjectPlace& place, const VersionLine& line, const VersionLine* preferred) {
  const auto& request = place.asked.request;
  html.open("tr").open("th", {{"scope", "row"}});
  html.link(address_of(place, line.version), line.version, line.all_yanked() ? "yanked" : "");
  if (&line == preferred) html.text(" ").element("span", "stable", {{"class", "chip good"}});
  if (!line.is_final) html.text(" ").element("span", "pre-release", {{"class", "chip warn"}});
  if (line.all_yanked()) html.text(" ").element("span", "yanked", {{"class", "chip bad"}});
  html.close("th").open("td", {{"class", "nowrap"}});
  if (line.since) write_day(html, *line.since);
  html.close("td").open("td", {{"data-label", "From"}});
  write_origin(html, request, line.index, place.index.key());
  if (!line.also.empty())
    html.element("span", " also on " + line.also.front() + (line.also.size() > 1 ? " and others" : ""), {{"class", "soft small"}});
  html.close("td").element("td", std::to_string(line.files), {{"class", "number"}, {"data-label", "Files"}});
  html.element("td", line.requires_python, {{"data-label", "Python", !line.requires_python.empty()}});
  html.open("td", {{"data-label", "Documentation", !line.docs_index.empty()}});
  if (!line.docs_index.empty()) {
    html.link(version_address(request, line.docs_index, place.project, line.version) + "/+d/index.html", "Read");
  }
  html.close("td").close("tr");
}

void write_versions(Html& html, const ProjectPlace& place, const Overview& overview, std::size_t first, std::size_t last) {
  html.open("div", {{"class", "scroll"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", "Versions"}});
  html.open("table", {{"class", "versions"}, {"data-filter", "Filter versions"}, flag("data-sort", true)}).open("thead").open("tr");
  for (const char* title : {"Version", "Date", "Index"}) html.element("th", title, {{"scope", "col"}});
  html.element("th", "Files", {{"scope", "col"}, {"class", "number"}});
  for (const char* title : {"Python", "Docs"}) html.element("th", title, {{"scope", "col"}});
  html.close("tr").close("thead").open("tbody");
  const auto* preferred = overview.stable();
  for (std::size_t i = first; i < last; ++i) write_version(html, place, overview.versions[i], preferred);
  html.close("tbody").close("table").close("div");
}

void write_pager(Html& html, const ProjectPlace& place, std::size_t page, std::size_t pages, std::size_t versions) {
  if (pages < 2) return;
  const std::string here = address_of(place) + "?page=";
  html.open("nav", {{"class", "pager"}, {"aria-label", "Pages of versions"}});
  if (page > 1) html.link(here + std::to_string(page - 1), "Newer versions", "button quiet small");
  html.element("span", "Page " + std::to_string(page) + " of " + std::to_string(pages) + ", " + count_of(versions, "version"));
  if (page < pages) html.link(here + std::to_string(page + 1), "Older versions", "button quiet small");
  html.close("nav");
}

}  // namespace

Markup project_view(const ProjectPlace& place, const ProjectFacts& facts, std::size_t page) {
  const auto& versions = facts.overview.versions;
  const std::size_t pages = std::max<std::size_t>((versions.size() + kVersionsPerPage - 1) / kVersionsPerPage, 1);
  page = std::min(page, pages);
  const std::size_t first = (page - 1) * kVersionsPerPage;
  Html html;
  write_head(html, place, facts);
  write_notes(html, place, facts);
  if (!versions.empty()) write_install_line(html, place, "");
  html.open("div", {{"class", "columns project"}}).open("section", {{"aria-labelledby", "versions"}});
  html.element("h2", "Versions", {{"id", "versions"}});
  if (versions.empty()) {
    html.element("p", "No releases.", {{"class", "soft"}});
  } else {
    write_versions(html, place, facts.overview, first, std::min(first + kVersionsPerPage, versions.size()));
    write_pager(html, place, page, pages, versions.size());
  }
  html.close("section");
  write_side(html, place, facts);
  html.close("div");
  return std::move(html).markup();
}

}  // namespace bodega::web
