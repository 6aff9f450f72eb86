// The questions to cache.db and its changes. Like main_reader.h and main_transaction.h.
#pragma once

#include "catalog/catalog.h"
#include "catalog/sqlite/database.h"

namespace bodega::catalog {

// Base is CacheReader or CacheTransaction.
template <class Base>
class CacheQueries : public Base {
 public:
  explicit CacheQueries(sqlite::Database& database) : database_(database) {}

  Result<DocumentRow> document(std::string_view index, std::string_view name) final;
  Result<std::optional<LocatedRow>> located(std::string_view url) final;
  Result<bool> is_cached(const Digest& digest) final;
  Result<CacheReader::Totals> totals() final;
  Result<std::vector<CachedBlobRow>> least_recent(std::uint64_t bytes, std::size_t limit) final;
  Result<void> each_cached(const std::function<void(const CachedBlobRow&)>& each) final;
  Result<std::vector<CachedBlobRow>> cached_in(unsigned char first) final;
  Result<std::vector<std::string>> document_names(std::string_view index) final;
  Result<NameSlice> document_slice(std::string_view index, const Slice& slice) final;
  Result<CacheReader::DocumentCount> document_count(std::string_view index) final;
  Result<std::int64_t> mark(std::string_view key) final;
  Result<std::vector<Digest>> damaged() final;

 protected:
  sqlite::Database& database() { return database_; }

 private:
  Result<NameSlice> slice_holding(std::string_view index, const Slice& slice);

  sqlite::Database& database_;
};

extern template class CacheQueries<CacheReader>;
extern template class CacheQueries<CacheTransaction>;

class CacheChanges final : public CacheQueries<CacheTransaction> {
 public:
  using CacheQueries::CacheQueries;

  Result<void> put_document(const DocumentRow& document) override;
  Result<void> refresh_document(std::string_view index, std::string_view name, WallTime fetched_at, WallTime expires_at) override;
  Result<void> forget_document(std::string_view index, std::string_view name) override;
  Result<void> forget_index(std::string_view index) override;
  Result<void> put_cached(const CachedBlobRow& blob) override;
  Result<void> forget_cached(const Digest& digest) override;
  Result<void> touch(const std::vector<std::pair<Digest, WallTime>>& used) override;
  Result<void> put_located(const LocatedRow& located) override;
  Result<void> forget_located(std::string_view url) override;
  Result<void> put_mark(std::string_view key, std::int64_t value) override;
  Result<void> put_damaged(const Digest& digest, WallTime found_at) override;
  Result<void> forget_damaged(const Digest& digest) override;
};

}  // namespace bodega::catalog
