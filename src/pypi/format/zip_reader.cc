#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <unordered_set>

#include "base/text.h"
#include "pypi/format/archive.h"
#include "pypi/format/archive_reader.h"

namespace bodega::pypi {
namespace {

constexpr std::size_t kEndRecord = 22;
// tensorflow's wheels have about 20,000 members. libzip keeps a few hundred bytes for each.
constexpr std::uint64_t kMaxMembers = 200'000;

tl::unexpected<Error> broken(std::string what, std::string context = {}) {
  return fail(Code::invalid, "the archive " + std::move(what), std::move(context));
}

std::uint64_t little_endian(const std::array<unsigned char, kEndRecord>& bytes, std::size_t at, std::size_t length) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < length; ++i) value |= static_cast<std::uint64_t>(bytes[at + i]) << (8 * i);
  return value;
}

// What libzip forgives: something before the first member or behind the last record, and comments. Also the bound on members, before
// libzip allocates for them. Returns the size of the file.
Result<std::uint64_t> check_frame(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail_errno(errno, "open of an uploaded archive");
  struct stat info {};
  std::array<unsigned char, kEndRecord> end{};
  std::array<char, 4> start{};
  const bool stated = ::fstat(fd, &info) == 0;
  const auto size = static_cast<std::uint64_t>(info.st_size);
  const bool read = stated && size >= kEndRecord && ::pread(fd, start.data(), start.size(), 0) == static_cast<ssize_t>(start.size()) &&
                    ::pread(fd, end.data(), end.size(), info.st_size - static_cast<off_t>(kEndRecord)) == static_cast<ssize_t>(end.size());
  ::close(fd);
  if (!stated) return fail(Code::io, "the uploaded archive cannot be read");
  if (!read) return broken("is too short to be a zip file");
  const std::string_view signature(reinterpret_cast<const char*>(end.data()), 4);
  if (signature != "PK\x05\x06" || little_endian(end, 20, 2) != 0)
    return broken("is no zip file, or has a comment or other bytes behind its end");
  const std::uint64_t members = little_endian(end, 10, 2);
  if (members != 0 && std::string_view(start.data(), start.size()) != "PK\x03\x04") return broken("has bytes before its first member");
  // 65535 announces a zip64 record; its directory takes at least 46 bytes a member, so its size in the plain record bounds the count too,
  // and where that is also only announced, the file's size does.
  const std::uint64_t directory = little_endian(end, 12, 4) == 0xFFFFFFFF ? size : little_endian(end, 12, 4);
  if (members == 0xFFFF && directory / 46 > kMaxMembers) return broken("has too many members");
  return size;
}

class LibzipReader final : public ZipReader {
 public:
  LibzipReader(zip_t* zip, std::uint64_t packed) : zip_(zip), packed_(packed) {}
  ~LibzipReader() override { zip_discard(zip_); }
  LibzipReader(const LibzipReader&) = delete;
  LibzipReader& operator=(const LibzipReader&) = delete;

  const std::vector<std::string>& members() const override { return members_; }

  Result<void> check() {
    const zip_int64_t count = zip_get_num_entries(zip_, 0);
    if (count < 0 || static_cast<std::uint64_t>(count) > kMaxMembers) return broken("has too many members");
    std::unordered_set<std::string_view> seen;
    std::uint64_t unpacked = 0;
    members_.reserve(static_cast<std::size_t>(count));
    for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(count); ++i) {
      BODEGA_TRY(const std::uint64_t size, check_member(i));
      unpacked += std::min(size, ~std::uint64_t{0} - unpacked);
      if (!seen.insert(members_.back()).second) return broken("has two members named '" + members_.back() + "'");
    }
    return check_ratio(unpacked, packed_);
  }

  Result<std::optional<std::string>> read(std::string_view member, std::size_t limit) override {
    const auto found = std::find(members_.begin(), members_.end(), member);
    if (found == members_.end()) return std::optional<std::string>();
    zip_file_t* file = zip_fopen_index(zip_, static_cast<zip_uint64_t>(found - members_.begin()), 0);
    if (file == nullptr) return broken("has a damaged member '" + *found + "'", zip_strerror(zip_));
    std::string bytes;
    std::array<char, 16384> buffer;
    zip_int64_t got = 0;
    while (bytes.size() <= limit && (got = zip_fread(file, buffer.data(), buffer.size())) > 0)
      bytes.append(buffer.data(), static_cast<std::size_t>(got));
    // The checksum is compared when the end is read.
    const bool damaged = got < 0;
    zip_fclose(file);
    if (damaged) return broken("has a damaged member '" + *found + "'");
    if (bytes.size() > limit) return broken("has a member '" + *found + "' that is too large");
    return std::optional<std::string>(std::move(bytes));
  }

 private:
  // Returns its unpacked size as the directory tells it.
  Result<std::uint64_t> check_member(zip_uint64_t index) {
    zip_stat_t stat;
    zip_stat_init(&stat);
    if (zip_stat_index(zip_, index, ZIP_FL_ENC_RAW, &stat) != 0) return broken("has a damaged directory");
    const std::string name = stat.name;
    if (!is_safe_member(name)) return broken("has a member whose name is not allowed");
    if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE)
      return broken("packs '" + name + "' in a way that is not allowed");
    if (stat.encryption_method != ZIP_EM_NONE) return broken("has an encrypted member '" + name + "'");
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;
    if (zip_file_get_external_attributes(zip_, index, 0, &system, &attributes) != 0) return broken("has a damaged directory");
    const std::uint32_t type = (attributes >> 16U) & S_IFMT;
    if (system == ZIP_OPSYS_UNIX && type != 0 && type != S_IFREG && type != S_IFDIR)
      return broken("has a member '" + name + "' that is a link or no plain file");
    zip_uint32_t comment = 0;
    if (zip_file_get_comment(zip_, index, &comment, ZIP_FL_ENC_RAW) != nullptr && comment != 0)
      return broken("has a comment on '" + name + "'");
    members_.push_back(name);
    return stat.size;
  }

  zip_t* zip_;
  std::uint64_t packed_;
  std::vector<std::string> members_;
};

}  // namespace

Result<std::unique_ptr<ZipReader>> ZipReader::open(const std::string& path) {
  BODEGA_TRY(const std::uint64_t size, check_frame(path));
  int error = 0;
  zip_t* zip = zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &error);
  if (zip == nullptr) {
    zip_error_t detail;
    zip_error_init_with_code(&detail, error);
    std::string text = zip_error_strerror(&detail);
    zip_error_fini(&detail);
    return broken("is no consistent zip file", std::move(text));
  }
  auto reader = std::make_unique<LibzipReader>(zip, size);
  BODEGA_TRY_VOID(reader->check());
  return std::unique_ptr<ZipReader>(std::move(reader));
}

}  // namespace bodega::pypi
