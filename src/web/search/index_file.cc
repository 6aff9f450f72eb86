#include "web/search/index_file.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bodega::web {
namespace {

constexpr std::size_t kStep = 256 * 1024;

std::filesystem::path temporary(const std::filesystem::path& path) { return path.string() + ".new"; }

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto done = ::write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return fail_errno(errno, "write of a search index file");
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

tl::unexpected<Error> damaged(const std::filesystem::path& path) {
  return fail(Code::corrupt, "a file of the search index is damaged", path.filename().string());
}

}  // namespace

OpenFile::OpenFile(OpenFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

OpenFile::~OpenFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> OpenFile::read(char* into, std::size_t size, std::uint64_t offset) const {
  while (size > 0) {
    const auto got = ::pread(fd_, into, size, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "read of a search index file");
    if (got == 0) return fail(Code::corrupt, "a file of the search index became shorter");
    into += got;
    offset += static_cast<std::uint64_t>(got);
    size -= static_cast<std::size_t>(got);
  }
  return {};
}

Result<IndexFileWriter> IndexFileWriter::create(std::filesystem::path path, std::string_view magic, const Digest& source) {
  const int fd = ::open(temporary(path).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return fail_errno(errno, "create a search index file");
  IndexFileWriter writer(std::move(path), fd);
  writer.head_ = std::string(magic) + std::string(source.bytes());
  if (::lseek(fd, static_cast<off_t>(IndexFile::kHead), SEEK_SET) < 0) return fail_errno(errno, "seek in a search index file");
  return writer;
}

IndexFileWriter::IndexFileWriter(IndexFileWriter&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      hash_(std::move(other.hash_)),
      head_(std::move(other.head_)),
      buffer_(std::move(other.buffer_)) {}

IndexFileWriter::~IndexFileWriter() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary(path_).c_str());
}

Result<void> IndexFileWriter::append(std::string_view bytes) {
  buffer_.append(bytes);
  return buffer_.size() >= kStep ? flush() : Result<void>();
}

Result<void> IndexFileWriter::flush() {
  hash_.update(buffer_);
  BODEGA_TRY_VOID(write_all(fd_, buffer_));
  buffer_.clear();
  return {};
}

Result<void> IndexFileWriter::finish() {
  BODEGA_TRY_VOID(flush());
  head_ += hash_.finish_digest().bytes();
  if (::lseek(fd_, 0, SEEK_SET) < 0) return fail_errno(errno, "seek in a search index file");
  BODEGA_TRY_VOID(write_all(fd_, head_));
  if (::rename(temporary(path_).c_str(), path_.c_str()) != 0) return fail_errno(errno, "rename a search index file");
  ::close(std::exchange(fd_, -1));
  return {};
}

Result<IndexFile> open_index_file(const std::filesystem::path& path, std::string_view magic) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return fail_errno(errno, "open a search index file");
  OpenFile file(fd);
  struct stat info {};
  if (::fstat(fd, &info) != 0) return fail_errno(errno, "stat of a search index file");
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (!S_ISREG(info.st_mode) || size < IndexFile::kHead) return damaged(path);
  std::string head(IndexFile::kHead, '\0');
  BODEGA_TRY_VOID(file.read(head.data(), head.size(), 0));
  if (!head.starts_with(magic)) return damaged(path);
  auto hash = Hasher::sha256();
  std::string piece;
  for (std::uint64_t at = IndexFile::kHead; at < size; at += piece.size()) {
    piece.resize(std::min<std::uint64_t>(kStep, size - at));
    BODEGA_TRY_VOID(file.read(piece.data(), piece.size(), at));
    hash.update(piece);
  }
  if (hash.finish_digest().bytes() != std::string_view(head).substr(40, 32)) return damaged(path);
  return IndexFile{std::move(file), *Digest::from_bytes(std::string_view(head).substr(8, 32)), size - IndexFile::kHead};
}

void put_u32(std::string& out, std::uint32_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>((value >> shift) & 0xFFU);
}

std::uint32_t get_u32(const char* bytes) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) value |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return value;
}

}  // namespace bodega::web
