// The files behind the links of the pages: hosted ones from the store, mirrored ones through the cache, their metadata siblings,
// documentation archives and test results. Home loop only.
#pragma once

#include "base/log.h"
#include "cache/artifacts.h"
#include "cache/dependencies.h"
#include "cache/space.h"
#include "catalog/catalog.h"
#include "http/message.h"
#include "pypi/format/links.h"
#include "pypi/index/mirror.h"
#include "pypi/index/readers.h"
#include "pypi/index/registry.h"
#include "pypi/route.h"

namespace bodega::pypi {

std::string blob_fact(const Digest& digest);

class Prefetch;

// The verified bytes of a hosted file. What is damaged or missing is told to the log, and to the client as io.
Task<Result<std::shared_ptr<const store::Blob>>> open_hosted(cache::Artifacts& artifacts, Log& log, std::string index, std::string filename,
                                                             Digest digest);

class Files {
 public:
  struct Dependencies {
    catalog::Catalog& catalog;
    Readers& readers;
    Mirrors& mirrors;
    cache::Artifacts& artifacts;
    cache::SpaceKeeper& space;
    cache::Dependencies& facts;
    const Clock& clock;
    Log& log;
    Prefetch* prefetch;  // may be null
  };
  explicit Files(Dependencies use);

  // GET and HEAD of /{u}/{i}/+f/... and /{u}/{i}/+e/...
  Task<http::Response> get(http::Request& request, Route route);

 private:
  using Permission = std::shared_ptr<http::Validity>;
  Task<http::Response> get_from(http::Request& request, IndexRef index, Route route);
  Task<http::Response> mirrored(http::Request& request, std::shared_ptr<const IndexConfig> index, FileLink link, Permission permission);
  Task<http::Response> hosted(http::Request& request, std::shared_ptr<const IndexConfig> index, FileLink link, Permission permission);
  Task<http::Response> attachment(const http::Request& request, FileLink link, catalog::AttachmentRow row);
  void keep_hot(const http::Request& request, http::Response& response, Permission permission, const std::optional<Digest>& blob);

  Dependencies use_;
};

}  // namespace bodega::pypi
