#include "catalog/readers.h"

#include <algorithm>
#include <utility>

namespace bodega::catalog {

Result<std::unique_ptr<Readers>> Readers::open(const std::filesystem::path& file, std::size_t count) {
  auto readers = std::make_unique<Readers>();
  // 512 KiB holds the inner pages of the largest tables we expect; leaves come from the kernel's cache.
  const sqlite::OpenOptions options{.file = file, .access = sqlite::Access::reader, .cache_kib = 512};
  for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) {
    BODEGA_TRY(auto database, sqlite::Database::open(options));
    readers->free_.push_back(std::move(database));
  }
  return readers;
}

Result<void> Readers::with(const std::function<Result<void>(sqlite::Database&)>& f) {
  std::unique_ptr<sqlite::Database> database;
  {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [this] { return !free_.empty(); });
    database = std::move(free_.back());  // the last one used: its cache is warm
    free_.pop_back();
  }
  Result<void> outcome = database->begin();
  if (outcome) {
    outcome = f(*database);
    database->rollback();  // nothing was written: the end of a read
  }
  if (database->saw_damage() || (!outcome && outcome.error().code == Code::corrupt)) saw_damage_.store(true);
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(database));
  }
  returned_.notify_one();
  return outcome;
}

}  // namespace bodega::catalog
