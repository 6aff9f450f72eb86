// What the store's tests share. Tests only.
#pragma once

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "store/blob_store.h"
#include "testing/fault_file_system.h"

namespace bodega::store {

inline std::filesystem::path blob_path(const std::filesystem::path& root, const Digest& digest) {
  const std::string hex = digest.hex();
  return root / "blobs" / "sha256" / hex.substr(0, 2) / hex.substr(2, 2) / hex;
}

inline std::unique_ptr<BlobStore> must_open_store(FileSystem& file_system, const std::filesystem::path& root, StoreOptions options = {}) {
  auto store = open_blob_store(file_system, root, options);
  EXPECT_TRUE(store) << (store ? "" : store.error().describe());
  return store ? std::move(*store) : nullptr;
}

// Writes `bytes` in three pieces and commits.
inline Result<std::shared_ptr<const Blob>> put(BlobStore& store, std::string_view bytes) {
  BODEGA_TRY(const auto writer, store.create(bytes.size()));
  const std::size_t third = bytes.size() / 3;
  BODEGA_TRY_VOID(writer->append(bytes.substr(0, third)));
  BODEGA_TRY_VOID(writer->append(bytes.substr(third, third)));
  BODEGA_TRY_VOID(writer->append(bytes.substr(2 * third)));
  writer->finish_digest();
  return writer->commit();
}

inline std::string content(const Blob& blob) {
  std::string bytes(blob.size(), '\0');
  const auto count = blob.read_at(bytes.data(), bytes.size(), 0);
  EXPECT_TRUE(count && *count == bytes.size());
  return bytes;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(bytes).str();
}
inline void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline std::size_t count_entries(const std::filesystem::path& path) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path)) ++count;
  return count;
}

inline std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 12345;  // any seed: the bytes only have to differ from each other
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

}  // namespace bodega::store
