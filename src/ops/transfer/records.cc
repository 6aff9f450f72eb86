#include "ops/transfer/records.h"

#include <system_error>

#include <sys/stat.h>

namespace bodega::ops {

Volume volume_of(const std::filesystem::path& directory) {
  namespace fs = std::filesystem;
  Volume out;
  std::error_code failed;
  fs::recursive_directory_iterator at(directory, fs::directory_options::skip_permission_denied, failed);
  for (; !failed && at != fs::recursive_directory_iterator(); at.increment(failed)) {
    std::error_code ignored;
    if (!at->is_regular_file(ignored) || at->is_symlink(ignored)) continue;
    const auto size = at->file_size(ignored);
    if (ignored) continue;
    ++out.files;
    out.bytes += size;
  }
  return out;
}

std::optional<WallTime> written_at(const std::filesystem::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return std::nullopt;
  return WallTime(std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::microseconds(info.st_mtim.tv_nsec / 1000));
}

}  // namespace bodega::ops
