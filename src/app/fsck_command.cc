#include "app/fsck_command.h"

#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>

#include "app/offline_data.h"
#include "base/file.h"
#include "catalog/copy.h"
#include "catalog/open.h"
#include "ops/fsck.h"
#include "ops/rebuild.h"

namespace bodega::app {
namespace {

namespace fs = std::filesystem;

Exit complain(const Error& error) {
  std::fprintf(stderr, "bodega fsck: %s\n", error.describe().c_str());
  return Exit::data_unusable;
}

void print(const ops::FsckReport& report) {
  const auto line = [](const char* what, std::uint64_t count) { std::printf("%-28s %" PRIu64 "\n", what, count); };
  line("files checked", report.blobs);
  line("bytes", report.bytes);
  line("hosted, damaged", report.damaged_hosted);
  line("hosted, missing", report.missing_hosted);
  line("cached, damaged", report.damaged_cached);
  line("cached, missing", report.missing_cached);
  line("not recorded", report.unrecorded);
  line("repaired", report.repaired);
}

catalog::CatalogOptions inline_catalog(const fs::path& directory) {
  catalog::CatalogOptions options;
  options.directory = directory;
  options.threads = catalog::Threads::inline_writer;
  return options;
}

// One that opens is no case for this.
Result<void> check_need(const fs::path& data, catalog::HadData had_data) {
  const fs::path file = data / "catalog.db";
  std::error_code error;
  if (!fs::exists(file, error) || fs::file_size(file, error) == 0) return {};
  const auto pool = make_inline_pool();
  const auto opened = catalog::open_catalog(inline_catalog(data), *pool, had_data);
  if (opened)
    return fail(Code::conflict,
                file.string() + " can be read: there is nothing to rebuild. Move it away if it must be made anew all the same.");
  if (opened.error().code != Code::corrupt) return fail(opened.error());
  return {};
}

// A damaged one is renamed, with its log.
Result<void> make_place(const fs::path& data) {
  const auto done = catalog::set_aside_database(data / "catalog.db", SystemClock().wall());
  if (!done) return fail(Code::io, done.error().context);
  return {};
}

// Nothing: there are none. Ones that cannot be read are no reason to make others up.
Result<std::optional<std::string>> accounts_beside(const fs::path& data) {
  constexpr std::size_t kMost = std::size_t{1} << 30;
  auto accounts = read_small_file(data / "accounts.json", kMost);
  if (accounts) return std::optional(*std::move(accounts));
  if (accounts.error().code == Code::not_found) return std::optional<std::string>();
  return fail(std::move(accounts).error());
}

// The new catalog is made in a directory of its own and gets its name when it is whole: one that a kill left half made would be taken for a
// good one.
Result<ops::RebuildReport> rebuild(const fs::path& data) {
  std::error_code error;
  if (!fs::is_directory(data, error)) return fail(Code::not_found, data.string() + " is no directory. Name the right one with --data.");
  BODEGA_TRY(const auto directory, DataDirectory::open(data));
  BODEGA_TRY_VOID(check_need(data, directory->had_data()));
  const auto file_system = store::make_posix_file_system();
  BODEGA_TRY(const auto store, store::open_blob_store(*file_system, data, {}));
  const fs::path making = data / "rebuild";
  fs::remove_all(making, error);
  BODEGA_TRY_VOID(file_system->make_directories(making));
  BODEGA_TRY(const auto accounts, accounts_beside(data));
  if (!accounts) std::printf("there is no accounts.json: users and indexes are made up from what lies beside the files\n");
  ops::RebuildReport report;
  {
    const auto pool = make_inline_pool();
    BODEGA_TRY(const auto catalog, catalog::open_catalog(inline_catalog(making), *pool, catalog::HadData::no));
    const auto say = [](const std::string& line) { std::printf("%s\n", line.c_str()); };
    BODEGA_TRY(report, ops::rebuild(*catalog, *store, accounts, SystemClock(), say));
  }
  BODEGA_TRY_VOID(catalog::copy_database(making / "catalog.db", making / "whole.db"));
  BODEGA_TRY_VOID(file_system->sync_all(making));
  BODEGA_TRY_VOID(make_place(data));
  BODEGA_TRY_VOID(file_system->rename(making / "whole.db", data / "catalog.db"));
  BODEGA_TRY_VOID(file_system->sync_directory(data));
  fs::remove_all(making, error);
  return report;
}

Exit run_rebuild(const Command& command) {
  const auto report = rebuild(command.config.data);
  if (!report) return complain(report.error());
  const auto line = [](const char* what, std::uint64_t count) { std::printf("%-28s %" PRIu64 "\n", what, count); };
  line("users", report->users);
  line("indexes", report->indexes);
  line("tokens", report->tokens);
  line("files", report->files);
  line("documentation, test results", report->attachments);
  line("made up", report->made_up);
  line("notes of no use", report->unusable);
  std::printf("Look it over, then start the server. \"bodega fsck\" checks the files.\n");
  return report->unusable == 0 ? Exit::ok : Exit::failed;
}

}  // namespace

Exit run_fsck(const Command& command) {
  if (command.has("rebuild")) return run_rebuild(command);
  const auto data = OfflineData::open(command.config.data);
  if (!data) return complain(data.error());
  const SystemClock clock;
  const auto say = [](const std::string& line) { std::printf("%s\n", line.c_str()); };
  const bool repair = command.has("repair");
  const auto report = ops::fsck(*data->catalog, *data->store, repair ? ops::Repair::yes : ops::Repair::no, clock, say);
  if (!report) return complain(report.error());
  print(*report);
  if (report->clean()) return Exit::ok;
  if (!repair) std::printf("Run again with --repair to mend what can be mended.\n");
  return Exit::failed;
}

}  // namespace bodega::app
