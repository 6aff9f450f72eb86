#include "ops/transfer/export_directory.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bodega::ops {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIndex = "dataindex.json";
constexpr const char* kUnfinished = "dataindex.json.unfinished";
constexpr std::size_t kPiece = std::size_t{1} << 20;  // of a copy and of the index: few system calls, little memory

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// The operator gave the directory and reads the message: unlike elsewhere it names the path.
tl::unexpected<Error> refused(int errnum, std::string_view what, const fs::path& path) {
  const std::string reason = std::generic_category().message(errnum);
  const auto code = errnum == ENOSPC || errnum == EDQUOT ? Code::no_space : Code::io;
  return fail(code, std::string(what) + " " + path.string() + ": " + reason);
}

Result<void> write_all(int fd, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const auto count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return refused(errno, "cannot write", path);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> copy_bytes(const store::Blob& blob, int to, const fs::path& path) {
  if (::ioctl(to, FICLONE, blob.fd()) == 0) return {};  // one set of blocks for both, until one of them is changed
  std::vector<char> piece(std::min<std::uint64_t>(kPiece, std::max<std::uint64_t>(blob.size(), 1)));
  for (std::uint64_t offset = 0; offset < blob.size();) {
    BODEGA_TRY(const auto count, blob.read_at(piece.data(), piece.size(), offset));
    if (count == 0) return fail(Code::corrupt, "the file became shorter");
    BODEGA_TRY_VOID(write_all(to, std::string_view(piece.data(), count), path));
    offset += count;
  }
  return {};
}

// False: the name is taken. Any other refusal (another file system, none that links, too many links) is an error the caller may pass over.
Result<bool> link_bytes(const store::Blob& blob, const fs::path& path) {
  const std::string open_file = "/proc/self/fd/" + std::to_string(blob.fd());
  if (::linkat(AT_FDCWD, open_file.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) return true;
  if (errno == EEXIST) return false;
  return refused(errno, "cannot link", path);
}

Result<bool> copy_blob(const store::Blob& blob, const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (file.get() < 0 && errno == EEXIST) return false;
  if (file.get() < 0) return refused(errno, "cannot make", path);
  auto copied = copy_bytes(blob, file.get(), path);
  // The store hashed these bytes; they are still the same when the file is.
  if (copied && !blob.intact()) copied = fail(Code::corrupt, "the file changed while it was copied");
  if (!copied) {
    ::unlink(path.c_str());
    return fail(std::move(copied).error());
  }
  return true;
}

Result<void> judge(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return {};
  if (!fs::is_directory(path, error))
    return fail(Code::conflict, path.string() + " is no directory. Name one that is empty or not there yet.");
  if (fs::exists(path / kUnfinished, error)) {
    return fail(Code::conflict, path.string() +
                                    " holds an export that was not finished. The data directory was not changed by it. Remove " +
                                    path.string() + " and run the export again.");
  }
  if (fs::exists(path / kIndex, error))
    return fail(Code::conflict, path.string() + " holds a finished export already. Name a directory that is empty or not there yet.");
  if (!fs::is_empty(path, error) || error)
    return fail(Code::conflict, path.string() + " is not empty. Name a directory that is empty or not there yet.");
  return {};
}

}  // namespace

Result<std::unique_ptr<ExportDirectory>> ExportDirectory::create(const fs::path& path) {
  BODEGA_TRY_VOID(judge(path));
  std::error_code error;
  const bool made = fs::create_directories(path, error);
  if (error) return refused(error.value(), "cannot make", path);
  if (made) fs::permissions(path, fs::perms::owner_all, error);
  const fs::path index = path / kUnfinished;
  const int fd = ::open(index.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return refused(errno, "cannot make", index);
  return std::unique_ptr<ExportDirectory>(new ExportDirectory(path, fd));  // private constructor: make_unique cannot call it
}

ExportDirectory::~ExportDirectory() { ::close(index_); }

Result<ExportDirectory::Placed> ExportDirectory::place(const store::Blob& blob, const fs::path& folder, const std::string& filename,
                                                       Placing placing) {
  // Taken: two names that devpi's layout or a file system that folds case makes one. devpi-import goes by the path the index gives and by
  // the file name alone, so any folder will do.
  for (int attempt = 1;; ++attempt) {
    const fs::path place = attempt == 1 ? folder : folder / ("+" + std::to_string(attempt));
    std::error_code error;
    fs::create_directories(path_ / place, error);
    if (error) return refused(error.value(), "cannot make", path_ / place);
    const fs::path file = path_ / place / filename;
    const auto linked = placing == Placing::hard_link ? link_bytes(blob, file) : fail(Code::io, "");
    if (linked && *linked) return Placed{(place / filename).string(), true};
    if (linked) continue;
    BODEGA_TRY(const bool copied, copy_blob(blob, file));
    if (copied) return Placed{(place / filename).string(), false};
  }
}

Result<void> ExportDirectory::write(std::string_view text) {
  waiting_ += text;
  return waiting_.size() < kPiece ? Result<void>() : flush();
}

Result<void> ExportDirectory::flush() {
  BODEGA_TRY_VOID(write_all(index_, waiting_, path_ / kUnfinished));
  waiting_.clear();
  return {};
}

Result<void> ExportDirectory::finish() {
  BODEGA_TRY_VOID(flush());
  // One sync for 100,000 files. It tells of writes that failed since the descriptor was opened (Linux 5.8), and ours was opened first.
  if (::syncfs(index_) != 0) return refused(errno, "cannot make durable", path_);
  if (::fsync(index_) != 0) return refused(errno, "cannot make durable", path_ / kUnfinished);
  std::error_code error;
  fs::rename(path_ / kUnfinished, path_ / kIndex, error);
  if (error) return refused(error.value(), "cannot name", path_ / kIndex);
  const Descriptor directory(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) return refused(errno, "cannot make durable", path_);
  return {};
}

}  // namespace bodega::ops
