#include "catalog/cache_queries.h"

#include <algorithm>

#include "catalog/columns.h"

namespace bodega::catalog {
namespace {

using sqlite::Statement;

Result<CachedBlobRow> cached_of(const Statement& row) {
  BODEGA_TRY(const Digest digest, digest_of(row, 0));
  return CachedBlobRow{digest, unsigned_of(row, 1), time_of(row, 2)};
}

}  // namespace

template <class Base>
Result<DocumentRow> CacheQueries<Base>::document(std::string_view index, std::string_view name) {
  BODEGA_TRY(Statement row,
             database_.query("SELECT d.state, d.fetched_at, d.expires_at, d.changed_at, d.etag, d.last_modified, d.upstream_serial, b.body "
                             "FROM documents d LEFT JOIN document_bodies b ON b.document_id = d.id "
                             "WHERE d.index_name = ? AND d.name = ?",
                             index, name));
  BODEGA_TRY(const bool found, row.step());
  if (!found) return fail(Code::not_found, "that page is not cached");
  DocumentRow document;
  document.index = index;
  document.name = name;
  document.state = row.integer(0) == static_cast<int>(DocumentState::present) ? DocumentState::present : DocumentState::absent;
  document.fetched_at = time_of(row, 1);
  document.expires_at = time_of(row, 2);
  document.changed_at = time_of(row, 3);
  document.etag = row.text(4);
  document.last_modified = row.text(5);
  document.upstream_serial = unsigned_of(row, 6);
  document.body = row.text(7);
  return document;
}

template <class Base>
Result<std::optional<LocatedRow>> CacheQueries<Base>::located(std::string_view url) {
  BODEGA_TRY(Statement row, database_.query("SELECT digest, size, verified FROM located WHERE url = ?", url));
  BODEGA_TRY(const bool found, row.step());
  if (!found) return std::nullopt;
  BODEGA_TRY(const Digest digest, digest_of(row, 0));
  return LocatedRow{std::string(url), digest, unsigned_of(row, 1), row.integer(2) != 0};
}

template <class Base>
Result<bool> CacheQueries<Base>::is_cached(const Digest& digest) {
  BODEGA_TRY(Statement row, database_.query("SELECT 1 FROM cached_blobs WHERE digest = ?", blob_of(digest)));
  return row.step();
}

template <class Base>
Result<CacheReader::Totals> CacheQueries<Base>::totals() {
  BODEGA_TRY(Statement row, database_.query("SELECT blobs, bytes, documents FROM totals"));
  BODEGA_TRY(const bool found, row.step());
  if (!found) return fail(Code::corrupt, "the cache's catalog is damaged", "the row of totals is gone");
  return CacheReader::Totals{unsigned_of(row, 0), unsigned_of(row, 1), unsigned_of(row, 2)};
}

template <class Base>
Result<std::vector<CachedBlobRow>> CacheQueries<Base>::least_recent(std::uint64_t bytes, std::size_t limit) {
  // By the index, which ends in the digest: the order is total and nothing is sorted.
  BODEGA_TRY(Statement rows,
             database_.query("SELECT digest, size, last_used FROM cached_blobs ORDER BY last_used, digest LIMIT ?", stored(limit)));
  std::vector<CachedBlobRow> found;
  for (std::uint64_t sum = 0; sum < bytes;) {
    BODEGA_TRY(const bool more, rows.step());
    if (!more) break;
    BODEGA_TRY(CachedBlobRow row, cached_of(rows));
    sum += row.size;
    found.push_back(row);
  }
  return found;
}

template <class Base>
Result<void> CacheQueries<Base>::each_cached(const std::function<void(const CachedBlobRow&)>& each) {
  BODEGA_TRY(Statement rows, database_.query("SELECT digest, size, last_used FROM cached_blobs"));
  for (;;) {
    BODEGA_TRY(const bool more, rows.step());
    if (!more) return {};
    BODEGA_TRY(const CachedBlobRow row, cached_of(rows));
    each(row);
  }
}

template <class Base>
Result<std::vector<std::string>> CacheQueries<Base>::document_names(std::string_view index) {
  BODEGA_TRY(Statement rows,
             database_.query("SELECT name FROM documents WHERE index_name = ? AND name > '' AND state = 1 ORDER BY name", index));
  return texts_of(std::move(rows));
}

template <class Base>
Result<CacheReader::DocumentCount> CacheQueries<Base>::document_count(std::string_view index) {
  BODEGA_TRY(Statement row, database_.query("SELECT documents, changes FROM document_counts WHERE index_name = ?", index));
  BODEGA_TRY(const bool found, row.step());
  return found ? CacheReader::DocumentCount{unsigned_of(row, 0), unsigned_of(row, 1)} : CacheReader::DocumentCount();
}

template <class Base>
Result<NameSlice> CacheQueries<Base>::document_slice(std::string_view index, const Slice& slice) {
  if (!slice.part.empty()) return slice_holding(index, slice);
  NameSlice out;
  BODEGA_TRY(const auto count, document_count(index));
  out.total = count.documents;
  if (slice.offset >= out.total || slice.limit == 0) return out;
  // From the nearer end.
  const std::uint64_t size = std::min(slice.limit, out.total - slice.offset);
  const std::uint64_t behind = out.total - slice.offset - size;
  const bool from_end = behind < slice.offset;
  BODEGA_TRY(Statement rows, database_.query(from_end ? "SELECT name FROM documents WHERE index_name = ? AND state = 1 AND name > '' "
                                                        "ORDER BY name DESC LIMIT ? OFFSET ?"
                                                      : "SELECT name FROM documents WHERE index_name = ? AND state = 1 AND name > '' "
                                                        "ORDER BY name LIMIT ? OFFSET ?",
                                             index, stored(size), stored(from_end ? behind : slice.offset)));
  BODEGA_TRY(out.names, texts_of(std::move(rows)));
  if (from_end) std::reverse(out.names.begin(), out.names.end());
  return out;
}

// Looks at every name, once.
template <class Base>
Result<NameSlice> CacheQueries<Base>::slice_holding(std::string_view index, const Slice& slice) {
  BODEGA_TRY(Statement rows, database_.query("SELECT name FROM documents WHERE index_name = ? AND state = 1 AND name > '' "
                                             "AND instr(name, ?) > 0 ORDER BY name",
                                             index, slice.part));
  NameSlice out;
  for (;; ++out.total) {
    BODEGA_TRY(const bool more, rows.step());
    if (!more) return out;
    if (out.total >= slice.offset && out.names.size() < slice.limit) out.names.emplace_back(rows.text(0));
  }
}

template <class Base>
Result<std::vector<CachedBlobRow>> CacheQueries<Base>::cached_in(unsigned char first) {
  const DigestRange range(first);
  BODEGA_TRY(Statement rows,
             database_.query("SELECT digest, size, last_used FROM cached_blobs WHERE digest >= ? AND digest < ? ORDER BY digest",
                             sqlite::Blob{range.low}, sqlite::Blob{range.high}));
  return collect<CachedBlobRow>(std::move(rows), cached_of);
}

template <class Base>
Result<std::int64_t> CacheQueries<Base>::mark(std::string_view key) {
  BODEGA_TRY(Statement row, database_.query("SELECT value FROM marks WHERE key = ?", key));
  BODEGA_TRY(const bool found, row.step());
  if (!found) return fail(Code::not_found, "there is no mark " + std::string(key));
  return row.integer(0);
}

template <class Base>
Result<std::vector<Digest>> CacheQueries<Base>::damaged() {
  BODEGA_TRY(Statement rows, database_.query("SELECT digest FROM damaged_blobs ORDER BY digest"));
  return digests_of(std::move(rows));
}

template class CacheQueries<CacheReader>;
template class CacheQueries<CacheTransaction>;

Result<void> CacheChanges::put_document(const DocumentRow& document) {
  std::int64_t id = 0;
  {
    BODEGA_TRY(
        Statement row,
        database().query(
            "INSERT INTO documents(index_name, name, state, fetched_at, expires_at, changed_at, etag, last_modified, upstream_serial) "
            "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(index_name, name) DO UPDATE SET state = excluded.state, "
            "fetched_at = excluded.fetched_at, expires_at = excluded.expires_at, changed_at = excluded.changed_at, etag = excluded.etag, "
            "last_modified = excluded.last_modified, upstream_serial = excluded.upstream_serial RETURNING id",
            document.index, document.name, std::int64_t{static_cast<int>(document.state)}, to_unix_micros(document.fetched_at),
            to_unix_micros(document.expires_at), to_unix_micros(document.changed_at), document.etag, document.last_modified,
            stored(document.upstream_serial)));
    BODEGA_TRY(const bool found, row.step());
    if (!found) return fail(Code::io, "the page could not be stored", "an upsert gave no id");
    id = row.integer(0);
  }
  // Bodies lie apart, so that a 304 rewrites one small row and lists of names read no bodies.
  if (document.body.empty() || document.state == DocumentState::absent) {
    BODEGA_TRY_VOID(database().run("DELETE FROM document_bodies WHERE document_id = ?", id));
  } else {
    BODEGA_TRY_VOID(
        database().run("INSERT INTO document_bodies(document_id, body) VALUES(?, ?) "
                       "ON CONFLICT(document_id) DO UPDATE SET body = excluded.body",
                       id, sqlite::Blob{document.body}));
  }
  return {};
}

Result<void> CacheChanges::refresh_document(std::string_view index, std::string_view name, WallTime fetched_at, WallTime expires_at) {
  BODEGA_TRY(const auto rows, database().run("UPDATE documents SET fetched_at = ?, expires_at = ? WHERE index_name = ? AND name = ?",
                                             to_unix_micros(fetched_at), to_unix_micros(expires_at), index, name));
  if (rows == 0) return fail(Code::not_found, "that page is not cached");
  return {};
}

Result<void> CacheChanges::forget_document(std::string_view index, std::string_view name) {
  BODEGA_TRY_VOID(database().run("DELETE FROM documents WHERE index_name = ? AND name = ?", index, name));
  return {};
}

Result<void> CacheChanges::forget_index(std::string_view index) {
  BODEGA_TRY_VOID(database().run("DELETE FROM documents WHERE index_name = ?", index));
  return {};
}

Result<void> CacheChanges::put_cached(const CachedBlobRow& blob) {
  BODEGA_TRY_VOID(
      database().run("INSERT INTO cached_blobs(digest, size, last_used) VALUES(?, ?, ?) "
                     "ON CONFLICT(digest) DO UPDATE SET size = excluded.size, last_used = max(last_used, excluded.last_used)",
                     blob_of(blob.digest), stored(blob.size), to_unix_micros(blob.last_used)));
  return {};
}

Result<void> CacheChanges::forget_cached(const Digest& digest) {
  BODEGA_TRY_VOID(database().run("DELETE FROM cached_blobs WHERE digest = ?", blob_of(digest)));
  return {};
}

Result<void> CacheChanges::touch(const std::vector<std::pair<Digest, WallTime>>& used) {
  for (const auto& [digest, when] : used) {
    BODEGA_TRY_VOID(database().run("UPDATE cached_blobs SET last_used = ?2 WHERE digest = ?1 AND last_used < ?2", blob_of(digest),
                                   to_unix_micros(when)));
  }
  return {};
}

Result<void> CacheChanges::put_located(const LocatedRow& located) {
  BODEGA_TRY_VOID(
      database().run("INSERT INTO located(url, digest, size, verified) VALUES(?, ?, ?, ?) "
                     "ON CONFLICT(url) DO UPDATE SET digest = excluded.digest, size = excluded.size, verified = excluded.verified",
                     located.url, blob_of(located.digest), stored(located.size), std::int64_t{located.verified ? 1 : 0}));
  return {};
}

Result<void> CacheChanges::forget_located(std::string_view url) {
  BODEGA_TRY_VOID(database().run("DELETE FROM located WHERE url = ?", url));
  return {};
}

Result<void> CacheChanges::put_mark(std::string_view key, std::int64_t value) {
  BODEGA_TRY_VOID(
      database().run("INSERT INTO marks(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value", key, value));
  return {};
}

Result<void> CacheChanges::put_damaged(const Digest& digest, WallTime found_at) {
  BODEGA_TRY_VOID(
      database().run("INSERT OR IGNORE INTO damaged_blobs(digest, found_at) VALUES(?, ?)", blob_of(digest), to_unix_micros(found_at)));
  return {};
}

Result<void> CacheChanges::forget_damaged(const Digest& digest) {
  BODEGA_TRY_VOID(database().run("DELETE FROM damaged_blobs WHERE digest = ?", blob_of(digest)));
  return {};
}

}  // namespace bodega::catalog
