#include "app/application.h"

#include <fcntl.h>
#include <unistd.h>

#include "app/command_line.h"
#include "app/configured.h"
#include "async/aside.h"
#include "http/error_response.h"
#include "ops/accounts.h"
#include "ops/transfer/import_state.h"
#include "pypi/upload/notes.h"
#include "store/spool.h"
#include "web/status_page.h"

namespace bodega::app {

using http::Method;
using http::Request;
using http::Response;
using pypi::Place;
using pypi::Route;

namespace {

// Of all that are read and printed at one moment. The largest page of the public index takes 40 MB; with what an idle server has, one of
// those fits into a container of 128 MB.
constexpr std::uint64_t kMemoryOfPages = 48ULL << 20;

Result<std::unique_ptr<store::BlobStore>> open_store(const Parts& parts, const std::filesystem::path& data, store::StoreOptions options) {
  BODEGA_TRY(auto store, store::open_blob_store(parts.file_system, data, options));
  BODEGA_TRY(const std::size_t swept, store->sweep());
  if (swept > 0) parts.log.info("store.swept", {{"files", swept}});
  return store;
}

pypi::Spool make_spool(std::filesystem::path directory) {
  return [directory = std::move(directory)](std::string_view bytes) { return store::spool(directory, bytes); };
}

}  // namespace

Result<std::unique_ptr<Application>> Application::open(const Config& config, Parts parts, const std::filesystem::path& data,
                                                       catalog::HadData had_data) {
  BODEGA_TRY(const auto disk, parts.file_system.space(data));
  const cache::SpaceRules space = space_rules(config, disk.total_bytes);
  store::StoreOptions store_options;
  store_options.free_floor_bytes = space.free_floor_bytes;
  auto opening = run_aside(parts.pool, [&parts, &data, store_options] { return open_store(parts, data, store_options); });
  catalog::CatalogOptions catalog_options;
  catalog_options.directory = data;
  catalog_options.threads = parts.catalog_threads;
  catalog_options.log = &parts.log;
  catalog_options.clock = &parts.clock;
  auto opened = catalog::open_catalog(std::move(catalog_options), parts.pool, had_data);
  BODEGA_TRY(auto store, opening.get());
  BODEGA_TRY(auto catalog, std::move(opened));
  BODEGA_TRY_VOID(ops::refuse_half_import(*catalog));
  cache::UpstreamCredentials credentials;
  if (config.upstream_credentials_file) {
    BODEGA_TRY(credentials, cache::load_upstream_credentials(*config.upstream_credentials_file, parts.log));
  }
  credentials.add_from(config.upstream);
  return std::unique_ptr<Application>(
      new Application(config, std::move(parts), data, std::move(store), std::move(catalog), space, std::move(credentials)));
}

Application::Application(const Config& config, Parts parts, std::filesystem::path data, std::unique_ptr<store::BlobStore> store,
                         std::unique_ptr<catalog::Catalog> catalog, cache::SpaceRules space, cache::UpstreamCredentials credentials)
    : config_(config),
      parts_(std::move(parts)),
      data_(std::move(data)),
      started_at_(parts_.clock.wall()),
      store_(std::move(store)),
      catalog_(std::move(catalog)),
      upstream_({parts_.client, parts_.timers, parts_.clock, parts_.log, parts_.random}, upstream_options(config), std::move(credentials)),
      space_({*catalog_, *store_, claims_, parts_.pool, parts_.timers, parts_.clock, parts_.log, parts_.home}, space),
      caretaker_({*catalog_, *store_, claims_, parts_.pool, parts_.quiet(), parts_.timers, parts_.clock, parts_.log, parts_.home},
                 config.scrub_interval),
      allowance_(kMemoryOfPages, parts_.timers, parts_.clock),
      documents_({*catalog_, upstream_, parts_.pool, allowance_, parts_.timers, parts_.clock, parts_.log, parts_.home},
                 freshness_rules(config)),
      artifacts_({*catalog_, *store_, claims_, space_, upstream_, parts_.pool, parts_.clock, parts_.log, parts_.home}),
      hasher_(parts_.pool, {}),
      registry_({*catalog_, facts_, hasher_, parts_.clock, parts_.log}),
      tokens_of_users_(*catalog_, parts_.clock, parts_.log),
      authenticator_(registry_, hasher_, parts_.clock, {}),
      readers_(registry_, authenticator_, restrict_modify(config)),
      mirrors_({documents_, artifacts_, parts_.pool, allowance_, parts_.clock, parts_.log}, config.upstream_private_hosts),
      lists_({*catalog_, *store_, artifacts_, space_, upstream_, parts_.pool, parts_.clock, parts_.log, parts_.home},
             freshness_rules(config)),
      renderings_(parts_.pool, parts_.home, parts_.log, make_spool(data_ / "tmp")),
      prefetch_({*catalog_, registry_, mirrors_, parts_.pool, parts_.clock, parts_.log, parts_.home}),
      simple_({*catalog_, registry_, readers_, mirrors_, lists_, renderings_, facts_, documents_, parts_.clock, parts_.log,
               config.prefetch ? &prefetch_ : nullptr},
              simple_options(config)),
      files_({*catalog_, readers_, mirrors_, artifacts_, space_, facts_, parts_.clock, parts_.log, config.prefetch ? &prefetch_ : nullptr}),
      api_({*catalog_, registry_, authenticator_, hasher_, parts_.clock, parts_.log}, api_options(config)),
      docs_({*catalog_, readers_, artifacts_, facts_, parts_.pool, parts_.clock, parts_.log}),
      releases_({*catalog_, registry_, readers_, mirrors_, parts_.pool, parts_.log}, api_options(config).public_url),
      uploads_({*catalog_, *store_, claims_, registry_, authenticator_, facts_, parts_.pool, parts_.clock, parts_.log},
               upload_options(config), [this](const std::string&, const std::string& project) { on_new_project(project); }),
      push_({*catalog_, *store_, claims_, registry_, authenticator_, facts_, artifacts_, mirrors_, parts_.client, parts_.pool, parts_.clock,
             parts_.log},
            upload_options(config).restrict_modify, [this](const std::string&, const std::string& project) { on_new_project(project); }),
      tokens_({registry_, authenticator_, tokens_of_users_, parts_.clock}),
      indexer_(
          {*catalog_, *store_, registry_, lists_, parts_.quiet(), parts_.timers, parts_.clock, parts_.log, parts_.home, parts_.names_after},
          config.search, data_ / "search"),
      pages_(web_services()),
      tasks_(parts_.home, [this](const std::string& what) {
        parts_.log.error("bug", {{"in", "application"}, {"what", what}});
      }) {
  connect();
}

Application::~Application() = default;

web::Services Application::web_services() {
  return {.catalog = *catalog_,
          .registry = registry_,
          .readers = readers_,
          .authenticator = authenticator_,
          .token_book = tokens_of_users_,
          .upstream = upstream_,
          .documents = documents_,
          .artifacts = artifacts_,
          .facts = facts_,
          .mirrors = mirrors_,
          .lists = lists_,
          .api = api_,
          .docs = docs_,
          .releases = releases_,
          .simple = simple_,
          .tokens = tokens_,
          .uploads = uploads_,
          .indexer = indexer_,
          .pool = parts_.pool,
          .clock = parts_.clock,
          .log = parts_.log,
          .version = std::string(version()),
          .public_url = api_options(config_).public_url,
          .restrict_modify = restrict_modify(config_),
          .status = [this] { return facts_for_people(); }};
}

// What one room must hear of another.
void Application::connect() {
  documents_.on_change([this](const std::string& index, const std::string& name) { facts_.revoke(pypi::project_fact(index, name)); });
  lists_.on_change([this](const std::string& index) { facts_.revoke(pypi::list_fact(index)); });
  facts_.on_revoke([this](const std::string& fact) { indexer_.fact_changed(fact); });
  authenticator_.use_tokens(tokens_of_users_);
  registry_.on_documents_gone([this](const std::string& index) { documents_.rows_gone(index); });
  registry_.on_user_gone([this](const std::string& user) { tokens_of_users_.forget_user(user); });
  const auto gone = [this](const Digest& digest) { facts_.revoke(pypi::blob_fact(digest)); };
  space_.on_evict(gone);
  caretaker_.on_removed(gone);
  caretaker_.for_hosted([this](const Digest& digest) {
    pypi::refresh_notes_now({*catalog_, *store_, claims_, parts_.pool, parts_.log}, digest);
  });
  artifacts_.on_damaged([this](const Digest& digest) {
    auto note = caretaker_.note_damaged(digest);
    tasks_.spawn(std::move(note));
  });
}

void Application::listening_on(const std::string& address) {
  const auto url = Url::parse(address);
  if (url) api_.listening_on(url->host, url->port);
}

Task<Result<void>> Application::start() {
  pypi::StartOptions options;
  BODEGA_CO_TRY(options.root_password, first_root_password(config_));
  options.keep_generated = [this](const Secret& password) { return write_generated_password(password); };
  options.upstream = config_.upstream;
  // Where people read about a project of the public index; of another upstream nobody knows.
  if (config_.upstream.host == "pypi.org") options.mirror_web_url_fmt = "https://pypi.org/project/{name}/";
  if (parts_.upstream_is_explicit) options.explicit_upstream = config_.upstream;
  auto started = co_await registry_.first_start(std::move(options));
  if (!started) co_return fail(std::move(started).error());
  auto key = config_.token_key_file ? read_token_key(*config_.token_key_file) : Result<Secret>(registry_.token_secret());
  if (!key) co_return fail(std::move(key).error());
  authenticator_.set_token_key(std::move(*key));
  auto loaded = co_await tokens_of_users_.load();
  if (!loaded) co_return fail(std::move(loaded).error());
  authenticator_.set_devpi_token_key(registry_.devpi_token_key());
  auto logins = co_await pages_.load();
  if (!logins) co_return fail(std::move(logins).error());
  indexer_.start();
  auto housekeeper = housekeeping();
  tasks_.spawn(std::move(housekeeper));
  caretaker_.start();
  co_return Result<void>();
}

Task<bool> Application::root_password_is_empty() {
  const auto root = registry_.find_user("root");
  if (!root) co_return false;
  auto verdict = co_await hasher_.verify(root->row.password_hash, Secret());
  co_return verdict&&* verdict != access::Verdict::wrong;
}

Task<void> Application::close() {
  tasks_.request_stop();
  co_await space_.close();
  // What it does in the pool refers to what is about to go.
  auto busy = [this] { return keeping_house_; };
  while (busy()) co_await house_kept_.wait(busy);
  co_await caretaker_.close();
  co_await prefetch_.close();
  co_await documents_.close();
  co_await artifacts_.close();
  co_await lists_.close();
  co_await indexer_.close();
  co_await renderings_.close();
  co_await space_.flush_uses();
  co_await tokens_of_users_.flush_uses();
  co_await keep_accounts();
}

void Application::on_new_project(const std::string& project) {
  auto work = forget_absences(project);
  tasks_.spawn(std::move(work));
}

// A name that is uploaded for the first time may be about to appear upstream too; what mirrors know of its absence is out of date.
Task<void> Application::forget_absences(std::string project) {
  for (const auto& user : registry_.users()) {
    for (const auto& name : user->indexes) {
      const auto index = registry_.find_index(user->row.name + "/" + name);
      if (!index || !index->is_mirror()) continue;
      auto forgotten = co_await documents_.forget_absence(index->key(), project);
      if (!forgotten)
        parts_.log.warning("document.not_forgotten", {{"index", index->key()}, {"name", project}, {"why", forgotten.error().describe()}});
    }
  }
}

Result<void> Application::write_generated_password(const Secret& password) {
  const auto path = (data_ / "initial-root-password").string();
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return fail_errno(errno, "write " + path);
  const std::string text = std::string(password.reveal()) + "\n";
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  const int errnum = errno;
  ::close(fd);
  if (!written) return fail_errno(errnum, "write " + path);
  // Root is in the catalog from here on, for ever: the file's name must last as well as its bytes.
  BODEGA_TRY_VOID(parts_.file_system.sync_directory(data_));
  generated_password_file_ = path;
  return {};
}

Task<ops::Health> Application::judge() {
  ops::Vitals vitals;
  vitals.catalog_healthy = catalog_->healthy();
  vitals.sync_trusted = store_->sync_trusted();
  vitals.draining = draining_;
  auto question = [this] { return store_->space(); };
  auto space = co_await offload(parts_.pool, question);
  vitals.space_known = space.has_value();
  if (space) {
    vitals.free_bytes = space->free_bytes;
    vitals.free_inodes = space->free_inodes;
  }
  co_return ops::judge(vitals);
}

Task<Response> Application::health(Route route) {
  Response response;
  response.route = "health";
  response.headers.add("Content-Type", "application/json");
  response.headers.add("Cache-Control", "no-store");
  if (route.rest[0] == "live") {
    response.body = std::string("{\"status\": \"live\"}\n");
    co_return response;
  }
  const auto verdict = co_await judge();
  // Degraded is not ready: an orchestrator should send writes elsewhere and a person should look. Reads go on for those who ask anyway.
  if (verdict.condition != ops::Condition::ready) response.status = 503;
  response.body = ops::to_json(verdict);
  co_return response;
}

Task<ops::Snapshot> Application::measure() {
  ops::Snapshot snapshot;
  snapshot.version = std::string(version());
  if (server_ != nullptr) {
    auto collect = [this] { return server_->counters(); };
    snapshot.server = co_await offload(parts_.pool, collect);
  }
  snapshot.upstream = upstream_.counters();
  auto question = [](catalog::CacheReader& reader) { return reader.totals(); };
  auto totals = co_await catalog_->read_cache(question);
  if (totals) {
    snapshot.cached_files = totals->blobs;
    snapshot.cached_bytes = totals->bytes;
    snapshot.documents = totals->documents;
  }
  snapshot.evicted_files = space_.evictions();
  snapshot.evicted_bytes = space_.evicted_bytes();
  snapshot.filling = artifacts_.filling();
  snapshot.passed_files = artifacts_.passed();
  snapshot.refused_for_memory = memory_guard_.refused();
  const auto& care = caretaker_.counters();
  snapshot.care = {care.adopted, care.forgotten, care.scrubbed_files, care.scrubbed_bytes, care.healed, care.damaged_hosted};
  const auto ahead = prefetch_.counters();
  snapshot.prefetch = {ahead.pages, ahead.metadata, ahead.bytes, ahead.used, ahead.used_bytes, ahead.wasted, ahead.wasted_bytes};
  const auto search = indexer_.counters();
  snapshot.search = {search.documents, search.names.names,  search.names.bytes, search.waiting,
                     search.indexed,   search.names.builds, search.rebuilds};
  snapshot.pool_queued = parts_.pool.queued();
  snapshot.catalog_queued = catalog_->queued();
  snapshot.serial = catalog_->last_serial();
  auto space_question = [this] { return store_->space(); };
  auto space = co_await offload(parts_.pool, space_question);
  if (space) snapshot.free_bytes = space->free_bytes;
  const auto verdict = co_await judge();
  snapshot.degraded = verdict.condition == ops::Condition::degraded;
  if (parts_.log_lines_dropped) snapshot.log_lines_dropped = parts_.log_lines_dropped();
  snapshot.started_at = static_cast<double>(to_unix_micros(started_at_)) / 1e6;
  co_return snapshot;
}

Task<Response> Application::metrics() {
  const auto snapshot = co_await measure();
  Response response;
  response.route = "metrics";
  response.headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.headers.add("Cache-Control", "no-store");
  response.body = ops::to_prometheus(snapshot);
  co_return response;
}

Task<void> Application::housekeeping() {
  // Uses are only for the order of eviction; a crash may forget a minute of them.
  constexpr auto kEvery = std::chrono::minutes(1);
  for (bool first = true; !tasks_.stopping(); first = false) {
    keeping_house_ = true;
    if (!first) co_await keep_house();
    co_await keep_accounts();
    keeping_house_ = false;
    house_kept_.notify_all();
    if (!tasks_.stopping()) co_await sleep_until(parts_.timers, parts_.clock.mono() + kEvery);
  }
}

Task<void> Application::keep_house() {
  co_await space_.flush_uses();
  co_await tokens_of_users_.flush_uses();
  auto room = co_await space_.make_room(0);
  if (!room) parts_.log.warning("cache.no_room", {{"why", room.error().describe()}});
  // Some months of a busy index; who follows the changelog is never so far behind.
  constexpr std::uint64_t kKeepChanges = 100'000;
  auto prune = [](catalog::Transaction& transaction) { return transaction.prune_changelog(kKeepChanges); };
  auto pruned = co_await catalog_->write(prune);
  if (!pruned) parts_.log.warning("catalog.not_pruned", {{"why", pruned.error().describe()}});
}

// Written anew when something of ours has changed. Bytes first, name last.
Task<void> Application::keep_accounts() {
  const auto serial = catalog_->last_serial();
  if (accounts_serial_ == serial) co_return;
  auto write = [this]() -> Result<void> {
    std::string text;
    BODEGA_TRY_VOID(catalog_->read_now([&text](catalog::Reader& reader) -> Result<void> {
      BODEGA_TRY(text, ops::accounts_text(reader));
      return {};
    }));
    return ops::write_whole(parts_.file_system, data_, ops::kAccountsFile, text);
  };
  auto written = co_await offload(parts_.pool, write);
  if (written) accounts_serial_ = serial;
  if (!written) parts_.log.warning("accounts.not_kept", {{"why", written.error().describe()}});
}

Result<void> Application::reload() {
  if (config_.upstream_credentials_file) {
    BODEGA_TRY(auto credentials, cache::load_upstream_credentials(*config_.upstream_credentials_file, parts_.log));
    credentials.add_from(config_.upstream);
    upstream_.replace_credentials(std::move(credentials));
  }
  BODEGA_TRY(const auto disk, parts_.file_system.space(data_));
  const auto rules = space_rules(config_, disk.total_bytes);
  space_.set_rules(rules);
  store_->set_free_floor(rules.free_floor_bytes);
  documents_.set_rules(freshness_rules(config_));
  lists_.set_rules(freshness_rules(config_));
  upstream_.set_timeouts(upstream_options(config_));
  caretaker_.set_interval(config_.scrub_interval);
  return {};
}

}  // namespace bodega::app
