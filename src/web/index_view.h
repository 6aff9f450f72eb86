// What the pages of indexes show, gathered; and how it is shown. The second half is pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/rows.h"
#include "pypi/index/bases.h"
#include "web/html.h"
#include "web/page_request.h"
#include "web/snippets.h"

namespace bodega::web {

// One index in a list.
struct IndexLine {
  pypi::IndexRef index;
  std::optional<std::uint64_t> projects;  // hosted ones; of a mirror none
};

struct UserLine {
  std::string name;
  std::string title;
  std::string description;
  std::vector<IndexLine> indexes;
};

// What the reader may do with an index.
struct IndexRights {
  bool modify = false;
  bool upload = false;
};

struct MirrorState {
  std::string upstream;      // without user information
  std::string trouble;       // of the upstream, as a sentence; empty: none
  std::string answers;       // how fast it does, in words; empty: it was not asked yet
  std::uint64_t cached = 0;  // projects whose page is kept
  std::uint64_t files = 0;   // of the cache of all mirrors
  std::uint64_t bytes = 0;   // likewise
};

struct IndexView {
  pypi::IndexRef index;
  pypi::SearchOrder order;
  IndexRights rights;
  bool readable = true;  // else only what its manager must see
  std::string filter;
  std::size_t page = 1;
  std::size_t pages = 1;
  catalog::ProjectSlice projects;  // of a stage
  catalog::NameSlice names;        // of a mirror
  std::vector<catalog::FileRow> latest;
  std::optional<MirrorState> mirror;
  SnippetWish snippets;
};

// For everybody?
bool is_private(const pypi::IndexConfig& index);
void write_index_chips(Html& html, const pypi::IndexConfig& index);
void write_index_list(Html& html, const PageRequest& asked, const std::vector<UserLine>& users);

Markup index_body(const PageRequest& asked, const IndexView& view);

// "« newer", "older »" and where one is; nothing for a single page. `href` is the address without page=, with its "?" and what else it
// asks.
void write_pager(Html& html, std::string_view href, std::size_t page, std::size_t pages, std::string_view total);

}  // namespace bodega::web
