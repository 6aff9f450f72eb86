// The home page and the page of a user. Pure.
#pragma once

#include <optional>
#include <vector>

#include "web/index_view.h"

namespace bodega::web {

struct HomeView {
  std::vector<UserLine> users;
  std::optional<SnippetWish> snippets;  // of the index that most people want; none: there is no index for the reader
};

Markup home_body(const PageRequest& asked, const HomeView& view);
Markup user_body(const PageRequest& asked, const UserLine& user, bool may_create);

}  // namespace bodega::web
