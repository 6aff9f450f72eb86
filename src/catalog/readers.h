// The read-only connections of one database, lent out one at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "catalog/sqlite/database.h"

namespace bodega::catalog {

class Readers final {
 public:
  static Result<std::unique_ptr<Readers>> open(const std::filesystem::path& file, std::size_t count);

  // Runs `f` over one connection inside a read transaction: everything it asks is of one moment. Blocks until a connection is free, so
  // never from inside another `f`. From any thread.
  Result<void> with(const std::function<Result<void>(sqlite::Database&)>& f);
  // A question met damage since they were opened. Any thread.
  bool saw_damage() const { return saw_damage_.load(); }

 private:
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<sqlite::Database>> free_;
  std::atomic<bool> saw_damage_{false};
};

}  // namespace bodega::catalog
