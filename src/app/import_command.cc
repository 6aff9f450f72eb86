#include "app/import_command.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "access/devpi_token.h"
#include "app/data_directory.h"
#include "app/progress.h"
#include "base/text.h"
#include "ops/transfer/devpi_dump.h"
#include "ops/transfer/folder.h"
#include "ops/transfer/import_state.h"
#include "ops/transfer/importer.h"
#include "ops/transfer/serverdir.h"
#include "store/adopt.h"
#include "store/blob_store.h"

namespace bodega::app {
namespace {

namespace fs = std::filesystem;

// The catalog must have room to grow while blobs fill the disk.
constexpr std::uint64_t kFreeFloor = 64ULL << 20U;

Exit complain(const Error& error, Exit code) {
  std::fprintf(stderr, "bodega import: %s\n", error.describe().c_str());
  return code;
}

Exit exit_of(const Error& error) {
  switch (error.code) {
    case Code::invalid:
    case Code::not_found: return Exit::usage;
    case Code::conflict:
    case Code::no_space:
    case Code::io: return Exit::data_unusable;
    default: return Exit::failed;
  }
}

// As the catalog keeps it.
Result<std::string> devpi_token_key(const Secret& secret) {
  BODEGA_TRY(const auto key, access::derive_devpi_token_key(secret.reveal()));
  return to_hex(key.reveal());
}

Result<store::Taking> taking_of(const Command& command) {
  const std::string word = command.flag("bytes").value_or("reflink");
  if (word == "reflink") return store::Taking::reflink;
  if (word == "hardlink") return store::Taking::hardlink;
  if (word == "copy") return store::Taking::copy;
  return fail(Code::invalid, "--bytes is reflink, hardlink or copy, not \"" + word + "\"");
}

std::vector<std::string> words_of(const Command& command, std::string_view flag) {
  std::vector<std::string> out;
  const std::string text = command.flag(flag).value_or("");
  for (const auto part : split(text, ',')) {
    if (!trim(part).empty()) out.emplace_back(trim(part));
  }
  return out;
}

// The data directory an import writes into, with everything open. Members end in reverse order.
struct Target {
  std::unique_ptr<DataDirectory> data;
  std::unique_ptr<store::BlobStore> store;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<store::Adopter> adopter;
};

enum class Wanted { empty_or_unfinished, in_use };

Result<Target> open_target(const Command& command, Wanted wanted, store::FileSystem& file_system, Pool& pool) {
  Target out;
  const fs::path& path = command.config.data;
  BODEGA_TRY(const auto taking, taking_of(command));
  BODEGA_TRY(out.data, DataDirectory::open(path));
  if (wanted == Wanted::in_use && out.data->had_data() == catalog::HadData::no) {
    return fail(Code::not_found, path.string() + " holds no data of a Bodega. Name the right directory with --data.");
  }
  BODEGA_TRY(out.store, store::open_blob_store(file_system, path, {}));
  BODEGA_TRY(const std::size_t swept, out.store->sweep());
  (void)swept;
  catalog::CatalogOptions options;
  options.directory = path;
  BODEGA_TRY(out.catalog, catalog::open_catalog(std::move(options), pool, out.data->had_data()));
  out.adopter = std::make_unique<store::Adopter>(file_system, path, taking, kFreeFloor);
  return out;
}

class Run {
 public:
  Run(const Command& command, ops::Source& source) : command_(command), source_(source) {}

  // `label`: what is imported, as one would type it.
  Result<ops::ImportReport> into_new(const std::string& label) {
    BODEGA_TRY(Target target, open_target(command_, Wanted::empty_or_unfinished, *file_system_, *pool_));
    BODEGA_TRY(const auto begun, ops::begin_import(*target.catalog, label));
    BODEGA_TRY(auto report, copy(target.catalog.get(), target.adopter.get(), begun));
    BODEGA_TRY_VOID(ops::end_import(*target.catalog));
    return report;
  }

  // Into a data directory that has that index.
  Result<ops::ImportReport> into_index(const std::string& index) {
    BODEGA_TRY(Target target, open_target(command_, Wanted::in_use, *file_system_, *pool_));
    BODEGA_TRY_VOID(ops::refuse_half_import(*target.catalog));
    BODEGA_TRY_VOID(ops::check_takes_files(*target.catalog, index));
    return copy(target.catalog.get(), target.adopter.get(), ops::Begun::anew);
  }

  Result<ops::ImportReport> dry() { return copy(nullptr, nullptr, ops::Begun::anew); }

 private:
  Result<ops::ImportReport> copy(catalog::Catalog* catalog, store::Adopter* adopter, ops::Begun begun) {
    const auto volume = source_.volume();
    ops::ImportProgress counts;
    Progress progress([&counts] { return Amount{counts.files.load(), counts.bytes.load()}; }, {volume.files, volume.bytes});
    const auto say = [&progress](const ops::Finding& finding) {
      progress.say(std::string(to_string(finding.kind)) + ": " + finding.what + ": " + finding.why);
    };
    ops::Importer importer({catalog, adopter, *file_system_, *pool_, clock_, counts, say, devpi_token_key}, begun);
    BODEGA_TRY_VOID(source_.read(importer));
    return importer.finish();
  }

  const Command& command_;
  ops::Source& source_;
  SystemClock clock_;
  std::unique_ptr<store::FileSystem> file_system_ = store::make_posix_file_system();
  // Hashing is what takes the time.
  std::unique_ptr<Pool> pool_ = make_thread_pool(std::max(1U, std::thread::hardware_concurrency()));
};

Exit report_of(const Command& command, const Result<ops::ImportReport>& report) {
  if (!report) return complain(report.error(), exit_of(report.error()));
  std::fputs((command.has("json") ? to_json(*report) : to_text(*report)).c_str(), stdout);
  return report->complete() ? Exit::ok : Exit::failed;
}

Exit import_from(const Command& command, const Result<std::unique_ptr<ops::Source>>& source, const std::string& label) {
  if (!source) return complain(source.error(), exit_of(source.error()));
  Run run(command, **source);
  return report_of(command, command.has("dry-run") ? run.dry() : run.into_new(label));
}

// A source of devpi's.
template <class Options>
Options options_of(const Command& command) {
  Options options;
  options.directory = fs::absolute(command.operands.front()).lexically_normal();
  if (const auto file = command.flag("secretfile")) options.secret_file = *file;
  options.skipped_types = words_of(command, "skip-import-type");
  return options;
}

}  // namespace

Exit run_import_serverdir(const Command& command) {
  auto options = options_of<ops::ServerDirOptions>(command);
  const std::string label = "devpi-serverdir " + options.directory.string();
  const SystemClock clock;
  return import_from(command, ops::ServerDir::open(std::move(options), clock), label);
}

Exit run_import_export(const Command& command) {
  auto options = options_of<ops::DevpiDumpOptions>(command);
  const std::string label = "devpi-export " + options.directory.string();
  const SystemClock clock;
  return import_from(command, ops::DevpiDump::open(std::move(options), clock), label);
}

Exit run_import_files(const Command& command) {
  const auto index = command.flag("index");
  if (!index) return complain(Error{Code::invalid, "into which index? --index USER/NAME", {}, {}}, Exit::usage);
  const auto source = ops::Folder::open(fs::absolute(command.operands.front()).lexically_normal(), *index);
  if (!source) return complain(source.error(), exit_of(source.error()));
  Run run(command, **source);
  return report_of(command, command.has("dry-run") ? run.dry() : run.into_index(*index));
}

}  // namespace bodega::app
