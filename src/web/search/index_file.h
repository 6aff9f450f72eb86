// Files of the search index that are written once and then only read: a head with magic, what they were made from, and a SHA-256 of the
// rest. They can be made again, so nothing is synced; a file that is short, torn or damaged is `corrupt` and is thrown away. Blocking.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"

namespace bodega::web {

// An open descriptor.
class OpenFile {
 public:
  explicit OpenFile(int fd) : fd_(fd) {}
  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile();
  // Exactly so many bytes; corrupt when the file is shorter, io.
  Result<void> read(char* into, std::size_t size, std::uint64_t offset) const;

 private:
  int fd_;
};

// Writes a file beside its place and renames it when it is whole.
class IndexFileWriter {
 public:
  // `magic` has 8 bytes. The directory exists.
  static Result<IndexFileWriter> create(std::filesystem::path path, std::string_view magic, const Digest& source);
  IndexFileWriter(IndexFileWriter&&) noexcept;
  IndexFileWriter& operator=(IndexFileWriter&&) = delete;
  ~IndexFileWriter();  // without finish() nothing remains

  Result<void> append(std::string_view bytes);
  Result<void> finish();

 private:
  IndexFileWriter(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd), hash_(Hasher::sha256()) {}
  Result<void> flush();

  std::filesystem::path path_;
  int fd_;
  Hasher hash_;
  std::string head_;
  std::string buffer_;
};

struct IndexFile {
  OpenFile file;
  Digest source;           // what it was made from
  std::uint64_t size = 0;  // of what follows the head
  static constexpr std::uint64_t kHead = 8 + 32 + 32;
};
// Reads all of it once to check it. not_found, corrupt, io.
Result<IndexFile> open_index_file(const std::filesystem::path& path, std::string_view magic);

// Little-endian numbers of 32 bits.
void put_u32(std::string& out, std::uint32_t value);
std::uint32_t get_u32(const char* bytes);

}  // namespace bodega::web
