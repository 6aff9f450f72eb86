// The frame of every page: head, navigation, search box, breadcrumb, who is logged in, footer; and the headers of every page. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "web/html.h"
#include "web/page_request.h"

namespace bodega::web {

struct Crumb {
  std::string text;
  std::string href;  // with the mount
};

struct Feed {
  std::string title;
  std::string href;
};

struct PageFrame {
  const PageRequest& asked;
  std::string title;            // "Bodega" is added
  std::vector<Crumb> crumbs{};  // the last one is the page itself
  std::string search{};         // what stands in the search box
  std::vector<Feed> feeds{};    // Atom, for feed readers
  int status = 200;
  bool own_search = false;  // the body has a search box itself
};

// Path from the home page to an index, a project, a version of it; as far as they are given.
std::vector<Crumb> crumbs_of(const http::Request& request, std::string_view key, std::string_view project = {},
                             std::string_view version = {});

enum class SearchBox { small, big };  // big: in the middle of a page, with a button
void write_search_box(Html& html, const http::Request& request, std::string_view value, SearchBox size);

// 200 has an ETag of its bytes and must be asked for anew each time, which then mostly gives 304; anything else is not kept at all.
http::Response page(const PageFrame& frame, Markup body);

// Whether page() made it.
bool is_page(const http::Response& response);

// The policy of all pages: nothing from elsewhere, no script and no style but our files. `also` is added to it, as "; frame-src 'self'".
void add_security_headers(http::Response& response, std::string_view also = {});

// 303: look there now. After a form.
http::Response see_other(std::string location);
// 302: the page has another address.
http::Response found_at(std::string location);

}  // namespace bodega::web
