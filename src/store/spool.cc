#include "store/spool.h"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bodega::store {
namespace {

class SpoolFile final : public FileSource {
 public:
  SpoolFile(int fd, std::uint64_t size) : fd_(fd), size_(size) {}
  ~SpoolFile() override { ::close(fd_); }
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;

  int fd() const override { return fd_; }
  std::optional<std::uint64_t> total() const override { return size_; }
  std::uint64_t available() const override { return size_; }
  Task<Result<std::uint64_t>> wait_beyond(std::uint64_t) const override { co_return size_; }

 private:
  int fd_;
  std::uint64_t size_;
};

int open_nameless(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return fd;
  std::string name = (directory / "spool.XXXXXX").string();
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

Result<std::shared_ptr<const FileSource>> spool(const std::filesystem::path& directory, std::string_view bytes) {
  const int fd = open_nameless(directory);
  if (fd < 0) return fail_errno(errno, "open a spool file in " + directory.string());
  auto file = std::make_shared<SpoolFile>(fd, bytes.size());
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail_errno(written < 0 ? errno : EIO, "write a spool file");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return file;
}

}  // namespace bodega::store
