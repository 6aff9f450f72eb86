#include "app/backup_command.h"

#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "app/data_directory.h"
#include "ops/backup.h"

namespace bodega::app {
namespace {

namespace fs = std::filesystem;

Exit complain(const Error& error, Exit code) {
  std::fprintf(stderr, "bodega backup: %s\n", error.describe().c_str());
  return code;
}

}  // namespace

Exit run_backup(const Command& command) {
  const fs::path data = command.config.data;
  const fs::path target = fs::absolute(command.operands.front());
  std::error_code error;
  if (!fs::exists(data / "catalog.db", error))
    return complain({Code::not_found, data.string() + " holds no data of a Bodega. Name the right directory with --data.", {}, {}},
                    Exit::data_unusable);
  if (lies_in(target, data))
    return complain({Code::invalid, target.string() + " lies in the data directory. Name one outside of it.", {}, {}}, Exit::usage);
  if (fs::exists(target / "cache.db", error) || fs::exists(target / "lock", error))
    return complain({Code::invalid, target.string() + " was used by a server. Name a new directory, or that of an earlier backup.", {}, {}},
                    Exit::usage);
  const auto file_system = store::make_posix_file_system();
  const auto report = ops::backup(*file_system, data, target, [](const std::string& line) { std::printf("%s\n", line.c_str()); });
  if (!report) return complain(report.error(), Exit::failed);
  const auto line = [](const char* what, std::uint64_t count) { std::printf("%-28s %" PRIu64 "\n", what, count); };
  line("files", report->files);
  line("bytes", report->bytes);
  line("of them there already", report->already);
  line("left out", report->damaged);
  return report->damaged == 0 ? Exit::ok : Exit::failed;
}

}  // namespace bodega::app
