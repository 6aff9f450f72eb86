#include "web/home_view.h"

#include <algorithm>

#include "base/text.h"
#include "web/layout.h"
#include "web/words.h"

namespace bodega::web {
namespace {

// Pages stay under 60 KB: a row is some 400 bytes, a name some 150.
constexpr std::size_t kMostRows = 60;
constexpr std::size_t kMostNames = 100;

void write_users(Html& html, const PageRequest& asked, const std::vector<UserLine>& users) {
  html.element("h2", "Users").open("ul", {{"class", "chips"}});
  for (std::size_t i = 0; i < users.size() && i < kMostNames; ++i) {
    const auto& user = users[i];
    html.open("li");
    html.open("a", {{"class", "chip"}, {"href", user_address(asked.request, user.name)}, {"title", user.title, !user.title.empty()}});
    html.text(user.name);
    if (!user.indexes.empty()) html.text(", " + count_of(user.indexes.size(), "index"));
    html.close("a").close("li");
  }
  html.close("ul");
  if (users.size() > kMostNames) html.element("p", "and " + count_of(users.size() - kMostNames, "other"), {{"class", "soft"}});
}

}  // namespace

Markup home_body(const PageRequest& asked, const HomeView& view) {
  std::size_t indexes = 0;
  for (const auto& user : view.users) indexes += user.indexes.size();
  Html html;
  html.open("section", {{"class", "hero"}}).element("h1", "Python packages, close by");
  html.element("p", "A cache of the public index and private indexes beside it, for pip, uv, poetry, twine and devpi.",
               {{"class", "lead"}});
  write_search_box(html, asked.request, "", SearchBox::big);
  html.close("section");
  if (view.snippets) {
    html.open("section", {{"aria-label", "How to install"}, {"class", "card"}});
    html.open("h2").text("Install from ").link(index_address(asked.request, view.snippets->key), view.snippets->key).close("h2");
    write_tools(html, tools_for(*view.snippets), "tools");
    html.close("section");
  }
  html.element("h2", indexes == 1 ? "The index" : "The " + count_of(indexes, "index"));
  if (indexes > kMostRows) {
    html.element("p", "Too many to list here: choose a user, or search.", {{"class", "soft"}});
  } else if (indexes > 0) {
    write_index_list(html, asked, view.users);
  } else {
    html.element("p", "There is no index that you may read. Perhaps you have to log in.", {{"class", "soft"}});
  }
  write_users(html, asked, view.users);
  return std::move(html).markup();
}

Markup user_body(const PageRequest& asked, const UserLine& user, bool may_create) {
  Html html;
  html.open("div", {{"class", "head"}}).open("h1").text(user.name);
  if (!user.title.empty()) html.text(" ").element("span", user.title, {{"class", "soft"}});
  html.close("h1").open("div", {{"class", "actions"}});
  if (asked.has_session() && may_create) {
    html.link(address(asked.request, "/+manage/new-index/" + percent_encode(user.name, "@")), "New index", "button small");
    html.link(address(asked.request, "/+manage/user/" + percent_encode(user.name, "@")), "Settings", "button quiet small");
  }
  html.close("div").close("div");
  if (!user.description.empty()) html.element("p", user.description, {{"class", "lead user_description"}});
  html.element("h2", "Indexes");
  if (user.indexes.empty()) html.element("p", "There is no index here that you may read.", {{"class", "soft"}});
  if (user.indexes.empty()) return std::move(html).markup();
  const auto pages = (user.indexes.size() + kMostRows - 1) / kMostRows;
  const auto page = std::min(page_number(asked.request), pages);
  auto part = user;
  const auto first = user.indexes.begin() + static_cast<std::ptrdiff_t>((page - 1) * kMostRows);
  part.indexes.assign(first, first + std::min<std::ptrdiff_t>(kMostRows, user.indexes.end() - first));
  write_index_list(html, asked, {part});
  write_pager(html, user_address(asked.request, user.name) + "?", page, pages, count_of(user.indexes.size(), "index"));
  return std::move(html).markup();
}

}  // namespace bodega::web
