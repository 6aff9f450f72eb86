// How values of rows.h lie in columns.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/time.h"
#include "catalog/sqlite/database.h"

namespace bodega::catalog {

inline sqlite::Blob blob_of(const Digest& digest) { return {digest.bytes()}; }

// SQLite's integers are signed. What is too large is held at the largest; the CHECKs of sizes then refuse it.
inline std::int64_t stored(std::uint64_t value) {
  constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(value < kLargest ? value : kLargest);
}
inline std::uint64_t unsigned_of(const sqlite::Statement& row, int column) { return static_cast<std::uint64_t>(row.integer(column)); }

inline WallTime time_of(const sqlite::Statement& row, int column) { return from_unix_micros(row.integer(column)); }

inline Result<Digest> digest_of(const sqlite::Statement& row, int column) {
  if (const auto digest = Digest::from_bytes(row.view(column))) return *digest;
  return fail(Code::corrupt, "the catalog is damaged", "a stored digest is not 32 bytes");
}

// Every row through `make`, which gives a row of the result or an error.
template <class Row, class Make>
Result<std::vector<Row>> collect(sqlite::Statement statement, Make make) {
  std::vector<Row> rows;
  for (;;) {
    BODEGA_TRY(const bool more, statement.step());
    if (!more) return rows;
    BODEGA_TRY(Row row, make(statement));
    rows.push_back(std::move(row));
  }
}

// Of rows of one column.
inline Result<std::vector<Digest>> digests_of(sqlite::Statement rows) {
  return collect<Digest>(std::move(rows), [](const sqlite::Statement& row) { return digest_of(row, 0); });
}
inline Result<std::vector<std::string>> texts_of(sqlite::Statement rows) {
  return collect<std::string>(std::move(rows), [](const sqlite::Statement& row) -> Result<std::string> { return row.text(0); });
}

// "user/name" in its two halves; without a slash the user is all of it and no index matches.
struct IndexKey {
  std::string_view user;
  std::string_view name;
};
inline IndexKey split_key(std::string_view key) {
  const auto slash = key.find('/');
  if (slash == std::string_view::npos) return {key, {}};
  return {key.substr(0, slash), key.substr(slash + 1)};
}

// The digests that begin with a byte: from `low` on, below `high` (which is nothing after the last byte).
struct DigestRange {
  explicit DigestRange(unsigned char first)
      : low(1, static_cast<char>(first)), high(first == 0xff ? std::string(33, '\xff') : std::string(1, static_cast<char>(first + 1))) {}
  std::string low;
  std::string high;
};

}  // namespace bodega::catalog
