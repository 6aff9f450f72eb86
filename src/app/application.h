// Everything between the wire and the disk, put together: the composition root. It takes the outside world as parts, so that the tests run
// this very composition over a manual clock, a scripted upstream and an in-process client.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "access/authenticator.h"
#include "app/config.h"
#include "async/allowance.h"
#include "async/loop.h"
#include "async/offload.h"
#include "async/signal.h"
#include "async/task_group.h"
#include "async/timers.h"
#include "base/log.h"
#include "cache/artifacts.h"
#include "cache/caretaker.h"
#include "cache/dependencies.h"
#include "cache/documents.h"
#include "cache/space.h"
#include "cache/upstream.h"
#include "catalog/catalog.h"
#include "http/client.h"
#include "http/server.h"
#include "ops/health.h"
#include "ops/memory_guard.h"
#include "ops/metrics.h"
#include "pypi/api/api.h"
#include "pypi/api/docs.h"
#include "pypi/api/push.h"
#include "pypi/api/releases.h"
#include "pypi/api/tokens.h"
#include "pypi/index/files.h"
#include "pypi/index/mirror.h"
#include "pypi/index/prefetch.h"
#include "pypi/index/project_lists.h"
#include "pypi/index/registry.h"
#include "pypi/index/renderings.h"
#include "pypi/index/simple.h"
#include "pypi/upload/upload.h"
#include "store/blob_store.h"
#include "store/claims.h"
#include "web/pages.h"
#include "web/search/indexer.h"

namespace bodega::app {

// All outlive the application.
struct Parts {
  Loop& home;
  Pool& pool;
  Timers& timers;
  const Clock& clock;
  Log& log;
  store::FileSystem& file_system;
  http::Client& client;
  std::function<double()> random;  // uniform in [0, 1)
  catalog::Threads catalog_threads = catalog::Threads::own_writer;
  // One thread of little priority, for long work: the search index, looks over the whole store. Null: the pool.
  Pool* quiet_pool = nullptr;
  std::function<std::uint64_t()> log_lines_dropped{};  // so far; may be none
  // The configuration names an upstream for this run: root/pypi uses it whatever is stored.
  bool upstream_is_explicit = false;
  // web::Indexer::Dependencies.
  std::optional<Duration> names_after = std::nullopt;

  Pool& quiet() const { return quiet_pool != nullptr ? *quiet_pool : pool; }
};

class Application final : public http::Handler {
 public:
  // Opens store and catalog in `data`, whose lock the caller holds. Blocks. Errors are sentences with the next step.
  static Result<std::unique_ptr<Application>> open(const Config& config, Parts parts, const std::filesystem::path& data,
                                                   catalog::HadData had_data);
  ~Application() override;

  // Loads users and indexes, makes root and root/pypi at the first start, begins the background work. Home loop.
  Task<Result<void>> start();
  // Ends the background work. Home loop; then the application may be destroyed.
  Task<void> close();

  Task<http::Response> handle(http::Request& request) override;

  // Takes over what may change while it runs. Home loop. `config` as given to open() has the new values already.
  Result<void> reload();

  // The server whose counters /+metrics shows; may be null.
  void watch(const http::Server* server) { server_ = server; }
  // "http://127.0.0.1:3141"; shown by /+status.
  void listening_on(const std::string& address);
  void set_draining() { draining_ = true; }
  // Where the generated root password was written; empty when none was.
  const std::string& generated_password_file() const { return generated_password_file_; }
  // Anybody may log in as root. Costs as much as a login. Home loop.
  Task<bool> root_password_is_empty();
  catalog::Catalog& catalog() { return *catalog_; }
  store::BlobStore& store() { return *store_; }
  cache::Dependencies& facts() { return facts_; }
  const web::Indexer& indexer() const { return indexer_; }

 private:
  Application(const Config& config, Parts parts, std::filesystem::path data, std::unique_ptr<store::BlobStore> store,
              std::unique_ptr<catalog::Catalog> catalog, cache::SpaceRules space, cache::UpstreamCredentials credentials);

  web::Services web_services();
  Task<web::StatusFacts> facts_for_people();
  struct Hosted {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    catalog::Serial serial = 0;
    std::optional<MonoTime> counted_at{};
  };
  Task<Hosted> count_hosted();
  Task<http::Response> dispatch(http::Request& request, pypi::Route route);
  Task<http::Response> at_index(http::Request& request, pypi::Route route);
  Task<http::Response> at_file(http::Request& request, pypi::Route route);
  Task<http::Response> at_project(http::Request& request, pypi::Route route);
  Task<http::Response> health(pypi::Route route);
  Task<http::Response> metrics();
  Task<http::Response> admin(http::Request& request, pypi::Route route);
  Task<http::Response> status();
  Task<ops::Snapshot> measure();
  Task<ops::Health> judge();
  Task<void> housekeeping();
  Task<void> keep_house();
  Task<void> keep_accounts();
  Task<void> forget_absences(std::string project);
  void on_new_project(const std::string& project);
  Result<void> write_generated_password(const Secret& password);
  void connect();

  const Config& config_;
  Parts parts_;
  std::filesystem::path data_;
  WallTime started_at_;
  bool draining_ = false;
  const http::Server* server_ = nullptr;
  bool keeping_house_ = false;  // not asleep
  Signal house_kept_;
  ops::MemoryGuard memory_guard_ = ops::make_memory_guard();
  Hosted hosted_;
  std::optional<catalog::Serial> accounts_serial_;  // of what accounts.json has
  std::string generated_password_file_;

  std::unique_ptr<store::BlobStore> store_;
  std::unique_ptr<catalog::Catalog> catalog_;
  store::Claims claims_;
  cache::Dependencies facts_;
  cache::Upstream upstream_;
  cache::SpaceKeeper space_;
  cache::Caretaker caretaker_;
  Allowance allowance_;  // memory of pages in the making
  cache::Documents documents_;
  cache::Artifacts artifacts_;
  access::PasswordHasher hasher_;
  pypi::Registry registry_;
  access::TokenBook tokens_of_users_;
  access::Authenticator authenticator_;
  pypi::Readers readers_;
  pypi::Mirrors mirrors_;
  pypi::ProjectLists lists_;
  pypi::Renderings renderings_;
  pypi::Prefetch prefetch_;
  pypi::Simple simple_;
  pypi::Files files_;
  pypi::Api api_;
  pypi::Docs docs_;
  pypi::Releases releases_;
  pypi::Uploads uploads_;
  pypi::Push push_;
  pypi::Tokens tokens_;
  web::Indexer indexer_;
  web::Pages pages_;
  TaskGroup tasks_;
};

}  // namespace bodega::app
