#include "store/file_system.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace bodega::store {
namespace {

namespace fs = std::filesystem;

// Runs a system call again for as long as a signal interrupts it.
template <class F>
auto uninterrupted(F call) {
  for (;;) {
    const auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

template <std::size_t N>
bool among(const std::array<int, N>& errors, int error) {
  return std::find(errors.begin(), errors.end(), error) != errors.end();
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

Descriptor open_descriptor(const fs::path& path, int flags, mode_t mode = 0) {
  return Descriptor(uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); }));
}

std::int64_t nanoseconds(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

// Only EINTR is tried again: it says that nothing was decided yet. Any other failure has consumed the kernel's knowledge of the dirty
// pages, and a second call would report success for bytes that are lost.
Result<void> sync_descriptor(int fd, std::string_view what) {
  if (uninterrupted([&] { return ::fsync(fd); }) == 0) return {};
  return fail_errno(errno, what);
}

class PosixFile final : public File {
 public:
  explicit PosixFile(Descriptor fd) : fd_(std::move(fd)) {}

  int fd() const override { return fd_.get(); }

  Result<std::size_t> read_at(char* into, std::size_t size, std::uint64_t offset) override {
    const auto count = uninterrupted([&] { return ::pread(fd_.get(), into, size, static_cast<off_t>(offset)); });
    if (count < 0) return fail_errno(errno, "pread");
    return static_cast<std::size_t>(count);
  }

  Result<void> write_at(std::string_view bytes, std::uint64_t offset) override {
    while (!bytes.empty()) {
      const auto count = uninterrupted([&] { return ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
      if (count < 0) return fail_errno(errno, "pwrite");
      if (count == 0) return fail_errno(ENOSPC, "pwrite wrote nothing");
      bytes.remove_prefix(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    }
    return {};
  }

  Result<void> sync() override { return sync_descriptor(fd_.get(), "fsync"); }

  // Waits for pages on their way and reports what went wrong since this descriptor was last told; no journal, no flush.
  Result<void> check_written() override {
    constexpr unsigned kWait = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    if (uninterrupted([&] { return ::sync_file_range(fd_.get(), 0, 0, kWait); }) == 0) return {};
    constexpr std::array kCannot{ENOSYS, EPERM, EINVAL, ESPIPE};
    if (among(kCannot, errno)) return sync();
    return fail_errno(errno, "sync_file_range");
  }

  Result<Generation> generation() const override {
    struct stat info {};
    if (::fstat(fd_.get(), &info) != 0) return fail_errno(errno, "fstat");
    return Generation{info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size), nanoseconds(info.st_mtim),
                      nanoseconds(info.st_ctim)};
  }

  void drop_cached() override { ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED); }

 private:
  Descriptor fd_;
};

Result<std::unique_ptr<File>> as_regular_file(Descriptor fd, const fs::path& path) {
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_errno(errno, "fstat " + path.string());
  if (!S_ISREG(info.st_mode)) return fail(Code::corrupt, "not a regular file", path.string());
  return std::make_unique<PosixFile>(std::move(fd));
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open_read(const fs::path& path) override {
    // O_NONBLOCK: opening a FIFO that somebody left here must not wait for its writer. It means nothing for regular files.
    auto fd = open_descriptor(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (fd.get() >= 0) return as_regular_file(std::move(fd), path);
    const int error = errno;
    // ELOOP: a symlink. ENXIO, ENODEV: a socket or a device without a driver.
    if (error == ELOOP || error == ENXIO || error == ENODEV) return fail(Code::corrupt, "not a regular file", path.string());
    return fail_errno(error, "open " + path.string());
  }

  Result<std::unique_ptr<File>> create(const fs::path& path) override {
    auto fd = open_descriptor(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd.get() < 0) return fail_errno(errno, "create " + path.string());
    return as_regular_file(std::move(fd), path);
  }

  Result<void> rename(const fs::path& from, const fs::path& to) override {
    if (::rename(from.c_str(), to.c_str()) == 0) return {};
    return fail_errno(errno, "rename " + from.string() + " to " + to.string());
  }

  Result<bool> clone(const File& from, File& to) override {
    if (uninterrupted([&] { return ::ioctl(to.fd(), FICLONE, from.fd()); }) == 0) return true;
    constexpr std::array kCannot{EOPNOTSUPP, ENOTTY, EINVAL, EXDEV, ENOSYS, EPERM, ETXTBSY};
    if (among(kCannot, errno)) return false;
    return fail_errno(errno, "FICLONE");
  }

  Result<bool> link(const fs::path& from, const fs::path& to) override {
    if (::link(from.c_str(), to.c_str()) == 0) return true;
    // EPERM, EACCES: another user's file (fs.protected_hardlinks), or a file system without hard links.
    constexpr std::array kCannot{EXDEV, EMLINK, EPERM, EACCES, EOPNOTSUPP};
    if (among(kCannot, errno)) return false;
    return fail_errno(errno, "link " + from.string() + " to " + to.string());
  }

  Result<void> remove(const fs::path& path) override {
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    return fail_errno(errno, "unlink " + path.string());
  }

  Result<void> make_directories(const fs::path& path) override {
    if (!path.has_filename() && path.has_parent_path() && path != path.parent_path()) return make_directories(path.parent_path());
    const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
    int error = make_directory(path);
    if (error == ENOENT && parent != path) {
      BODEGA_TRY_VOID(make_directories(parent));
      error = make_directory(path);
    }
    if (error == 0) return sync_directory(parent);
    std::error_code ignored;
    if (error == EEXIST && fs::is_directory(path, ignored)) return {};
    return fail_errno(error, "mkdir " + path.string());
  }

  Result<void> add_directory(const fs::path& path) override {
    const int error = make_directory(path);
    if (error == 0 || error == EEXIST) return {};
    return fail_errno(error, "mkdir " + path.string());
  }

  Result<void> remove_directory(const fs::path& path) override {
    if (::rmdir(path.c_str()) == 0 || errno == ENOENT || errno == ENOTEMPTY) return {};
    return fail_errno(errno, "rmdir " + path.string());
  }

  Result<void> sync_all(const fs::path& path) override {
    const auto fd = open_descriptor(path, O_RDONLY | O_DIRECTORY);
    if (fd.get() < 0) return fail_errno(errno, "open directory " + path.string());
    if (uninterrupted([&] { return ::syncfs(fd.get()); }) == 0) return {};
    return fail_errno(errno, "syncfs " + path.string());
  }

  Result<void> sync_directory(const fs::path& path) override {
    const auto fd = open_descriptor(path, O_RDONLY | O_DIRECTORY);
    if (fd.get() < 0) return fail_errno(errno, "open directory " + path.string());
    if (uninterrupted([&] { return ::fsync(fd.get()); }) == 0) return {};
    // EINVAL: this file system has no such thing as syncing a directory, so there is nothing stronger to ask for.
    if (errno == EINVAL) return {};
    return fail_errno(errno, "fsync directory " + path.string());
  }

  Result<void> list(const fs::path& path, const std::function<void(std::string_view)>& each) override {
    auto fd = open_descriptor(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (fd.get() < 0) {
      const int error = errno;
      if (error == ENOENT) return {};
      if (error == ENOTDIR || error == ELOOP) return fail(Code::corrupt, "not a directory", path.string());
      return fail_errno(error, "open directory " + path.string());
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(fd.get()), &::closedir);
    if (!directory) return fail_errno(errno, "fdopendir " + path.string());
    fd.release();
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(directory.get());
      if (entry == nullptr) break;
      const std::string_view name(&entry->d_name[0]);
      if (name != "." && name != "..") each(name);
    }
    if (errno != 0) return fail_errno(errno, "readdir " + path.string());
    return {};
  }

  Result<Space> space(const fs::path& path) override {
    struct statvfs info {};
    if (uninterrupted([&] { return ::statvfs(path.c_str(), &info); }) != 0) return fail_errno(errno, "statvfs " + path.string());
    return Space{info.f_frsize * info.f_blocks, info.f_frsize * info.f_bavail, info.f_favail};
  }

 private:
  static int make_directory(const fs::path& path) { return ::mkdir(path.c_str(), S_IRWXU) == 0 ? 0 : errno; }
};

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system() { return std::make_unique<PosixFileSystem>(); }

}  // namespace bodega::store
