// devpi's database of a server directory, read-only: `kv` says in which transaction a key was last set, the values lie in the transactions
// themselves. All reads see one moment: the transaction that begins with open() and ends with the object. While it lives devpi cannot
// write. Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "catalog/sqlite/database.h"
#include "ops/transfer/dump.h"
#include "pypi/format/json_value.h"

namespace bodega::ops {

class KeyFs {
 public:
  // Transactions kept in memory: neighbours are read in turn, and the largest ones hold a page of a mirror with all its files.
  static constexpr std::size_t kCacheBytes = 8U << 20U;

  // busy: devpi is writing. corrupt: not devpi's database.
  static Result<std::unique_ptr<KeyFs>> open(const std::filesystem::path& file, std::size_t cache_bytes = kCacheBytes);
  ~KeyFs();

  // nullopt: never set, or deleted. corrupt: the value cannot be read; other keys may be fine.
  Result<std::optional<pypi::Json>> get(std::string_view key);
  // What the newest transaction wanted to rename or remove, relative to the server directory: "x-<hex>-tmp" becomes "x", others go.
  Result<std::vector<std::string>> renames();

  std::size_t cached_bytes() const { return bytes_; }

 private:
  struct Transaction {
    std::int64_t serial = 0;
    std::string bytes;
    DumpedEntry entry;
    std::size_t weight() const { return bytes.size() + entry.changes.capacity() * sizeof(DumpedChange); }
  };

  KeyFs(std::unique_ptr<catalog::sqlite::Database> database, std::size_t cache_bytes);
  Result<const Transaction*> transaction(std::int64_t serial);

  std::unique_ptr<catalog::sqlite::Database> database_;
  const std::size_t cache_bytes_;
  std::list<Transaction> recent_;  // the last used first
  std::unordered_map<std::int64_t, std::list<Transaction>::iterator> by_serial_;
  std::size_t bytes_ = 0;
};

}  // namespace bodega::ops
