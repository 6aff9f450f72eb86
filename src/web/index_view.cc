#include "web/index_view.h"

#include <algorithm>

#include "base/text.h"
#include "web/icons.h"
#include "web/words.h"

namespace bodega::web {

using pypi::IndexConfig;

namespace {

void write_chip(Html& html, std::string_view text, std::string_view css_class, std::optional<Icon> drawing = std::nullopt) {
  html.open("span", {{"class", css_class}});
  if (drawing) html.raw(icon(*drawing));
  html.text(text).close("span");
}

void write_bases(Html& html, const PageRequest& asked, const IndexConfig& index) {
  if (index.is_mirror()) {
    html.element("span", "asks its upstream", {{"class", "soft"}});
    return;
  }
  if (index.bases.empty()) html.element("span", "nothing but its own", {{"class", "soft"}});
  for (const auto& base : index.bases) {
    if (&base != &index.bases.front()) html.text(", ");
    html.link(index_address(asked.request, base), base);
  }
}

void write_index_row(Html& html, const PageRequest& asked, const IndexLine& line) {
  const auto& index = *line.index;
  html.open("tr").open("th", {{"scope", "row"}});
  html.open("a", {{"href", index_address(asked.request, index.key())}, {"title", index.description, !index.description.empty()}});
  html.text(index.key()).close("a");
  if (!index.title.empty()) html.text(" ").element("span", index.title, {{"class", "soft small"}});
  html.close("th").open("td").open("span", {{"class", "chips"}});
  write_index_chips(html, index);
  html.close("span").close("td").open("td", {{"data-label", "Also looks in"}});
  write_bases(html, asked, index);
  html.close("td");
  html.element("td", line.projects ? number_in_words(*line.projects) : std::string(), {{"class", "number"}, {"data-label", "Projects"}});
  html.close("tr");
}

}  // namespace

bool is_private(const IndexConfig& index) {
  return index.acl_read && std::find(index.acl_read->begin(), index.acl_read->end(), ":ANONYMOUS:") == index.acl_read->end();
}

void write_index_chips(Html& html, const IndexConfig& index) {
  if (index.is_mirror()) {
    write_chip(html, "mirror", "chip info", Icon::mirror);
  } else {
    write_chip(html, "index", "chip accent", Icon::stage);
    if (index.is_volatile) write_chip(html, "volatile", "chip");
  }
  if (is_private(index)) write_chip(html, "private", "chip warn", Icon::lock);
}

void write_index_list(Html& html, const PageRequest& asked, const std::vector<UserLine>& users) {
  html.open("div", {{"class", "scroll user_index_list"}});
  html.open("table", {{"data-filter", "Filter the indexes"}, {"data-sort", ""}});
  html.raw(
      Markup("<thead><tr><th scope=\"col\">Index</th><th scope=\"col\">Kind</th><th scope=\"col\">Also looks in</th>"
             "<th scope=\"col\" class=\"number\">Projects</th></tr></thead><tbody>"));
  for (const auto& user : users) {
    for (const auto& line : user.indexes) write_index_row(html, asked, line);
  }
  html.raw(Markup("</tbody></table>")).close("div");
}

void write_pager(Html& html, std::string_view href, std::size_t page, std::size_t pages, std::string_view total) {
  if (pages <= 1) return;
  html.open("nav", {{"class", "pager"}, {"aria-label", "Pages"}});
  const auto link = [&](std::size_t to, std::string_view text, Name rel) {
    html.element("a", text,
                 {{"class", "button quiet small"}, {"href", std::string(href) + "page=" + std::to_string(to)}, {"rel", rel.view()}});
  };
  if (page > 1) link(page - 1, "Previous", "prev");
  html.element("span", "Page " + number_in_words(page) + " of " + number_in_words(pages) + ", " + std::string(total) + " in all");
  if (page < pages) link(page + 1, "Next", "next");
  html.close("nav");
}

}  // namespace bodega::web
