#include "app/fsck_command.h"

#include <cinttypes>
#include <cstdio>

#include "app/data_directory.h"
#include "ops/fsck.h"
#include "store/blob_store.h"

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
  const auto data = DataDirectory::open(command.config.data);
  if (!data) return complain(data.error());
  if ((*data)->had_data() == catalog::HadData::no) {
    std::fprintf(stderr, "bodega fsck: %s holds no data of a Bodega. Name the right directory with --data.\n", command.config.data.c_str());
    return Exit::data_unusable;
  }
  const auto file_system = store::make_posix_file_system();
  const auto store = store::open_blob_store(*file_system, command.config.data, {});
  if (!store) return complain(store.error());
  const auto pool = make_inline_pool();
  const SystemClock clock;
  catalog::CatalogOptions options;
  options.directory = command.config.data;
  options.threads = catalog::Threads::inline_writer;
  const auto catalog = catalog::open_catalog(std::move(options), *pool, catalog::HadData::yes);
  if (!catalog) return complain(catalog.error());
  const auto say = [](const std::string& line) { std::printf("%s\n", line.c_str()); };
  const auto report = ops::fsck(**catalog, **store, command.has("repair") ? ops::Repair::yes : ops::Repair::no, clock, say);
  if (!report) return complain(report.error());
  print(*report);
  if (report->clean()) return Exit::ok;
  if (!command.has("repair")) std::printf("Run again with --repair to mend what can be mended.\n");
  return Exit::failed;
}

}  // namespace bodega::app
