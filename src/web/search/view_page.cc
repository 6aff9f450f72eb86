#include <algorithm>
#include <array>

#include "base/text.h"
#include "web/icons.h"
#include "web/layout.h"
#include "web/search/view.h"

namespace bodega::web {
namespace {

using http::Request;

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kTypes{{{"project", "Project names"},
                                                                               {"summary", "Summaries"},
                                                                               {"keywords", "Keywords"},
                                                                               {"description", "Descriptions"},
                                                                               {"author", "Authors"},
                                                                               {"author_email", "Authors' addresses"},
                                                                               {"title", "Titles of documentation"},
                                                                               {"page", "Documentation"}}};

// "1,234"
std::string with_commas(std::uint64_t number) {
  std::string out = std::to_string(number);
  for (std::size_t at = out.size(); at > 3;) {
    at -= 3;
    out.insert(at, ",");
  }
  return out;
}

void write_excerpt(Html& html, const Excerpt& excerpt) {
  for (const auto& piece : excerpt) {
    if (piece.marked) {
      html.element("mark", piece.text);
    } else {
      html.text(piece.text);
    }
  }
}

std::string search_address(const Request& request, const std::string& query) { return address(request, "/+search") + "?" + query; }

void write_option(Html& html, std::string_view value, std::string_view text, bool chosen) {
  html.element("option", text, {{"value", value}, flag("selected", chosen)});
}

void write_filters(Html& html, const PageRequest& asked, const SearchView& view) {
  const auto& form = view.form;
  html.open("form", {{"class", "filter searchfilter"}, {"method", "get"}, {"action", address(asked.request, "/+search")}});
  html.leaf("input", {{"type", "hidden"}, {"name", "query"}, {"value", form.query}});
  html.open("select", {{"name", "index"}, {"aria-label", "Index"}});
  write_option(html, "", "All indexes", form.index.empty());
  bool listed = form.index.empty();
  for (const auto& index : view.indexes) {
    write_option(html, index, index, index == form.index);
    listed = listed || index == form.index;
  }
  if (!listed) write_option(html, form.index, form.index, true);
  html.close("select").open("select", {{"name", "type"}, {"aria-label", "Where to look"}});
  write_option(html, "", "All texts", form.type.empty());
  for (const auto& [type, text] : kTypes) write_option(html, type, text, type == form.type);
  html.close("select");
  html.leaf("input", {{"name", "python"}, {"value", form.python}, {"placeholder", "Python, as 3.11"}, {"aria-label", "Python version"}});
  html.leaf("input", {{"name", "license"}, {"value", form.license}, {"placeholder", "Licence, as MIT"}, {"aria-label", "Licence"}});
  html.element("button", "Filter", {{"class", "quiet"}});
  html.close("form");
}

std::string_view type_in_words(std::string_view type) {
  if (type == "author_email") return "Author's address";
  if (type == "keywords") return "Keywords";
  if (type == "description") return "Description";
  if (type == "author") return "Author";
  if (type == "summary") return "Summary";
  return "Documentation";
}

void write_sub_hit(Html& html, const Request& request, const TextHit& hit, const SubHit& sub) {
  html.open("dt");
  if (sub.type == "page") {
    const auto href = version_address(request, hit.index, hit.project, hit.docs_version) + "/+d/" + percent_encode(sub.path, "/");
    html.link(href, sub.title.empty() ? sub.path : sub.title);
  } else {
    const auto anchor = sub.type == "description" ? "#description" : "";
    html.link(hit_address(request, hit) + anchor, type_in_words(sub.type));
  }
  html.close("dt").open("dd");
  write_excerpt(html, sub.excerpt);
  html.close("dd");
}

void write_hit(Html& html, const PageRequest& asked, const SearchView& view, const TextHit& hit) {
  const auto& request = asked.request;
  const bool mirrored = hit.origin == Origin::mirrored;
  html.open("dt", {{"class", "packagename"}});
  html.open("a", {{"href", hit_address(request, hit)}}).text(hit.name);
  if (!hit.version.empty()) html.text(" ").element("span", hit.version, {{"class", "version"}});
  html.close("a").close("dt");
  html.open("dd", {{"class", "packageinfo"}});
  html.open("div", {{"class", "packagedetails"}});
  html.open("span").raw(icon(mirrored ? Icon::mirror : Icon::stage)).text(" /" + hit.index + "/" + hit.project).close("span").close("div");
  if (!hit.summary.empty()) {
    html.open("p", {{"class", "summary"}});
    write_excerpt(html, hit.summary);
    html.close("p");
  }
  const bool only_summary = hit.sub_hits.size() == 1 && hit.sub_hits[0].type == "summary";  // it stands above, marked
  if (!hit.sub_hits.empty() && !only_summary) {
    html.open("dl");
    for (const auto& sub : hit.sub_hits) {
      if (sub.type != "summary") write_sub_hit(html, request, hit, sub);
    }
    html.close("dl");
  }
  if (hit.sub_total > hit.sub_hits.size()) {
    const auto more = hit.sub_total - hit.sub_hits.size();
    const auto query = form_query(view.form, view.form.query + " path:/" + hit.index + "/" + hit.project, 1);
    html.open("div", {{"class", "packagefurther"}});
    html.link(search_address(request, query),
              with_commas(more) + (more == 1 ? " more result for " : " more results for ") + hit.name + " \xe2\x80\xa6");
    html.close("div");
  }
  html.close("dd");
}

void write_batch(Html& html, const PageRequest& asked, const SearchView& view) {
  const auto& results = view.results;
  if (results.pages <= 1) return;
  const auto link = [&](std::size_t page, const std::string& text, std::string_view css) {
    html.open("li", {{"class", css, !css.empty()}});
    if (page == results.page) {
      html.element("span", text, {{"aria-current", "page"}});
    } else {
      html.link(search_address(asked.request, form_query(view.form, view.form.query, page)), text);
    }
    html.close("li");
  };
  html.open("nav", {{"aria-label", "Pages of results"}}).open("ul", {{"class", "batch_links"}});
  if (results.page > 1) link(results.page - 1, "Prev", "prev");
  std::size_t last = 0;
  for (std::size_t page = 1; page <= results.pages; ++page) {
    const bool near = page + 2 >= results.page && page <= results.page + 2;
    if (page != 1 && page != results.pages && !near) continue;
    if (last + 1 != page) html.element("li", "\xe2\x80\xa6");
    link(page, std::to_string(page), page == results.page ? "current" : "");
    last = page;
  }
  if (results.page < results.pages) link(results.page + 1, "Next", "next");
  html.close("ul").close("nav");
}

void write_notes(Html& html, const PageRequest& asked, const SearchView& view) {
  if (!view.results.did_you_mean.empty()) {
    const auto href = search_address(asked.request, form_query(view.form, view.results.did_you_mean, 1));
    html.open("p", {{"class", "didyoumean"}}).text("Did you mean ").link(href, view.results.did_you_mean).text("?").close("p");
  }
  if (!view.whole) {
    html.element("p", "The index is being brought up to date; some projects may be missing for a moment.", {{"class", "infonote"}});
  } else if (!view.unlisted.empty()) {
    html.element("p",
                 "The names of all projects are not known yet for " + join(view.unlisted, ", ") + "; what has been cached is searched.",
                 {{"class", "infonote"}});
  }
}

void write_nothing(Html& html, const PageRequest& asked, const SearchView& view) {
  html.open("p", {{"class", "lead"}}).text("Your search ").element("strong", view.form.query).text(" did not match anything.").close("p");
  const auto name = name_form(view.form.query);
  if (name.empty() || view.unlisted.empty() || view.form.query.find(' ') != std::string::npos) return;
  html.open("p").text("Look for it by its name on ");
  for (const auto& mirror : view.unlisted) html.link(project_address(asked.request, mirror, name), mirror + "/" + name).text(" ");
  html.close("p");
}

void write_start(Html& html, const PageRequest& asked) {
  html.element("h1", "Search");
  html.open("form", {{"class", "filter"}, {"method", "get"}, {"action", address(asked.request, "/+search")}});
  html.leaf("input", {{"type", "search"}, {"name", "query"}, {"aria-label", "Search"}, {"placeholder", "Names, summaries, documentation"}});
  html.element("button", "Search").close("form");
  html.open("p").text("Words are looked for in names, summaries, descriptions and documentation. ");
  html.link(address(asked.request, "/+searchhelp"), "What else can be asked for").text(".").close("p");
}

}  // namespace

std::string hit_address(const Request& request, const TextHit& hit) {
  if (hit.version.empty()) return project_address(request, hit.index, hit.project);
  return version_address(request, hit.index, hit.project, hit.version);
}

std::string form_query(const SearchForm& form, std::string_view query, std::size_t page) {
  std::string out = "query=" + percent_encode(query, "/:");
  const auto add = [&out](std::string_view key, const std::string& value) {
    if (!value.empty()) out += "&" + std::string(key) + "=" + percent_encode(value, "/");
  };
  add("index", form.index);
  add("type", form.type);
  add("python", form.python);
  add("license", form.license);
  if (page > 1) out += "&page=" + std::to_string(page);
  return out;
}

http::Response search_page(const PageRequest& asked, const SearchView& view) {
  Html html;
  PageFrame frame{asked, view.form.query.empty() ? "Search" : view.form.query + " - search", {{"Home", address(asked.request, "/")}}};
  frame.crumbs.push_back({"Search", address(asked.request, "/+search")});
  frame.search = view.form.query;
  if (view.form.empty()) {
    write_start(html, asked);
    auto response = page(frame, std::move(html).markup());
    response.route = "web.search";
    return response;
  }
  const auto feed = search_address(asked.request, form_query(view.form, view.form.query, 1) + "&format=atom");
  frame.feeds.push_back({"Search for " + view.form.query, feed});
  const auto& results = view.results;
  html.open("div", {{"class", "head"}});
  html.element("h1", view.form.query.empty() ? std::string("Search") : "Results for \xe2\x80\x9c" + view.form.query + "\xe2\x80\x9d");
  html.open("p", {{"class", "soft found"}}).text(with_commas(results.total) + (results.total == 1 ? " project" : " projects"));
  html.text(" \xc2\xb7 ").link(feed, "Feed").close("p").close("div");
  write_filters(html, asked, view);
  write_notes(html, asked, view);
  if (results.hits.empty()) {
    write_nothing(html, asked, view);
  } else {
    html.open("div", {{"class", "searchresults"}}).open("dl");
    for (const auto& hit : results.hits) write_hit(html, asked, view, hit);
    html.close("dl");
    write_batch(html, asked, view);
    html.close("div");
  }
  auto response = page(frame, std::move(html).markup());
  response.route = "web.search";
  return response;
}

}  // namespace bodega::web
