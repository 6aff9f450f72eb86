// The simple API of an index: its project pages and its list, assembled from hosted projects and mirrors. Home loop only.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "cache/dependencies.h"
#include "catalog/catalog.h"
#include "http/message.h"
#include "pypi/index/bases.h"
#include "pypi/index/holdings.h"
#include "pypi/index/merged_page.h"
#include "pypi/index/mirror.h"
#include "pypi/index/negotiated.h"
#include "pypi/index/project_lists.h"
#include "pypi/index/readers.h"
#include "pypi/index/registry.h"
#include "pypi/index/renderings.h"
#include "pypi/route.h"

namespace bodega::pypi {

class Prefetch;

struct SimpleOptions {
  Duration max_age = std::chrono::seconds(600);       // told to clients of mirrored pages, as the public index does
  Duration stage_max_age = std::chrono::seconds(60);  // of mirrored pages seen through a stage: an upload may change them any time
};

// Facts of cache::Dependencies.
std::string index_fact(const std::string& index);
std::string project_fact(const std::string& index, const std::string& project);
std::string list_fact(const std::string& index);

class Simple {
 public:
  struct Dependencies {
    catalog::Catalog& catalog;
    Registry& registry;
    Readers& readers;
    Mirrors& mirrors;
    ProjectLists& lists;
    Renderings& renderings;
    cache::Dependencies& facts;
    cache::Documents& documents;
    const Clock& clock;
    Log& log;
    Prefetch* prefetch;  // may be null
  };
  Simple(Dependencies use, SimpleOptions options);

  Task<http::Response> project(http::Request& request, Route route, PagePlace place);
  Task<http::Response> list(http::Request& request, Route route);
  // POST .../refresh: drops what is cached of the project in every mirror the index reads.
  Task<http::Response> refresh(http::Request& request, Route route);

 private:
  struct Assembled {
    std::vector<Contribution> contributions;
    std::shared_ptr<const http::Validity> validity;
    PageFacts facts;
    http::CacheOutcome outcome = http::CacheOutcome::none;
    std::string problem;
  };
  // A page as it is printed, and how it came about.
  struct Printed {
    std::shared_ptr<Rendition> rendition;
    http::CacheOutcome outcome = http::CacheOutcome::none;
    std::string problem;
  };
  Task<http::Response> project_of(http::Request& request, IndexRef index, Route route, PagePlace place);
  Task<http::Response> list_of(http::Request& request, IndexRef index, Route route);
  Task<Result<Printed>> print(IndexRef index, std::string name, PageFormat format, PagePlace place, cache::ClientWish wish);
  Task<Result<Assembled>> assemble(IndexRef index, std::string name, cache::ClientWish wish);
  Task<Result<Assembled>> assemble_once(IndexRef index, std::string name, cache::ClientWish wish);
  static void take(Holdings& holdings, const std::string& name, Assembled& out);
  SearchOrder order_of(const IndexRef& index) const;
  http::Response page_response(const http::Request& request, const IndexConfig& index, const Printed& printed, const Coding& coding,
                               const Negotiated& negotiated) const;
  Task<Result<std::vector<std::string>>> hosted_names(std::vector<IndexRef> stages);
  http::Response list_response(const ListAnswer& answer, const Negotiated& negotiated) const;

  Dependencies use_;
  SimpleOptions options_;
};

}  // namespace bodega::pypi
