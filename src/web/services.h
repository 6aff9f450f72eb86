// What pages are made from. All outlive the pages. Home loop only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/time.h"

namespace bodega {
class Log;
class Pool;
}  // namespace bodega

namespace bodega::catalog {
class Catalog;
}
namespace bodega::access {
class Authenticator;
class TokenBook;
}  // namespace bodega::access
namespace bodega::cache {
class Artifacts;
class Dependencies;
class Documents;
class Upstream;
}  // namespace bodega::cache
namespace bodega::pypi {
class Api;
class Docs;
class Mirrors;
class ProjectLists;
class Readers;
class Registry;
class Releases;
class Simple;
class Tokens;
class Uploads;
}  // namespace bodega::pypi

namespace bodega::web {

class Indexer;
struct StatusFacts;

struct Services {
  catalog::Catalog& catalog;
  pypi::Registry& registry;
  pypi::Readers& readers;
  access::Authenticator& authenticator;
  access::TokenBook& token_book;
  cache::Upstream& upstream;
  cache::Documents& documents;
  cache::Artifacts& artifacts;
  cache::Dependencies& facts;
  pypi::Mirrors& mirrors;
  pypi::ProjectLists& lists;
  // Forms and JSON lead to the same calls: what somebody may do, and what it does, is decided there.
  pypi::Api& api;
  pypi::Docs& docs;
  pypi::Releases& releases;
  pypi::Simple& simple;
  pypi::Tokens& tokens;
  pypi::Uploads& uploads;
  Indexer& indexer;
  Pool& pool;
  const Clock& clock;
  Log& log;

  std::string version;                                        // Bodega's own
  std::optional<std::string> public_url{};                    // as ApiOptions'
  std::optional<std::vector<std::string>> restrict_modify{};  // likewise
  std::function<Task<StatusFacts>()> status{};                // how the server is
};

}  // namespace bodega::web
