// devpi's data of projects, versions and files: GET of /{user}/{index}/{project}, of /{project}/{version} below it, and of a file for who
// asks for JSON. docs/protocols/devpi.md, "Projects and versions". Home loop only.
#pragma once

#include <optional>
#include <string>

#include "access/gate.h"
#include "catalog/catalog.h"
#include "http/message.h"
#include "pypi/format/links.h"
#include "pypi/index/holdings.h"
#include "pypi/index/readers.h"
#include "pypi/index/registry.h"
#include "pypi/route.h"

namespace bodega::pypi {

class Releases {
 public:
  struct Dependencies {
    catalog::Catalog& catalog;
    Registry& registry;
    Readers& readers;
    Mirrors& mirrors;
    Pool& pool;
    Log& log;
  };
  // `public_url` as in ApiOptions.
  Releases(Dependencies use, std::optional<std::string> public_url);

  // GET and HEAD of places project and version.
  Task<http::Response> get(http::Request& request, Route route);

  // Whether a GET or HEAD of a file wants to know about it instead of having it.
  static bool wants_file_data(const http::Request& request, const Route& route);
  Task<http::Response> file_data(http::Request& request, Route route);

 private:
  enum class Bases { searched, ignored };
  struct Question {
    IndexRef index;
    std::string project;  // normalised
    std::string version;  // empty: the whole project
    Bases bases = Bases::searched;
    std::string base;  // of links
  };
  Task<Result<http::Response>> answer(Question question);
  Task<Result<Holdings>> find(const Question& question, SearchOrder order);
  Task<Result<bool>> only_bases_have(const Question& question);
  // nullopt: the holdings have no such project or version.
  Task<Result<std::optional<http::Response>>> shape(const Question& question, const Holdings& holdings);
  SearchOrder order_of(const IndexRef& index) const;
  Task<Result<Json>> known_of(IndexRef index, std::optional<FileLink> link);

  Dependencies use_;
  std::optional<std::string> public_url_;
  // The answer about a project of 20,000 files takes some 50 MB while it is made: two at once, and a queue that is not worth waiting in
  // ends.
  access::Gate shaping_{2, 64};
};

}  // namespace bodega::pypi
