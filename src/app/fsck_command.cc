#include "app/fsck_command.h"

#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

#include "app/offline_data.h"
#include "ops/fsck.h"
#include "ops/rebuild.h"

namespace bodega::app {
namespace {

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

// One that opens is no case for this. A damaged one is renamed, with its log.
Result<void> make_place(const std::filesystem::path& data, catalog::HadData had_data) {
  namespace fs = std::filesystem;
  const fs::path file = data / "catalog.db";
  std::error_code error;
  if (fs::exists(file, error) && fs::file_size(file, error) > 0) {
    const auto pool = make_inline_pool();
    catalog::CatalogOptions options;
    options.directory = data;
    options.threads = catalog::Threads::inline_writer;
    const auto opened = catalog::open_catalog(std::move(options), *pool, had_data);
    if (opened)
      return fail(Code::conflict,
                  file.string() + " can be read: there is nothing to rebuild. Move it away if it must be made anew all the same.");
    if (opened.error().code != Code::corrupt) return fail(opened.error());
  }
  const std::string suffix = ".damaged-" + std::to_string(to_unix_micros(SystemClock().wall()));
  for (const char* const part : {"-wal", "-shm", ""}) {
    fs::rename(fs::path(file) += part, fs::path(file) += suffix + part, error);
    if (error && error != std::errc::no_such_file_or_directory)
      return fail(Code::io, "cannot rename " + file.string() + ": " + error.message());
  }
  return {};
}

std::optional<std::string> content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Result<ops::RebuildReport> rebuild(const std::filesystem::path& data) {
  std::error_code error;
  if (!std::filesystem::is_directory(data, error))
    return fail(Code::not_found, data.string() + " is no directory. Name the right one with --data.");
  BODEGA_TRY(const auto directory, DataDirectory::open(data));
  BODEGA_TRY_VOID(make_place(data, directory->had_data()));
  const auto file_system = store::make_posix_file_system();
  BODEGA_TRY(const auto store, store::open_blob_store(*file_system, data, {}));
  const auto pool = make_inline_pool();
  catalog::CatalogOptions options;
  options.directory = data;
  options.threads = catalog::Threads::inline_writer;
  BODEGA_TRY(const auto catalog, catalog::open_catalog(std::move(options), *pool, catalog::HadData::no));
  const auto accounts = content_of(data / "accounts.json");
  if (!accounts) std::printf("there is no accounts.json: users and indexes are made up from what lies beside the files\n");
  const SystemClock clock;
  return ops::rebuild(*catalog, *store, accounts, clock, [](const std::string& line) { std::printf("%s\n", line.c_str()); });
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
