#include "web/project/files_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/text.h"
#include "web/forms.h"
#include "web/icons.h"
#include "web/printable.h"
#include "web/project/wheel_words.h"
#include "web/words.h"

namespace bodega::web {
namespace {

constexpr std::size_t kMaxReason = 300;
constexpr std::size_t kRoomForFiles = 30'000;  // bytes; a row takes some 900, with the forms of who may change it 2,500
constexpr std::size_t kRoomForLog = 8'000;

std::string address_of_file(const ProjectPlace& place, const FileLine& file) {
  std::string out = index_address(place.asked.request, file.index) + "/" + file.href;
  if (!file.hashes.empty()) out += "#" + file.hashes.front().algorithm + "=" + file.hashes.front().hex;
  return out;
}

void write_marks(Html& html, const FileLine& file) {
  html.open("span", {{"class", "chips"}});
  if (file.yanked) html.element("span", "yanked", {{"class", "chip bad"}});
  if (file.has_metadata)
    html.element("span", "metadata", {{"class", "chip"}, {"title", "Installers can read its metadata without getting the file"}});
  if (!file.provenance.empty()) {
    html.open("a", {{"class", "chip good"}, {"href", file.provenance}, {"rel", "nofollow noopener noreferrer"}})
        .text("provenance")
        .close("a");
  }
  if (!file.requires_python.empty()) html.element("span", "Python " + printable_line(file.requires_python, 60), {{"class", "chip"}});
  html.close("span");
  if (file.yanked && !file.yanked->empty()) {
    html.element("span", "Yanked: " + printable_line(*file.yanked, kMaxReason), {{"class", "soft small"}});
  }
}

void write_hashes(Html& html, const FileLine& file) {
  if (file.hashes.empty()) return;
  html.open("details", {{"class", "hashes small"}}).element("summary", "Hashes").open("dl");
  for (const auto& hash : file.hashes) html.element("dt", hash.algorithm).open("dd").element("code", hash.hex).close("dd");
  html.close("dl").close("details");
}

std::string way_back(const ProjectPlace& place) { return own_path(place.asked.request); }

// The forms' fields are those of /+manage/yank and /+manage/delete.
void write_change(Html& html, const ProjectPlace& place, const FileLine& file) {
  if (!file.may_change) return;
  const auto& asked = place.asked;
  const std::string index = percent_encode(file.index, "/@");
  const std::string path = percent_decode(file.href).value_or(file.href);
  html.open("details", {{"class", "change small"}}).element("summary", "Change");
  begin_form(html, asked, "/+manage/yank/" + index, "actions");
  write_hidden(html, "file", path);
  write_hidden(html, "back", way_back(place));
  write_hidden(html, "yanked", file.yanked ? "no" : "yes");
  if (!file.yanked)
    html.leaf("input", {{"name", "reason"}, {"aria-label", "Reason of the yank"}, {"placeholder", "Reason"}, {"autocomplete", "off"}});
  html.element("button", file.yanked ? "Take the yank back" : "Yank", {{"class", "quiet small"}}).close("form");
  begin_form(html, asked, "/+manage/delete/" + index, "actions");
  write_hidden(html, "file", path);
  write_hidden(html, "back", way_back(place));
  html.element("button", "Delete", {{"class", "danger small"}, {"data-confirm", "Delete " + file.filename + "?"}})
      .close("form")
      .close("details");
}

void write_results(Html& html, const ProjectPlace& place, const ReleaseView& release, const FileLine& file) {
  html.open("td", {{"class", "toxresults"}, {"data-label", "Tox results", !file.tox_results.empty()}});
  if (!file.tox_results.empty()) {
    const std::string here =
        version_address(place.asked.request, file.index, place.project, release.version) + "/+toxresults/" + percent_encode(file.filename);
    html.link(here + "/" + percent_encode(file.tox_results.back()), "Newest").text(", ");
    html.link(here, "all " + std::to_string(file.tox_results.size()));
  }
  html.close("td");
}

void write_file(Html& html, const ProjectPlace& place, const ReleaseView& release, const FileLine& file, bool has_results) {
  html.open("tr").open("td");
  html.link(address_of_file(place, file), file.filename, file.yanked ? "filename yanked" : "filename");
  html.element("span", file_words(file.filename), {{"class", "soft small words"}});
  write_marks(html, file);
  write_hashes(html, file);
  write_change(html, place, file);
  html.close("td").open("td", {{"class", "number"}, {"data-label", "Size"}, {"data-sort", file.size ? std::to_string(*file.size) : "0"}});
  html.text(file.size ? size_in_words(*file.size) : "").close("td").open("td", {{"class", "nowrap"}, {"data-label", "Uploaded"}});
  if (file.when) write_day(html, *file.when);
  if (!file.who.empty()) html.element("span", " by " + file.who, {{"class", "soft small"}});
  html.close("td").open("td", {{"data-label", "From"}});
  write_origin(html, place.asked.request, file.index, place.index.key());
  html.close("td");
  if (has_results) write_results(html, place, release, file);
  html.close("tr");
}

// devpi's form of a moment: [year, month, day, hour, minute, second].
std::string moment_words(const pypi::Json& when) {
  std::array<std::int64_t, 6> numbers{};
  const auto& items = when.items();
  for (std::size_t i = 0; i < numbers.size() && i < items.size(); ++i) {
    if (items[i].integer() != nullptr) numbers[i] = *items[i].integer();
  }
  if (items.size() < 6 || numbers[0] < 1 || numbers[0] > 9999) return {};
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]);
}

void write_place(Html& html, const ProjectPlace& place, std::string_view word, std::string_view index) {
  if (index.empty()) return;
  html.text(" " + std::string(word) + " ");
  const bool is_index = std::count(index.begin(), index.end(), '/') == 1;
  if (is_index) {
    html.link(index_address(place.asked.request, index), index);
  } else {
    html.text(printable_line(index, 200));
  }
}

void write_entry(Html& html, const ProjectPlace& place, const FileLine& file, const pypi::Json& entry) {
  const auto what = entry.text("what");
  html.open("li");
  html.text(what == "upload" ? "Uploaded" : what == "push" ? "Pushed" : what == "overwrite" ? "Replaced" : printable_line(what, 50));
  if (const auto* count = entry.find("count"); count != nullptr && count->integer() != nullptr) {
    html.text(" " + std::to_string(*count->integer()) + " time(s)");
  }
  write_place(html, place, "from", entry.text("src"));
  write_place(html, place, "to", entry.text("dst"));
  if (const auto who = entry.text("who"); !who.empty()) html.text(" by " + printable_line(who, 100));
  if (const auto* when = entry.find("when"); when != nullptr && what != "overwrite") {
    html.text(" ").element("span", moment_words(*when), {{"class", "timestamp nowrap"}});
  }
  html.text(" ").element("span", file.filename, {{"class", "soft small"}}).close("li");
}

std::size_t file_from(const http::Request& request) {
  const auto number = parse_u64(query_value(request, "file_from")).value_or(1);
  return number == 0 ? 0 : static_cast<std::size_t>(number - 1);
}

void write_parts(Html& html, const ProjectPlace& place, const ReleaseView& release, const FilePart& part) {
  const auto count = release.files.size();
  if (part.first == 0 && part.end == count) return;
  const std::string here = address(place.asked.request, own_path(place.asked.request));
  html.open("nav", {{"class", "pager"}, {"aria-label", "Parts of the list of files"}});
  if (part.first > 0) html.link(here + "#files", "First files", "button quiet small");
  html.element("span", "Files " + number_in_words(part.first + 1) + " to " + number_in_words(part.end) + " of " + number_in_words(count));
  if (part.end < count) html.link(here + "?file_from=" + std::to_string(part.end + 1) + "#files", "More files", "button quiet small");
  html.close("nav");
}

}  // namespace

FilePart write_files(Html& html, const ProjectPlace& place, const ReleaseView& release) {
  html.open("section", {{"aria-labelledby", "files"}}).element("h2", "Files", {{"id", "files"}});
  if (release.files.empty()) {
    html.element("p", "No files.", {{"class", "soft"}}).close("section");
    return {};
  }
  const bool has_results =
      std::any_of(release.files.begin(), release.files.end(), [](const FileLine& file) { return !file.tox_results.empty(); });
  html.open("div", {{"class", "scroll"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", "Files"}});
  html.open("table", {{"class", "files"}, {"data-filter", "Filter files"}, flag("data-sort", true)}).open("thead").open("tr");
  html.element("th", "File", {{"scope", "col"}}).element("th", "Size", {{"scope", "col"}, {"class", "number"}});
  for (const char* title : {"Uploaded", "Index"}) html.element("th", title, {{"scope", "col"}});
  if (has_results) html.element("th", "Tox results", {{"scope", "col"}});
  html.close("tr").close("thead").open("tbody");
  FilePart part{std::min(file_from(place.asked.request), release.files.size() - 1), 0};
  const std::size_t full = html.size() + kRoomForFiles;
  for (part.end = part.first; part.end < release.files.size() && html.size() < full; ++part.end) {
    write_file(html, place, release, release.files[part.end], has_results);
  }
  html.close("tbody").close("table").close("div");
  write_parts(html, place, release, part);
  html.close("section");
  return part;
}

void write_deletion(Html& html, const ProjectPlace& place, const ReleaseView& release) {
  const auto own = std::find_if(release.files.begin(), release.files.end(), [](const FileLine& file) { return file.may_change; });
  if (own == release.files.end()) return;
  html.open("details", {{"class", "change"}}).element("summary", "Delete this release");
  html.element("p", "All its files on " + own->index + " go, with documentation and test results.");
  begin_form(html, place.asked, "/+manage/delete/" + percent_encode(own->index, "/@"), "actions");
  write_hidden(html, "project", place.project);
  write_hidden(html, "version", release.version);
  write_hidden(html, "back", "/" + percent_encode(place.index.key(), "/@"));
  html.element("button", "Delete " + place.project + " " + release.version,
               {{"class", "danger"}, {"data-confirm", "Delete " + place.project + " " + release.version + "?"}});
  html.close("form").close("details");
}

void write_log(Html& html, const ProjectPlace& place, const ReleaseView& release, const FilePart& part) {
  const std::span shown(release.files.data() + part.first, part.end - part.first);
  const bool has_log = std::any_of(shown.begin(), shown.end(), [](const FileLine& file) { return !file.log.items().empty(); });
  if (!has_log) return;
  html.open("section", {{"aria-labelledby", "history"}}).element("h2", "History", {{"id", "history"}});
  html.open("ul", {{"class", "plain file_history"}});
  std::size_t left_out = 0;
  const std::size_t full = html.size() + kRoomForLog;
  for (const auto& file : shown) {
    for (const auto& entry : file.log.items()) {
      if (html.size() >= full) {
        ++left_out;
      } else {
        write_entry(html, place, file, entry);
      }
    }
  }
  html.close("ul");
  if (left_out > 0) html.element("p", "and " + count_of(left_out, "other") + ", which the API tells", {{"class", "soft small"}});
  html.close("section");
}

}  // namespace bodega::web
