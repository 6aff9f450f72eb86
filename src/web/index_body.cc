#include <algorithm>

#include "base/text.h"
#include "pypi/index/index_config.h"
#include "web/forms.h"
#include "web/icons.h"
#include "web/index_view.h"
#include "web/printable.h"
#include "web/words.h"

namespace bodega::web {

using pypi::IndexConfig;
using pypi::IndexRef;

namespace {

// Pages stay under 60 KB: a whitelist may hold thousands, and options what anybody put there.
constexpr std::size_t kMostNames = 200;
constexpr std::size_t kMostOfOption = 1000;

std::string special_name(std::string_view name) {
  if (name == ":ANONYMOUS:") return "everybody";
  if (name == ":AUTHENTICATED:") return "everybody who is logged in";
  return std::string(name);
}

void write_who(Html& html, std::string_view title, const std::vector<std::string>& names, std::string_view nobody) {
  html.element("dt", title).open("dd");
  if (names.empty()) html.text(nobody);
  for (const auto& name : names) {
    if (&name != &names.front()) html.text(", ");
    html.text(special_name(name));
  }
  html.close("dd");
}

void write_permissions(Html& html, const IndexConfig& index) {
  html.element("h2", "Who may").open("dl", {{"class", "facts permissions"}});
  auto readers = index.acl_read.value_or(std::vector<std::string>{":ANONYMOUS:"});
  const bool closed = is_private(index);
  if (closed && std::find(readers.begin(), readers.end(), index.user) == readers.end()) readers.insert(readers.begin(), index.user);
  write_who(html, "read", readers, index.user);
  if (!index.is_mirror()) {
    write_who(html, "upload", index.acl_upload, "nobody");
    write_who(html, "post test results", index.acl_toxresult_upload, "nobody");
  }
  write_who(html, "change it", {index.user}, "");
  html.close("dl");
}

std::string_view role_in_chain(const IndexConfig& asked, const IndexConfig& one) {
  if (one.key() == asked.key()) return one.is_mirror() ? "what this mirror reads from its upstream" : "what was uploaded here";
  if (one.is_mirror()) return "a mirror: asked last, and only for names that no index above holds";
  return "what was uploaded there";
}

// Where an installer that asks this index gets its files from, in order.
void write_chain(Html& html, const PageRequest& asked, const IndexView& view) {
  const auto& index = *view.index;
  html.element("h2", "Where packages come from");
  html.open("ol", {{"class", "chain"}});
  const auto step = [&](const IndexRef& one) {
    html.open("li");
    if (one->key() == index.key()) {
      html.element("strong", one->key());
    } else {
      html.link(index_address(asked.request, one->key()), one->key());
    }
    html.open("div", {{"class", "soft small"}}).text(role_in_chain(index, *one));
    if (one->mirror_url) html.text(", " + pypi::without_userinfo(one->mirror_url->text()));
    html.close("div").close("li");
  };
  std::for_each(view.order.stages.begin(), view.order.stages.end(), step);
  std::for_each(view.order.mirrors.begin(), view.order.mirrors.end(), step);
  html.close("ol");
  for (const auto& missing : view.order.missing) {
    html.element("p", "The base " + missing + " does not exist (any more); it is passed over.", {{"class", "banner warn"}});
  }
  if (index.is_mirror() || view.order.mirrors.empty()) return;
  html.open("p", {{"class", "soft small"}});
  const auto& list = index.mirror_whitelist;
  if (std::find(list.begin(), list.end(), "*") != list.end()) {
    html.text("The whitelist holds *: names of this index are filled up from the mirrors as well.");
  } else {
    html.text("A name that an index holds is private: no mirror is asked for it, so nobody outside can slip a package under it.");
  }
  html.close("p");
  if (list.empty()) return;
  html.element("h3", "Whitelisted names").open("ul", {{"class", "chips whitelist"}});
  for (std::size_t i = 0; i < list.size() && i < kMostNames; ++i) html.element("li", list[i], {{"class", "chip"}});
  html.close("ul");
  if (list.size() > kMostNames) html.element("p", "and " + count_of(list.size() - kMostNames, "other"), {{"class", "soft"}});
}

std::string shown_option(const pypi::Json& value) {
  if (value.string()) return *value.string();
  if (value.boolean()) return *value.boolean() ? "yes" : "no";
  if (!value.is_array()) return value.compact();
  std::string out;
  for (const auto& item : value.items()) out += (out.empty() ? "" : ", ") + (item.string() ? *item.string() : item.compact());
  return out;
}

void write_options(Html& html, const IndexView& view) {
  // A page is looked at over shoulders: the credentials of an upstream are not on it, for nobody.
  const auto options = pypi::shown_options(*view.index, pypi::Viewer::stranger);
  html.open("details", {{"class", "options"}}).element("summary", "All options").open("dl", {{"class", "facts"}});
  for (const auto& [name, value] : options.members()) {
    if (name == "title" || name == "description") continue;
    const auto text = printable_line(shown_option(value), kMostOfOption);
    html.open("dt").element("code", name).close("dt").element("dd", text.empty() ? "none" : text);
  }
  html.close("dl").close("details");
}

void write_latest(Html& html, const PageRequest& asked, const IndexView& view) {
  if (view.latest.empty()) return;
  html.element("h2", "Latest uploads").open("div", {{"class", "scroll"}}).open("table", {{"class", "packages"}});
  html.raw(Markup("<thead><tr><th scope=\"col\">Release</th><th scope=\"col\">When</th></tr></thead><tbody>"));
  for (const auto& file : view.latest) {
    html.open("tr").open("td");
    html.link(version_address(asked.request, file.index, file.project, file.version), file.project + " " + file.version);
    if (file.yanked) html.text(" ").element("span", "yanked", {{"class", "chip warn"}});
    html.element("div", file.filename, {{"class", "mono soft"}}).close("td").open("td");
    write_time(html, file.uploaded_at);
    if (!file.uploaded_by.empty()) html.text(" ").element("span", "by " + file.uploaded_by, {{"class", "soft nowrap"}});
    html.close("td").close("tr");
  }
  html.raw(Markup("</tbody></table>")).close("div");
}

void write_filter(Html& html, const PageRequest& asked, const IndexView& view) {
  html.open("form", {{"class", "filter"}, {"method", "get"}, {"action", index_address(asked.request, view.index->key())}});
  html.leaf("input", {{"type", "search"},
                      {"name", "filter"},
                      {"value", view.filter},
                      {"placeholder", "Part of a name"},
                      {"aria-label", "Filter the projects"}});
  html.element("button", "Filter", {{"class", "quiet"}});
  if (!view.filter.empty()) html.link(index_address(asked.request, view.index->key()), "Show all", "button quiet");
  html.close("form");
}

void write_hosted(Html& html, const PageRequest& asked, const IndexView& view) {
  html.open("div", {{"class", "scroll"}}).open("table", {{"data-sort", ""}});
  html.raw(
      Markup("<thead><tr><th scope=\"col\">Project</th><th scope=\"col\" class=\"number\">Versions</th>"
             "<th scope=\"col\">Last upload</th></tr></thead><tbody>"));
  for (const auto& one : view.projects.projects) {
    html.open("tr").open("th", {{"scope", "row"}});
    html.link(project_address(asked.request, one.row.index, one.row.name), one.row.display);
    html.close("th").element("td", number_in_words(one.releases), {{"class", "number"}, {"data-label", "Versions"}});
    html.open("td", {{"class", "nowrap"}, {"data-label", "Last upload"}});
    if (one.last_upload) write_time(html, *one.last_upload);
    html.close("td").close("tr");
  }
  html.raw(Markup("</tbody></table>")).close("div");
}

void write_mirrored(Html& html, const PageRequest& asked, const IndexView& view) {
  html.open("ul", {{"class", "projects"}});
  for (const auto& name : view.names.names) {
    html.open("li").link(project_address(asked.request, view.index->key(), name), name).close("li");
  }
  html.close("ul");
}

std::string nothing_there(const IndexView& view) {
  if (!view.filter.empty()) return "No name contains \"" + view.filter + "\".";
  if (view.index->is_mirror()) return "Nothing was read through this mirror yet.";
  return "Nothing was uploaded here yet.";
}

void write_projects(Html& html, const PageRequest& asked, const IndexView& view) {
  const bool mirror = view.index->is_mirror();
  const auto total = mirror ? view.names.total : view.projects.total;
  html.element("h2", mirror ? "Projects in the cache" : "Projects", {{"id", "projects"}});
  if (mirror) {
    html.open("p", {{"class", "soft small"}})
        .text("What was read through this mirror so far. Everything the upstream has can be installed; ");
    html.link(index_address(asked.request, view.index->key()) + "/+simple/", "all its names").text(" are one long list.").close("p");
  }
  if (total > 0 || !view.filter.empty()) write_filter(html, asked, view);
  if (total == 0) {
    html.element("p", nothing_there(view), {{"class", "soft"}});
    return;
  }
  if (mirror) {
    write_mirrored(html, asked, view);
  } else {
    write_hosted(html, asked, view);
  }
  const std::string filter = view.filter.empty() ? "" : "filter=" + percent_encode(view.filter) + "&";
  write_pager(html, index_address(asked.request, view.index->key()) + "?" + filter, view.page, view.pages, count_of(total, "project"));
}

void write_mirror_state(Html& html, const PageRequest& asked, const IndexConfig& index, const MirrorState& mirror) {
  html.element("h2", "Upstream");
  if (!mirror.trouble.empty()) html.element("p", mirror.trouble, {{"class", "banner warn"}});
  html.open("dl", {{"class", "facts"}});
  html.element("dt", "address").open("dd").link(mirror.upstream, mirror.upstream).close("dd");
  html.element("dt", "health").element("dd", mirror.trouble.empty() ? "answers, as far as it was asked" : "in trouble");
  if (!mirror.answers.empty()) html.element("dt", "answers").element("dd", mirror.answers);
  html.element("dt", "cached").element("dd", count_of(mirror.cached, "project page"));
  html.element("dt", "all mirrors").element("dd", count_of(mirror.files, "file") + ", " + size_in_words(mirror.bytes));
  html.close("dl");
  if (!asked.has_session() || index.mirror_no_project_list) return;
  begin_form(html, asked, "/+manage/refresh/" + percent_encode(index.key(), "/@"), "actions");
  html.element("button", "Refresh the list of names", {{"class", "quiet small"}}).close("form");
}

void write_title(Html& html, const PageRequest& asked, const IndexView& view) {
  const auto& index = *view.index;
  html.open("div", {{"class", "head indexinfo"}}).open("h1", {{"class", "index_title"}}).text(index.key());
  if (!index.title.empty()) html.text(" ").element("span", index.title, {{"class", "soft"}});
  html.close("h1").open("div", {{"class", "chips"}});
  write_index_chips(html, index);
  html.close("div").open("div", {{"class", "actions"}});
  if (view.readable && !index.is_mirror()) {
    html.open("a", {{"class", "button quiet small"}, {"href", index_address(asked.request, index.key()) + "/+feed"}});
    html.raw(icon(Icon::feed)).text("Feed").close("a");
  }
  const std::string manage = asked.request.mount + "/+manage/";
  const std::string key = percent_encode(index.key(), "/@");
  if (asked.has_session() && view.rights.upload) html.link(manage + "upload/" + key, "Upload", "button small");
  if (asked.has_session() && view.rights.modify) html.link(manage + "index/" + key, "Settings", "button quiet small");
  html.close("div").close("div");
  if (!index.description.empty()) html.element("p", index.description, {{"class", "lead index_description"}});
}

}  // namespace

Markup index_body(const PageRequest& asked, const IndexView& view) {
  Html html;
  write_title(html, asked, view);
  if (!view.readable) {
    html.element("p", "You may change this index, but one of the indexes it looks in is not open to you: its packages are not shown.",
                 {{"class", "banner warn"}});
  }
  html.open("div", {{"class", "columns"}}).open("div");
  if (view.readable) {
    html.open("section", {{"aria-label", "How to use it"}}).element("h2", "Use it");
    write_tools(html, tools_for(view.snippets), "tools");
    if (is_private(*view.index)) {
      html.element("p", "This index is private: programs log in with a token instead of a password.", {{"class", "hint"}});
    }
    html.close("section");
    write_latest(html, asked, view);
    write_projects(html, asked, view);
  }
  html.close("div").open("aside");
  if (view.mirror) write_mirror_state(html, asked, *view.index, *view.mirror);
  if (view.readable && !view.index->is_mirror()) write_chain(html, asked, view);
  write_permissions(html, *view.index);
  write_options(html, view);
  html.close("aside").close("div");
  return std::move(html).markup();
}

}  // namespace bodega::web
