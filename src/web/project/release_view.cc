#include "web/project/release_view.h"

#include <algorithm>

#include "base/text.h"
#include "pypi/format/version.h"
#include "web/description.h"
#include "web/icons.h"
#include "web/printable.h"
#include "web/project/files_view.h"
#include "web/words.h"

namespace bodega::web {
namespace {

// What strangers wrote beside the description has its room on the page, in bytes; the rest is counted.
constexpr std::size_t kRoomForLinks = 5'000;
constexpr std::size_t kRoomForDependencies = 8'000;
constexpr std::size_t kRoomForClassifiers = 5'000;

void write_left_out(Html& html, std::size_t left_out) {
  if (left_out > 0) html.element("li", "and " + count_of(left_out, "other"), {{"class", "soft"}});
}

bool is_yanked(const ReleaseView& release) {
  return !release.files.empty() &&
         std::all_of(release.files.begin(), release.files.end(), [](const FileLine& file) { return file.yanked; });
}

void write_notes(Html& html, const ProjectPlace& place, const ReleaseFacts& facts) {
  const auto& overview = facts.overview;
  if (overview.status) write_status(html, *overview.status, overview.status_from);
  if (is_yanked(facts.release)) {
    html.open("p", {{"class", "banner bad"}})
        .raw(icon(Icon::warning))
        .text(" This release was yanked: installers take it only when it is named.");
    const auto& reason = *facts.release.files.front().yanked;
    if (!reason.empty()) html.text(" Reason given: " + printable_line(reason, 1000));
    html.close("p");
  }
  const auto* newest = overview.preferred();
  if (newest != nullptr && newest->version != facts.release.version) {
    html.open("p", {{"class", "infonote"}}).text("Another version is the newest one: ");
    html.link(address_of(place, newest->version), newest->version).text(".").close("p");
  }
  if (!facts.unknown.empty()) html.element("p", facts.unknown, {{"class", "banner warn"}});
}

void write_head(Html& html, const ProjectPlace& place, const ReleaseFacts& facts) {
  const auto& release = facts.release;
  html.open("div", {{"class", "head"}}).element("h1", place.project + " " + release.version);
  html.open("p", {{"class", "chips"}});
  write_origin(html, place.asked.request, release.index, place.index.key());
  const auto parsed = pypi::Version::parse(release.version);
  if (parsed && parsed->is_prerelease()) html.element("span", "pre-release", {{"class", "chip warn"}});
  if (is_yanked(release)) html.element("span", "yanked", {{"class", "chip bad"}});
  html.close("p").close("div");
  if (facts.about && !facts.about->summary.empty()) {
    html.element("p", printable_line(facts.about->summary, 1000), {{"class", "lead"}, {"id", "summary"}});
  }
}

void write_navigation(Html& html, const ProjectPlace& place, const ReleaseFacts& facts) {
  const auto& request = place.asked.request;
  const auto& release = facts.release;
  html.open("p", {{"class", "projectnavigation"}});
  html.link("#files", count_of(release.files.size(), "file")).text(" ");
  if (!release.docs_index.empty()) {
    html.link(version_address(request, release.docs_index, place.project, release.version) + "/+d/index.html", "Documentation").text(" ");
    html.link(index_address(request, release.docs_index) + "/" + release.docs_href, "Documentation as zip").text(" ");
  }
  html.link(address_of(place), "All versions").text(" ");
  html.link(index_address(request, place.index.key()) + "/+simple/" + place.project + "/", "Simple index").close("p");
}

void write_description(Html& html, const About& about) {
  html.open("article", {{"class", "description"}, {"id", "description"}, {"aria-label", "Description"}});
  if (about.description.empty()) {
    html.element("p", "This release has no description.", {{"class", "soft"}});
  } else {
    html.raw(Markup(render_description(about.description, about.description_type)));
  }
  html.close("article");
}

void write_fact(Html& html, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  html.element("dt", name).element("dd", printable_line(value, 500));
}

void write_links(Html& html, const About& about) {
  if (about.links.empty()) return;
  html.element("h2", "Links").open("ul", {{"class", "plain"}});
  const std::size_t full = html.size() + kRoomForLinks;
  std::size_t left_out = 0;
  for (const auto& [label, url] : about.links) {
    if (html.size() + url.size() >= full) {
      ++left_out;
      continue;
    }
    const std::string words = printable_line(label.empty() ? url : label, 100);
    html.open("li");
    // Only what leads to the web: a mail address or a path is none of these.
    if (istarts_with(url, "http://") || istarts_with(url, "https://")) {
      html.open("a", {{"href", url}, {"rel", "nofollow noopener noreferrer"}}).text(words).close("a");
    } else {
      html.text(words + ": " + printable_line(url, 200));
    }
    html.close("li");
  }
  write_left_out(html, left_out);
  html.close("ul");
}

void write_dependencies(Html& html, const ProjectPlace& place, const About& about) {
  if (about.dependencies.empty()) return;
  html.element("h2", "Needs", {{"id", "dependencies"}});
  const std::size_t full = html.size() + kRoomForDependencies;
  std::size_t groups_left_out = 0;
  for (const auto& group : about.dependencies) {
    if (html.size() >= full) {
      ++groups_left_out;
      continue;
    }
    std::size_t left_out = 0;
    const bool optional = !group.extra.empty();
    if (optional) html.open("details").element("summary", "With the extra " + printable_line(group.extra, 100));
    html.open("ul", {{"class", "plain dependencies"}});
    for (const auto& need : group.needs) {
      if (html.size() >= full) {
        ++left_out;
        continue;
      }
      html.open("li");
      if (!need.name.empty()) html.link(project_address(place.asked.request, place.index.key(), need.name), need.name).text(" ");
      html.element("span", printable_line(need.text, 300), {{"class", "soft small"}}).close("li");
    }
    write_left_out(html, left_out);
    html.close("ul");
    if (optional) html.close("details");
  }
  if (groups_left_out > 0) html.element("p", "and " + count_of(groups_left_out, "other extra"), {{"class", "soft"}});
}

void write_classifiers(Html& html, const About& about) {
  if (about.classifiers.empty()) return;
  html.open("details").element("summary", count_of(about.classifiers.size(), "classifier"));
  html.open("ul", {{"class", "plain small"}});
  const std::size_t full = html.size() + kRoomForClassifiers;
  std::size_t left_out = 0;
  for (const auto& classifier : about.classifiers) {
    if (html.size() >= full) {
      ++left_out;
    } else {
      html.element("li", printable_line(classifier, 200));
    }
  }
  write_left_out(html, left_out);
  html.close("ul").close("details");
}

void write_side(Html& html, const ProjectPlace& place, const ReleaseFacts& facts, const About& about) {
  html.open("aside", {{"class", "card"}, {"aria-label", "About this release"}});
  html.open("dl", {{"class", "facts projectinfo projectinfos"}});
  const auto* line = facts.overview.find(facts.release.version);
  if (line != nullptr && line->since) {
    html.element("dt", "Released").open("dd");
    write_day(html, *line->since);
    html.close("dd");
  }
  const bool only_listed = about.requires_python.empty() && line != nullptr;
  write_fact(html, "Python", only_listed ? line->requires_python : about.requires_python);
  write_fact(html, "Licence", about.licence);
  write_fact(html, "Author", about.author);
  write_fact(html, "Maintainer", about.maintainer);
  write_fact(html, "Keywords", join(about.keywords, ", "));
  html.element("dt", "Index").open("dd").link(index_address(place.asked.request, facts.release.index), facts.release.index).close("dd");
  html.close("dl");
  write_links(html, about);
  write_dependencies(html, place, about);
  write_classifiers(html, about);
  html.close("aside");
}

}  // namespace

Markup release_view(const ProjectPlace& place, const ReleaseFacts& facts) {
  const About about = facts.about.value_or(About());
  Html html;
  write_head(html, place, facts);
  write_notes(html, place, facts);
  write_install_line(html, place, "==" + facts.release.version);
  write_navigation(html, place, facts);
  html.open("div", {{"class", "columns release"}}).open("div");
  if (facts.about) write_description(html, about);
  html.close("div");
  write_side(html, place, facts, about);
  html.close("div");
  const auto part = write_files(html, place, facts.release);
  write_log(html, place, facts.release, part);
  write_deletion(html, place, facts.release);
  return std::move(html).markup();
}

}  // namespace bodega::web
