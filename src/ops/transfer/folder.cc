#include "ops/transfer/folder.h"

#include <algorithm>
#include <system_error>
#include <vector>

#include "pypi/format/filename.h"

namespace bodega::ops {
namespace {

namespace fs = std::filesystem;

// Deeper than any tree of packages; ends what a loop of mounts may make.
constexpr std::size_t kDeepest = 64;

}  // namespace

Result<std::unique_ptr<Folder>> Folder::open(fs::path directory, std::string index) {
  std::error_code ignored;
  if (!fs::is_directory(directory, ignored))
    return fail(Code::not_found, directory.string() + " is no directory. Name the one with the files.");
  return std::unique_ptr<Folder>(new Folder(std::move(directory), std::move(index)));  // private constructor
}

Result<void> Folder::read(Sink& sink) { return walk(directory_, 0, sink); }

Result<void> Folder::walk(const fs::path& directory, std::size_t depth, Sink& sink) {
  std::vector<fs::directory_entry> entries;
  std::error_code failed;
  for (fs::directory_iterator at(directory, failed); !failed && at != fs::directory_iterator(); at.increment(failed))
    entries.push_back(*at);
  if (failed) sink.note({Finding::Kind::damaged, directory.string(), "it cannot be read: " + failed.message()});
  std::sort(entries.begin(), entries.end());
  for (const auto& entry : entries) {
    std::error_code ignored;
    if (entry.is_symlink(ignored)) continue;
    if (entry.is_directory(ignored)) {
      if (depth < kDeepest) BODEGA_TRY_VOID(walk(entry.path(), depth + 1, sink));
      continue;
    }
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file(ignored) || !pypi::file_kind(name)) continue;
    FileRecord file;
    file.role = Role::loose;
    file.source = entry.path();
    file.filename = name;
    file.modified = written_at(entry.path());
    BODEGA_TRY_VOID(sink.take(LooseRecord{index_, std::move(file)}));
  }
  return {};
}

}  // namespace bodega::ops
