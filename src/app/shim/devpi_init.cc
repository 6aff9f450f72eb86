#include "app/shim/devpi_init.h"

#include <fstream>

#include "access/password.h"
#include "app/data_directory.h"
#include "async/log_writer.h"
#include "async/loop.h"
#include "async/task_group.h"
#include "catalog/catalog.h"
#include "ops/transfer/import_state.h"

namespace bodega::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRootPypi = "root/pypi";

Task<Result<void>> fit_root_pypi(pypi::Registry& registry, pypi::RootPypi wanted, pypi::Json config) {
  const bool is_there = registry.find_index(kRootPypi) != nullptr;
  if (is_there == (wanted == pypi::RootPypi::make)) co_return Result<void>();
  if (is_there) {
    auto check = [](const pypi::IndexConfig&) { return Result<void>(); };
    co_return co_await registry.delete_index(std::string(kRootPypi), check);
  }
  auto options = [config = std::move(config)]() -> Result<pypi::Json> { return config; };
  auto made = co_await registry.create_index("root", "pypi", std::move(options));
  if (!made) co_return fail(std::move(made).error());
  co_return Result<void>();
}

Task<void> make_first(pypi::Registry& registry, pypi::StartOptions options, Loop& loop, Result<void>& out) {
  const auto wanted = options.root_pypi;
  auto config = pypi::root_pypi_options(options);
  out = co_await registry.first_start(std::move(options));
  if (out) out = co_await fit_root_pypi(registry, wanted, std::move(config));
  loop.stop();
}

Result<void> write_small(const fs::path& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content << std::flush;
  if (!file) return fail(Code::io, path.string() + " cannot be written");
  return {};
}

// The format generation of devpi-server 6; scripts only look whether the file is there.
Result<void> leave_marks(const fs::path& data, const std::string& uuid) {
  BODEGA_TRY_VOID(write_small(data / ".serverversion", "4"));
  return write_small(data / ".nodeinfo", "{\"role\": \"standalone\", \"uuid\": \"" + uuid + "\"}\n");
}

pypi::StartOptions start_options(const Config& config, InitOptions options) {
  pypi::StartOptions start;
  start.root_password = std::move(options.root_password);
  start.root_password_hash = std::move(options.root_password_hash);
  start.root_pypi = options.root_pypi;
  start.upstream = config.upstream;
  if (config.upstream.host == "pypi.org") start.mirror_web_url_fmt = "https://pypi.org/project/{name}/";
  return start;
}

}  // namespace

bool is_initialised(const fs::path& path) {
  std::error_code ignored;
  return judge_server_directory(path) == ServerDirectory::bodega && fs::exists(path / ".nodeinfo", ignored);
}

ServerDirectory judge_server_directory(const fs::path& path) {
  std::error_code ignored;
  if (fs::exists(path / "catalog.db", ignored)) return ServerDirectory::bodega;
  for (const char* name : {".sqlite", ".sqlite_db", ".serverversion", ".nodeinfo"}) {
    if (fs::exists(path / name, ignored)) return ServerDirectory::devpi;
  }
  return ServerDirectory::fresh;
}

Result<void> init_server_directory(const Config& config, InitOptions options) {
  BODEGA_TRY(const auto data, DataDirectory::open(config.data));
  const SystemClock clock;
  LogWriterOptions log_options;
  log_options.level = LogLevel::warning;
  const auto log = make_log_writer(log_options, clock);
  const auto pool = make_inline_pool();
  catalog::CatalogOptions catalog_options;
  catalog_options.directory = config.data;
  catalog_options.threads = catalog::Threads::inline_writer;
  catalog_options.clock = &clock;
  BODEGA_TRY(const auto catalog, catalog::open_catalog(std::move(catalog_options), *pool, data->had_data()));
  BODEGA_TRY_VOID(ops::refuse_half_import(*catalog));
  Loop home("home");
  cache::Dependencies facts;
  access::PasswordHasher hasher(*pool, {});
  pypi::Registry registry({*catalog, facts, hasher, clock, *log});
  Result<void> done;
  TaskGroup tasks(home, [&done](const std::string& what) { done = fail(Code::io, what); });
  auto work = make_first(registry, start_options(config, std::move(options)), home, done);
  tasks.spawn(std::move(work));
  home.context().run();
  BODEGA_TRY_VOID(std::move(done));
  return leave_marks(config.data, registry.uuid());
}

}  // namespace bodega::app
