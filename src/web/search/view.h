// The search as people, browsers and tools ask for it (docs/search.md): /+search, /+searchhelp, /+opensearch.xml, and XML-RPC at an index.
// Home loop only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/gate.h"
#include "async/offload.h"
#include "catalog/catalog.h"
#include "http/message.h"
#include "pypi/index/readers.h"
#include "web/page_request.h"
#include "web/search/engine.h"
#include "web/search/indexer.h"
#include "web/search/xmlrpc.h"

namespace bodega::web {

// What the query part of the address asks for.
struct SearchForm {
  std::string query;
  std::string index;  // filters; "" = none
  std::string license;
  std::string python;
  std::string type;
  std::size_t page = 1;
  bool empty() const { return query.empty() && index.empty() && license.empty() && python.empty() && type.empty(); }
};
SearchForm search_form_of(const http::Request& request);
// The query with the filters. Pure.
Query whole_query(const SearchForm& form);

struct SearchView {
  SearchForm form;
  SearchResults results;
  std::vector<std::string> indexes;   // that may be chosen
  std::vector<std::string> unlisted;  // mirrors whose names are not known (yet)
  bool whole = true;                  // false: the index is being made, something may be missing
};

// ---- Pure. ----
http::Response search_page(const PageRequest& asked, const SearchView& view);
http::Response search_json(const http::Request& request, const SearchView& view);
// `base`: the server's address as the outside sees it, with its path. The hits by their newest release, which all have.
http::Response search_feed(const http::Request& request, const std::string& base, const SearchForm& form, const std::vector<TextHit>& hits);
http::Response search_help_page(const PageRequest& asked, Indexed what);
http::Response opensearch_document(const std::string& base);
// Where a hit leads: to its version, or to the project.
std::string hit_address(const http::Request& request, const TextHit& hit);
// "query=...&index=...", with another query and page; empty fields are left out.
std::string form_query(const SearchForm& form, std::string_view query, std::size_t page);
Result<Query> xmlrpc_query(const XmlRpcCall& call);  // invalid with devpi's sentences

class Searches {
 public:
  struct Dependencies {
    catalog::Catalog& catalog;
    pypi::Registry& registry;
    pypi::Readers& readers;
    Indexer& indexer;
    Pool& pool;
    Log& log;
    std::optional<std::string> public_url;  // of the server, when it is configured
  };
  explicit Searches(Dependencies use) : use_(std::move(use)) {}

  // Whether a POST to an index is XML-RPC.
  static bool is_xmlrpc(const http::Request& request);

  Task<http::Response> search(PageRequest& asked);
  Task<http::Response> xmlrpc(http::Request& request, pypi::Route route);
  http::Response opensearch(const PageRequest& asked) const;
  http::Response help(const PageRequest& asked) const { return search_help_page(asked, use_.indexer.what()); }

 private:
  std::vector<std::string> readable(const access::Principal& who) const;
  SearchQuestion question(std::string text, Query query, std::vector<std::string> readable) const;
  Task<http::Response> feed(PageRequest& asked, SearchForm form, SearchQuestion ask);
  Task<http::Response> suggest(PageRequest& asked, std::string prefix);
  Task<Result<SearchResults>> run(SearchQuestion question, std::size_t page);
  // A project that was deleted a moment ago may be in the index still.
  Task<void> drop_deleted(std::vector<TextHit>& hits);
  Task<Result<std::string>> call(http::Request& request, pypi::IndexRef index);
  void note_damage(const Error& error);

  Dependencies use_;
  // Half of a small machine's threads; more only wait for each other.
  access::Gate gate_{2, 128};
};

}  // namespace bodega::web
