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

constexpr std::string_view kEndMagic = "PK\x05\x06";
constexpr std::size_t kEndRecord = 22;
constexpr std::size_t kTail = kEndRecord + 0xFFFF;  // with the longest comment
// tensorflow's wheels have about 20,000 members. libzip keeps a few hundred bytes for each.
constexpr std::uint64_t kMaxMembers = 200'000;

tl::unexpected<Error> broken(std::string what, std::string context = {}) {
  return fail(Code::invalid, "the archive " + std::move(what), std::move(context));
}

std::uint64_t little_endian(std::string_view bytes, std::size_t at, std::size_t length) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < length; ++i) value |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return value;
}

struct Frame {
  std::uint64_t size = 0;  // of the file
  std::string start;       // its first four bytes
  std::string tail;        // its last kTail bytes
};

Result<Frame> read_frame(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail_errno(errno, "open of an archive");
  Frame frame;
  struct stat info {};
  bool read = ::fstat(fd, &info) == 0;
  if (read) {
    frame.size = static_cast<std::uint64_t>(info.st_size);
    frame.start.resize(std::min<std::uint64_t>(frame.size, 4));
    frame.tail.resize(std::min<std::uint64_t>(frame.size, kTail));
    const auto tail_at = info.st_size - static_cast<off_t>(frame.tail.size());
    read = ::pread(fd, frame.start.data(), frame.start.size(), 0) == static_cast<ssize_t>(frame.start.size()) &&
           ::pread(fd, frame.tail.data(), frame.tail.size(), tail_at) == static_cast<ssize_t>(frame.tail.size());
  }
  ::close(fd);
  if (!read) return fail(Code::io, "the archive cannot be read");
  return frame;
}

// The bound on members, before libzip allocates for them. It tries everything in the tail that looks like an end record, so each must keep
// to it. 65535 announces a zip64 record; the directory takes at least 46 bytes a member, so its size in the plain record bounds the count,
// and where that is also only announced, the file's size does.
Result<void> check_member_counts(const Frame& frame) {
  const std::string_view tail = frame.tail;
  for (auto at = tail.find(kEndMagic); at != std::string_view::npos; at = tail.find(kEndMagic, at + 1)) {
    if (tail.size() - at < kEndRecord) break;
    const std::uint64_t size = little_endian(tail, at + 12, 4);
    const std::uint64_t directory = size == 0xFFFFFFFF ? frame.size : std::min(size, frame.size);
    if (little_endian(tail, at + 10, 2) == 0xFFFF && directory / 46 > kMaxMembers) return broken("has too many members");
  }
  return {};
}

// What libzip forgives: something before the first member or behind the last record, and comments.
Result<void> check_frame(const Frame& frame, ZipRules rules) {
  if (frame.size < kEndRecord) return broken("is too short to be a zip file");
  const std::string_view tail = frame.tail;
  auto at = tail.size() - kEndRecord;
  const auto ends_here = [&tail](std::size_t place) {
    return tail.substr(place, kEndMagic.size()) == kEndMagic && little_endian(tail, place + 20, 2) == tail.size() - place - kEndRecord;
  };
  while (rules == ZipRules::documentation && at > 0 && !ends_here(at)) --at;
  if (!ends_here(at)) {
    return broken(rules == ZipRules::distribution ? "is no zip file, or has a comment or other bytes behind its end"
                                                  : "is no zip file, or has other bytes behind its end");
  }
  if (little_endian(tail, at + 10, 2) != 0 && frame.start != "PK\x03\x04") return broken("has bytes before its first member");
  return check_member_counts(frame);
}

// At most `limit` bytes, counted while unpacking. The checksum is compared when the end is read.
Result<std::string> unpack(zip_t* zip, zip_uint64_t index, const std::string& name, std::size_t limit) {
  zip_file_t* file = zip_fopen_index(zip, index, 0);
  if (file == nullptr) return broken("has a damaged member '" + name + "'", zip_strerror(zip));
  std::string bytes;
  std::array<char, 16384> buffer;
  zip_int64_t got = 0;
  while (bytes.size() <= limit && (got = zip_fread(file, buffer.data(), buffer.size())) > 0)
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
  const bool damaged = got < 0;
  zip_fclose(file);
  if (damaged) return broken("has a damaged member '" + name + "'");
  if (bytes.size() > limit) return fail(Code::too_large, "the archive has a member '" + name + "' that is too large");
  return bytes;
}

// False for links, devices and directories, as far as the system that packed it says.
Result<bool> is_plain(zip_t* zip, zip_uint64_t index) {
  zip_uint8_t system = 0;
  zip_uint32_t attributes = 0;
  if (zip_file_get_external_attributes(zip, index, 0, &system, &attributes) != 0) return broken("has a damaged directory");
  const std::uint32_t type = (attributes >> 16U) & S_IFMT;
  return system != ZIP_OPSYS_UNIX || type == 0 || type == S_IFREG || type == S_IFDIR;
}

Result<zip_t*> open_zip(const std::string& path, int flags) {
  int error = 0;
  zip_t* zip = zip_open(path.c_str(), flags, &error);
  if (zip != nullptr) return zip;
  zip_error_t detail;
  zip_error_init_with_code(&detail, error);
  std::string text = zip_error_strerror(&detail);
  zip_error_fini(&detail);
  return broken("is no consistent zip file", std::move(text));
}

class LibzipReader final : public ZipReader {
 public:
  LibzipReader(zip_t* zip, std::uint64_t packed, ZipRules rules) : zip_(zip), packed_(packed), rules_(rules) {}
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
    auto bytes = unpack(zip_, static_cast<zip_uint64_t>(found - members_.begin()), *found, limit);
    if (bytes) return std::optional<std::string>(std::move(*bytes));
    if (bytes.error().code == Code::too_large) return broken("has a member '" + *found + "' that is too large");
    return fail(std::move(bytes).error());
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
    BODEGA_TRY(const bool plain, is_plain(zip_, index));
    if (!plain) return broken("has a member '" + name + "' that is a link or no plain file");
    zip_uint32_t comment = 0;
    if (rules_ == ZipRules::distribution && zip_file_get_comment(zip_, index, &comment, ZIP_FL_ENC_RAW) != nullptr && comment != 0)
      return broken("has a comment on '" + name + "'");
    members_.push_back(name);
    return stat.size;
  }

  zip_t* zip_;
  std::uint64_t packed_;
  ZipRules rules_;
  std::vector<std::string> members_;
};

}  // namespace

Result<std::unique_ptr<ZipReader>> ZipReader::open(const std::string& path, ZipRules rules) {
  BODEGA_TRY(const Frame frame, read_frame(path));
  BODEGA_TRY_VOID(check_frame(frame, rules));
  BODEGA_TRY(zip_t * zip, open_zip(path, ZIP_RDONLY | ZIP_CHECKCONS));
  auto reader = std::make_unique<LibzipReader>(zip, frame.size, rules);
  BODEGA_TRY_VOID(reader->check());
  return std::unique_ptr<ZipReader>(std::move(reader));
}

Result<std::string> read_zip_member(const std::string& path, std::string_view member, std::size_t limit) {
  BODEGA_TRY(const Frame frame, read_frame(path));
  BODEGA_TRY_VOID(check_member_counts(frame));
  BODEGA_TRY(zip_t * opened, open_zip(path, ZIP_RDONLY));
  const std::unique_ptr<zip_t, decltype(&zip_discard)> zip(opened, &zip_discard);
  const std::string name(member);
  const zip_int64_t index = name.ends_with('/') ? -1 : zip_name_locate(zip.get(), name.c_str(), 0);
  if (index < 0) return fail(Code::not_found, "the archive has no '" + name + "'");
  BODEGA_TRY(const bool plain, is_plain(zip.get(), static_cast<zip_uint64_t>(index)));
  if (!plain) return fail(Code::not_found, "the archive's '" + name + "' is a link");
  return unpack(zip.get(), static_cast<zip_uint64_t>(index), name, limit);
}

}  // namespace bodega::pypi
