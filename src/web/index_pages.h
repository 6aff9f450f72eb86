// /, /{user} and /{user}/{index}. Home loop only.
#pragma once

#include "http/message.h"
#include "web/cached_names.h"
#include "web/index_view.h"
#include "web/page_request.h"
#include "web/services.h"

namespace bodega::web {

class IndexPages {
 public:
  explicit IndexPages(const Services& use) : use_(use), names_(use.catalog, use.pool) {}

  Task<http::Response> home(const PageRequest& asked);
  Task<http::Response> user(const PageRequest& asked);
  Task<http::Response> index(const PageRequest& asked);

 private:
  // Users with what of their indexes the reader may see; all of them, or the one.
  Task<Result<std::vector<UserLine>>> lines(const PageRequest& asked, std::string_view only);
  Task<Result<void>> fill(IndexView& view);
  Task<Result<catalog::NameSlice>> names_of(std::string key, catalog::Slice slice);  // of what a mirror keeps
  Task<Result<MirrorState>> state_of(const IndexView& view);                         // of a mirror whose names are there
  IndexRights rights_of(const access::Principal& who, const pypi::IndexConfig& index) const;
  SnippetWish snippets_for(const PageRequest& asked, const pypi::IndexConfig& index) const;

  const Services& use_;
  CachedNames names_;
};

}  // namespace bodega::web
