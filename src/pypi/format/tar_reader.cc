#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.h"
#include "pypi/format/archive.h"
#include "pypi/format/archive_reader.h"

namespace bodega::pypi {
namespace {

// Members of the largest sdists are some ten thousand.
constexpr std::uint64_t kMaxMembers = 200'000;

tl::unexpected<Error> broken(std::string what, std::string context = {}) {
  return fail(Code::invalid, "the archive " + std::move(what), std::move(context));
}

class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// Unpacks gzip by zlib, because libarchive neither checks the CRC nor looks behind the end. Also where unpacked bytes are counted.
class GzipSource {
 public:
  GzipSource(int fd, std::uint64_t packed) : fd_(fd), packed_(packed) {}
  ~GzipSource() { inflateEnd(&stream_); }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  bool start() { return inflateInit2(&stream_, 15 + 16) == Z_OK; }  // 16: gzip and nothing else

  // The next bytes; empty at the end or after an error.
  std::string_view next() {
    stream_.next_out = output_.data();
    stream_.avail_out = static_cast<uInt>(output_.size());
    while (!ended_ && !error_ && stream_.avail_out == output_.size()) step();
    const std::size_t got = output_.size() - stream_.avail_out;
    unpacked_ += got;
    if (auto ratio = check_ratio(unpacked_, packed_); !ratio && !error_) error_ = ratio.error();
    if (error_) return {};
    return {reinterpret_cast<const char*>(output_.data()), got};
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  void fail_with(std::string message, Code code = Code::invalid) { error_ = Error{code, std::move(message), {}, std::nullopt}; }

  void step() {
    if (stream_.avail_in == 0 && !refill()) {
      // The end of the file is right only between two gzip members.
      if (!error_ && !between_members_) fail_with("the archive ends early");
      ended_ = true;
      return;
    }
    if (between_members_) {
      if (inflateReset(&stream_) != Z_OK) return fail_with("the archive is damaged");
      between_members_ = false;
    }
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      between_members_ = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      fail_with("the archive is damaged, no gzip file, or has other bytes behind its end");
    }
  }

  bool refill() {
    const ssize_t got = ::read(fd_, input_.data(), input_.size());
    if (got < 0) fail_with("the uploaded archive cannot be read", Code::io);
    if (got <= 0) return false;
    stream_.next_in = input_.data();
    stream_.avail_in = static_cast<uInt>(got);
    return true;
  }

  int fd_;
  std::uint64_t packed_;
  std::uint64_t unpacked_ = 0;
  bool ended_ = false;
  bool between_members_ = false;
  std::optional<Error> error_;
  z_stream stream_{};
  std::array<unsigned char, 32768> input_{};
  std::array<unsigned char, 65536> output_{};
};

la_ssize_t read_gzip(struct archive* handle, void* data, const void** buffer) {
  auto* source = static_cast<GzipSource*>(data);
  const std::string_view bytes = source->next();
  if (source->error()) {
    archive_set_error(handle, EINVAL, "gzip");
    return -1;
  }
  *buffer = bytes.data();
  return static_cast<la_ssize_t>(bytes.size());
}

class TarWalk {
 public:
  TarWalk(struct archive* handle, std::uint64_t packed, std::string_view wanted, std::size_t limit)
      : handle_(handle), packed_(packed), wanted_(wanted), limit_(limit) {}

  Result<TarFound> run() {
    struct archive_entry* entry = nullptr;
    for (std::uint64_t count = 0;; ++count) {
      const int status = archive_read_next_header(handle_, &entry);
      if (status == ARCHIVE_EOF) break;
      if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return damaged();
      if (count == kMaxMembers) return broken("has too many members");
      BODEGA_TRY_VOID(member(entry));
    }
    if (found_.top.empty()) return broken("is empty");
    if (several_tops_) found_.bytes.reset();
    return std::move(found_);
  }

 private:
  tl::unexpected<Error> damaged() {
    const char* text = archive_error_string(handle_);
    return broken("is damaged or no tar file", text == nullptr ? "" : text);
  }

  Result<void> member(struct archive_entry* entry) {
    const char* raw = archive_entry_pathname(entry);
    if (raw == nullptr) return broken("has a member without a name");
    std::string_view name = raw;
    while (name.starts_with("./")) name.remove_prefix(2);
    if (name.empty() || name == ".") return {};
    if (!is_safe_member(name)) return broken("has a member whose name is not allowed");
    BODEGA_TRY_VOID(check_type(entry, name));
    const std::string_view top = name.substr(0, name.find('/'));
    if (found_.top.empty()) found_.top = top;
    several_tops_ = several_tops_ || top != found_.top;
    const auto size = static_cast<std::uint64_t>(std::max<la_int64_t>(archive_entry_size(entry), 0));
    const auto before = static_cast<std::uint64_t>(std::max<la_int64_t>(archive_filter_bytes(handle_, 0), 0));
    BODEGA_TRY_VOID(check_ratio(before + size, packed_));
    const bool wanted = !several_tops_ && archive_entry_filetype(entry) == AE_IFREG && name.size() == top.size() + 1 + wanted_.size() &&
                        name.ends_with(wanted_);
    if (wanted) return read(name);
    if (archive_read_data_skip(handle_) != ARCHIVE_OK) return damaged();
    return {};
  }

  Result<void> check_type(struct archive_entry* entry, std::string_view name) {
    const std::string quoted = "'" + std::string(name) + "'";
    if (archive_entry_sparse_count(entry) > 0) return broken("has a sparse member " + quoted);
    if (const char* hard = archive_entry_hardlink(entry)) {
      std::string_view target = hard;
      while (target.starts_with("./")) target.remove_prefix(2);
      return is_safe_member(target) ? Result<void>() : broken("has a link " + quoted + " that leads out of it");
    }
    const auto type = archive_entry_filetype(entry);
    if (type == AE_IFLNK) {
      const char* target = archive_entry_symlink(entry);
      return target != nullptr && stays_inside(name, target) ? Result<void>() : broken("has a link " + quoted + " that leads out of it");
    }
    if (type != AE_IFREG && type != AE_IFDIR) return broken("has a member " + quoted + " that is neither a file nor a directory");
    return {};
  }

  Result<void> read(std::string_view name) {
    if (found_.bytes) return broken("has two members named '" + std::string(name) + "'");
    std::string bytes;
    std::array<char, 16384> buffer;
    la_ssize_t got = 0;
    while (bytes.size() <= limit_ && (got = archive_read_data(handle_, buffer.data(), buffer.size())) > 0)
      bytes.append(buffer.data(), static_cast<std::size_t>(got));
    if (got < 0) return damaged();
    if (bytes.size() > limit_) return broken("has a member '" + std::string(name) + "' that is too large");
    found_.bytes = std::move(bytes);
    return {};
  }

  struct archive* handle_;
  std::uint64_t packed_;
  std::string_view wanted_;
  std::size_t limit_;
  TarFound found_;
  bool several_tops_ = false;
};

using Handle = std::unique_ptr<struct archive, int (*)(struct archive*)>;

Handle new_tar() {
  Handle handle(archive_read_new(), archive_read_free);
  archive_read_support_format_tar(handle.get());
  return handle;
}

Result<TarFound> walk_gzip(int fd, std::uint64_t packed, std::string_view wanted, std::size_t limit) {
  const auto source = std::make_unique<GzipSource>(fd, packed);
  if (!source->start()) return fail(Code::io, "the uploaded archive cannot be read", "inflateInit2");
  const Handle handle = new_tar();
  const bool opened = archive_read_open(handle.get(), source.get(), nullptr, read_gzip, nullptr) == ARCHIVE_OK;
  Result<TarFound> found =
      opened ? TarWalk(handle.get(), packed, wanted, limit).run() : Result<TarFound>(broken("is damaged or no tar file"));
  // The tar ends before the gzip does; only the rest tells whether that is whole.
  while (found && !source->error() && !source->next().empty()) {
  }
  if (source->error()) return fail(*source->error());
  return found;
}

Result<TarFound> walk_other(int fd, std::uint64_t packed, std::string_view wanted, std::size_t limit) {
  constexpr std::size_t kBlock = 65536;
  const Handle handle = new_tar();
  archive_read_support_filter_bzip2(handle.get());
  archive_read_support_filter_xz(handle.get());
  archive_read_support_filter_lzma(handle.get());
  archive_read_support_filter_compress(handle.get());
  if (archive_read_open_fd(handle.get(), fd, kBlock) != ARCHIVE_OK) return broken("is damaged or no tar file");
  return TarWalk(handle.get(), packed, wanted, limit).run();
}

}  // namespace

bool is_safe_member(std::string_view name) {
  if (name.ends_with('/')) name.remove_suffix(1);
  if (name.empty() || name.size() > 4096 || !is_utf8(name)) return false;
  if (std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\'; }))
    return false;
  if (name.size() >= 2 && name[1] == ':') return false;  // a drive of Windows
  const auto segments = split(name, '/');
  return std::none_of(segments.begin(), segments.end(),
                      [](std::string_view segment) { return segment.empty() || segment == "." || segment == ".."; });
}

bool stays_inside(std::string_view member, std::string_view target) {
  if (target.empty() || target.starts_with('/') || target.find('\\') != std::string_view::npos ||
      target.find(':') != std::string_view::npos)
    return false;
  // The top directory itself must not be left either: that is what gets unpacked.
  auto depth = static_cast<std::ptrdiff_t>(std::count(member.begin(), member.end(), '/'));
  for (const auto segment : split(target, '/')) {
    if (segment == "..") --depth;
    if (segment != ".." && segment != "." && !segment.empty()) ++depth;
    if (depth < 1) return false;
  }
  return true;
}

Result<void> check_ratio(std::uint64_t unpacked, std::uint64_t packed) {
  if (unpacked <= kFreeSize || unpacked / kMaxRatio <= packed) return {};
  return broken("is more than " + std::to_string(kMaxRatio) + " times larger unpacked than packed");
}

Result<TarFound> read_tar(const std::string& path, TarPacking packing, std::string_view wanted_basename, std::size_t limit) {
  const Descriptor file(path);
  if (file.get() < 0) return fail_errno(errno, "open of an uploaded archive");
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return fail_errno(errno, "fstat of an uploaded archive");
  const auto packed = static_cast<std::uint64_t>(info.st_size);
  return packing == TarPacking::gzip ? walk_gzip(file.get(), packed, wanted_basename, limit)
                                     : walk_other(file.get(), packed, wanted_basename, limit);
}

}  // namespace bodega::pypi
