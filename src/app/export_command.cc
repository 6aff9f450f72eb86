#include "app/export_command.h"

#include <cinttypes>
#include <cstdio>
#include <filesystem>

#include "app/data_directory.h"
#include "app/offline_data.h"
#include "app/progress.h"
#include "ops/transfer/export.h"
#include "ops/transfer/import_state.h"

namespace bodega::app {
namespace {

namespace fs = std::filesystem;

Exit complain(const Error& error, Exit code) {
  std::fprintf(stderr, "bodega export devpi: %s\n", error.describe().c_str());
  return code;
}

void print(const ops::ExportReport& report, const std::string& directory) {
  const auto line = [](const char* what, std::uint64_t count) { std::printf("%-28s %" PRIu64 "\n", what, count); };
  line("users", report.users);
  line("indexes", report.indexes);
  line("projects", report.projects);
  line("releases", report.releases);
  line("files", report.files);
  line("bytes", report.bytes);
  if (report.linked > 0) line("of them hard links", report.linked);
  if (report.yanked > 0) line("yanked, mark lost in devpi", report.yanked);
  line("left out", report.damaged);
  std::printf("Next: devpi-import --serverdir NEW-DIRECTORY %s\n", directory.c_str());
  if (report.linked > 0) std::printf("The files are shared with the data directory: nothing may write into them.\n");
}

Result<ops::ExportReport> with_progress(const OfflineData& data, const ops::ExportOptions& options, const ops::ExportVolume& volume) {
  ops::ExportProgress counts;
  Progress progress([&counts] { return Amount{counts.files.load(), counts.bytes.load()}; }, {volume.files, volume.bytes});
  return ops::export_devpi(*data.catalog, *data.store, options, counts, [&progress](const std::string& line) { progress.say(line); });
}

}  // namespace

Exit run_export_devpi(const Command& command) {
  const std::string& directory = command.operands.front();
  if (lies_in(directory, command.config.data))
    return complain({Code::invalid, directory + " lies in the data directory. Name one outside of it.", {}, {}}, Exit::usage);
  const auto data = OfflineData::open(command.config.data);
  if (!data) return complain(data.error(), Exit::data_unusable);
  if (const auto whole = ops::refuse_half_import(*data->catalog); !whole) return complain(whole.error(), Exit::data_unusable);
  ops::ExportOptions options;
  options.directory = directory;
  options.mirrored = command.has("include-mirrored-files") ? ops::MirroredFiles::include : ops::MirroredFiles::leave_out;
  options.placing = command.has("hard-links") ? ops::Placing::hard_link : ops::Placing::copy;
  options.program = "bodega " + std::string(version());
  const auto volume = ops::export_volume(*data->catalog, options.mirrored);
  if (!volume) return complain(volume.error(), Exit::failed);
  const auto report = with_progress(*data, options, *volume);
  if (!report) return complain(report.error(), Exit::failed);
  print(*report, directory);
  if (report->complete()) return Exit::ok;
  std::printf("Some files were left out, as told above: restore them from a backup (see \"bodega fsck\") and export again.\n");
  return Exit::failed;
}

}  // namespace bodega::app
