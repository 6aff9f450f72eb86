#include "app/data_directory.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace bodega::app {
namespace {

namespace fs = std::filesystem;

std::string reason(int errnum) { return std::generic_category().message(errnum); }

catalog::HadData judge(const fs::path& path) {
  std::error_code ignored;
  // Not catalog.db: it is made before all else, and a start that was killed in between leaves an empty one.
  if (fs::exists(path / "cache.db", ignored)) return catalog::HadData::yes;
  const fs::path blobs = path / "blobs" / "sha256";
  const bool some = fs::is_directory(blobs, ignored) && !fs::is_empty(blobs, ignored);
  return some ? catalog::HadData::yes : catalog::HadData::no;
}

std::string owner_of(int lock) {
  std::array<char, 32> text{};
  const auto size = ::pread(lock, text.data(), text.size() - 1, 0);
  const std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return pid.empty() ? "another process" : "process " + pid.substr(0, pid.find('\n'));
}

}  // namespace

bool lies_in(const fs::path& path, const fs::path& folder) {
  std::error_code error;
  const auto inner = fs::weakly_canonical(path, error);
  const auto outer = fs::weakly_canonical(folder, error);
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

DataDirectory::DataDirectory(fs::path path, int lock, catalog::HadData had_data)
    : path_(std::move(path)), lock_(lock), had_data_(had_data) {}
DataDirectory::~DataDirectory() { ::close(lock_); }

Result<void> DataDirectory::make(const fs::path& path) {
  std::error_code error;
  const bool existed = fs::exists(path, error);
  fs::create_directories(path, error);
  if (error) {
    return fail(error.value() == ENOSPC ? Code::no_space : Code::io,
                "the data directory " + path.string() + " cannot be made: " + error.message() +
                    ". Choose another with --data, or make it and give it to this user.");
  }
  if (!existed) fs::permissions(path, fs::perms::owner_all, error);
  return {};
}

Result<std::unique_ptr<DataDirectory>> DataDirectory::open(const fs::path& path) {
  BODEGA_TRY_VOID(make(path));
  const std::string lock_path = (path / "lock").string();
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0) {
    const int errnum = errno;
    return fail(errnum == ENOSPC ? Code::no_space : Code::io, "the data directory " + path.string() +
                                                                  " is not writable: " + reason(errnum) +
                                                                  ". Give it to this user, or choose another with --data.");
  }
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const std::string owner = owner_of(lock);
    ::close(lock);
    return fail(Code::conflict, "the data directory " + path.string() + " is in use by another Bodega (" + owner +
                                    "). Stop that one first, or choose another with --data.");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock, 0) != 0 || ::pwrite(lock, pid.data(), pid.size(), 0) < 0) {
    const int errnum = errno;
    ::close(lock);
    return fail(errnum == ENOSPC ? Code::no_space : Code::io,
                "cannot write into the data directory " + path.string() + ": " + reason(errnum) + ". Free some space and start again.");
  }
  return std::unique_ptr<DataDirectory>(new DataDirectory(path, lock, judge(path)));  // private constructor: make_unique cannot call it
}

}  // namespace bodega::app
