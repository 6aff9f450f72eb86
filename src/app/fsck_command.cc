#include "app/fsck_command.h"

#include <cinttypes>
#include <cstdio>

#include "app/offline_data.h"
#include "ops/fsck.h"

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

}  // namespace

Exit run_fsck(const Command& command) {
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
