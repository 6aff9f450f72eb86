#include "catalog/main_reader.h"

#include "catalog/columns.h"

namespace bodega::catalog {
namespace {

using sqlite::Statement;

Result<UserRow> user_of(const Statement& row) {
  UserRow user{row.text(0), row.text(1), row.text(2), time_of(row, 3), std::nullopt};
  if (!row.is_null(4)) user.modified = time_of(row, 4);
  return user;
}

// The columns of both file questions, in the order of file_of.
#define BODEGA_FILE_COLUMNS                                                                                                      \
  "SELECT p.name, r.version, f.filename, f.digest, f.size, f.uploaded_at, f.uploaded_by, f.requires_python, f.metadata_digest, " \
  "f.yanked, f.log "

Result<FileRow> file_of(const Statement& row, std::string_view index) {
  FileRow file;
  file.index = index;
  file.project = row.text(0);
  file.version = row.text(1);
  file.filename = row.text(2);
  BODEGA_TRY(file.digest, digest_of(row, 3));
  file.size = unsigned_of(row, 4);
  file.uploaded_at = time_of(row, 5);
  file.uploaded_by = row.text(6);
  file.requires_python = row.text(7);
  if (!row.is_null(8)) {
    BODEGA_TRY(file.metadata_digest, digest_of(row, 8));
  }
  if (!row.is_null(9)) file.yanked = row.text(9);
  file.log_json = row.text(10);
  return file;
}

#define BODEGA_ATTACHMENT_COLUMNS \
  "SELECT p.name, r.version, a.kind, a.filename, coalesce(f.filename, ''), a.digest, a.size, a.stored_at, a.stored_by, a.log "

Result<AttachmentRow> attachment_of(const Statement& row, std::string_view index) {
  AttachmentRow out;
  out.index = index;
  out.project = row.text(0);
  out.version = row.text(1);
  out.kind = row.integer(2) == 1 ? AttachmentKind::doczip : AttachmentKind::toxresult;
  out.filename = row.text(3);
  out.for_file = row.text(4);
  BODEGA_TRY(out.digest, digest_of(row, 5));
  out.size = unsigned_of(row, 6);
  out.stored_at = time_of(row, 7);
  out.stored_by = row.text(8);
  out.log_json = row.text(9);
  return out;
}

Result<TokenRow> token_of(const Statement& row) {
  TokenRow out;
  out.id = row.text(0);
  out.user = row.text(1);
  out.scope = row.text(2);
  out.index = row.text(3);
  BODEGA_TRY(out.hash, digest_of(row, 4));
  out.comment = row.text(5);
  out.created = time_of(row, 6);
  if (!row.is_null(7)) out.expires = time_of(row, 7);
  if (!row.is_null(8)) out.last_used = time_of(row, 8);
  return out;
}

}  // namespace

template <class Base>
Result<Serial> MainReader<Base>::serial() {
  BODEGA_TRY(Statement row, database_.query("SELECT serial FROM changelog ORDER BY serial DESC LIMIT 1"));
  BODEGA_TRY(const bool found, row.step());
  return found ? unsigned_of(row, 0) : 0;
}

template <class Base>
Result<std::string> MainReader<Base>::setting(std::string_view key) {
  BODEGA_TRY(Statement row, database_.query("SELECT value FROM settings WHERE key = ?", key));
  BODEGA_TRY(const bool found, row.step());
  if (!found) return fail(Code::not_found, "there is no setting \"" + std::string(key) + "\"");
  return row.text(0);
}

template <class Base>
Result<std::vector<UserRow>> MainReader<Base>::users() {
  BODEGA_TRY(Statement rows, database_.query("SELECT name, password_hash, profile, created, modified FROM users ORDER BY name"));
  return collect<UserRow>(std::move(rows), user_of);
}

template <class Base>
Result<UserRow> MainReader<Base>::user(std::string_view name) {
  BODEGA_TRY(Statement row, database_.query("SELECT name, password_hash, profile, created, modified FROM users WHERE name = ?", name));
  BODEGA_TRY(const bool found, row.step());
  if (!found) return fail(Code::not_found, "there is no user " + std::string(name));
  return user_of(row);
}

template <class Base>
Result<std::vector<IndexRow>> MainReader<Base>::indexes() {
  BODEGA_TRY(Statement rows, database_.query("SELECT user, name, options FROM indexes ORDER BY id"));
  const auto make = [](const Statement& row) -> Result<IndexRow> { return IndexRow{row.text(0), row.text(1), row.text(2)}; };
  return collect<IndexRow>(std::move(rows), make);
}

template <class Base>
Result<std::vector<ProjectRow>> MainReader<Base>::projects(std::string_view index) {
  const IndexKey key = split_key(index);
  BODEGA_TRY(Statement rows, database_.query("SELECT p.name, p.display FROM indexes i JOIN projects p ON p.index_id = i.id "
                                             "WHERE i.user = ? AND i.name = ? ORDER BY p.name",
                                             key.user, key.name));
  const auto make = [index](const Statement& row) -> Result<ProjectRow> {
    return ProjectRow{std::string(index), row.text(0), row.text(1)};
  };
  return collect<ProjectRow>(std::move(rows), make);
}

template <class Base>
Result<ProjectRow> MainReader<Base>::project(std::string_view index, std::string_view project) {
  const IndexKey key = split_key(index);
  BODEGA_TRY(Statement row, database_.query("SELECT p.name, p.display FROM indexes i JOIN projects p ON p.index_id = i.id "
                                            "WHERE i.user = ? AND i.name = ? AND p.name = ?",
                                            key.user, key.name, project));
  BODEGA_TRY(const bool found, row.step());
  if (!found) return fail(Code::not_found, "there is no project " + std::string(project) + " on " + std::string(index));
  return ProjectRow{std::string(index), row.text(0), row.text(1)};
}

template <class Base>
Result<ProjectSlice> MainReader<Base>::project_slice(std::string_view index, const Slice& slice) {
  const IndexKey key = split_key(index);
  BODEGA_TRY(Statement count, slice.part.empty()
                                  ? database_.query("SELECT c.projects FROM indexes i JOIN project_counts c ON c.index_id = i.id "
                                                    "WHERE i.user = ? AND i.name = ?",
                                                    key.user, key.name)
                                  : database_.query("SELECT count(*) FROM indexes i JOIN projects p ON p.index_id = i.id "
                                                    "WHERE i.user = ? AND i.name = ? AND instr(p.name, ?) > 0",
                                                    key.user, key.name, slice.part));
  ProjectSlice out;
  BODEGA_TRY(const bool counted, count.step());
  if (counted) out.total = unsigned_of(count, 0);
  BODEGA_TRY(Statement rows,
             database_.query("SELECT p.name, p.display, (SELECT count(*) FROM releases r WHERE r.project_id = p.id), "
                             "(SELECT max(f.uploaded_at) FROM releases r JOIN files f ON f.release_id = r.id WHERE r.project_id = p.id) "
                             // Those that are passed over are not looked up in the table: the index has the id.
                             "FROM (SELECT p.id FROM indexes i JOIN projects p ON p.index_id = i.id "
                             "WHERE i.user = ? AND i.name = ? AND instr(p.name, ?) > 0 ORDER BY p.name LIMIT ? OFFSET ?) s "
                             "JOIN projects p ON p.id = s.id ORDER BY p.name",
                             key.user, key.name, slice.part, stored(slice.limit), stored(slice.offset)));
  const auto make = [index](const Statement& row) -> Result<ProjectSlice::One> {
    ProjectSlice::One one{{std::string(index), row.text(0), row.text(1)}, unsigned_of(row, 2), std::nullopt};
    if (!row.is_null(3)) one.last_upload = from_unix_micros(row.integer(3));
    return one;
  };
  BODEGA_TRY(out.projects, collect<ProjectSlice::One>(std::move(rows), make));
  return out;
}

template <class Base>
Result<std::vector<std::pair<std::string, std::uint64_t>>> MainReader<Base>::project_counts() {
  using Count = std::pair<std::string, std::uint64_t>;
  BODEGA_TRY(Statement rows, database_.query("SELECT i.user || '/' || i.name, coalesce(c.projects, 0) "
                                             "FROM indexes i LEFT JOIN project_counts c ON c.index_id = i.id"));
  return collect<Count>(std::move(rows), [](const Statement& row) -> Result<Count> { return Count{row.text(0), unsigned_of(row, 1)}; });
}

template <class Base>
Result<std::vector<ReleaseRow>> MainReader<Base>::releases(std::string_view index, std::string_view project) {
  const IndexKey key = split_key(index);
  BODEGA_TRY(Statement rows, database_.query("SELECT r.version, r.metadata FROM indexes i JOIN projects p ON p.index_id = i.id "
                                             "JOIN releases r ON r.project_id = p.id "
                                             "WHERE i.user = ? AND i.name = ? AND p.name = ? ORDER BY r.id",
                                             key.user, key.name, project));
  const auto make = [index, project](const Statement& row) -> Result<ReleaseRow> {
    return ReleaseRow{std::string(index), std::string(project), row.text(0), row.text(1)};
  };
  return collect<ReleaseRow>(std::move(rows), make);
}

template <class Base>
Result<ReleaseRow> MainReader<Base>::release(std::string_view index, std::string_view project, std::string_view version) {
  const IndexKey key = split_key(index);
  BODEGA_TRY(Statement row, database_.query("SELECT r.metadata FROM indexes i JOIN projects p ON p.index_id = i.id "
                                            "JOIN releases r ON r.project_id = p.id "
                                            "WHERE i.user = ? AND i.name = ? AND p.name = ? AND r.version = ?",
                                            key.user, key.name, project, version));
  BODEGA_TRY(const bool found, row.step());
  if (!found) return fail(Code::not_found, "there is no release " + std::string(project) + " " + std::string(version));
  return ReleaseRow{std::string(index), std::string(project), std::string(version), row.text(0)};
}

// Grouped by what the index of releases is sorted by: ten thousand files need no sorting.
template <class Base>
Result<std::vector<ReleaseOutline>> MainReader<Base>::release_outlines(std::string_view index, std::string_view project) {
  const IndexKey key = split_key(index);
  BODEGA_TRY(Statement rows,
             database_.query("SELECT r.version, count(f.id), count(f.yanked), coalesce(sum(f.size), 0), min(f.uploaded_at), "
                             "coalesce(max(f.requires_python), ''), "
                             "EXISTS (SELECT 1 FROM attachments a WHERE a.release_id = r.id AND a.kind = 1) "
                             "FROM indexes i JOIN projects p ON p.index_id = i.id JOIN releases r ON r.project_id = p.id "
                             "LEFT JOIN files f ON f.release_id = r.id WHERE i.user = ? AND i.name = ? AND p.name = ? GROUP BY r.version",
                             key.user, key.name, project));
  return collect<ReleaseOutline>(std::move(rows), [](const Statement& row) -> Result<ReleaseOutline> {
    ReleaseOutline out{row.text(0),  unsigned_of(row, 1), unsigned_of(row, 2), unsigned_of(row, 3),
                       std::nullopt, row.text(5),         row.integer(6) != 0};
    if (!row.is_null(4)) out.since = time_of(row, 4);
    return out;
  });
}

template <class Base>
Result<std::vector<FileRow>> MainReader<Base>::files(std::string_view index, std::string_view project) {
  const IndexKey key = split_key(index);
  BODEGA_TRY(Statement rows,
             database_.query(BODEGA_FILE_COLUMNS "FROM indexes i JOIN projects p ON p.index_id = i.id "
                                                 "JOIN releases r ON r.project_id = p.id JOIN files f ON f.release_id = r.id "
                                                 "WHERE i.user = ? AND i.name = ? AND p.name = ? ORDER BY f.id",
                             key.user, key.name, project));
  return collect<FileRow>(std::move(rows), [index](const Statement& row) { return file_of(row, index); });
}

template <class Base>
Result<std::vector<FileRow>> MainReader<Base>::release_files(std::string_view index, std::string_view project, std::string_view version) {
  const IndexKey key = split_key(index);
  BODEGA_TRY(Statement rows,
             database_.query(BODEGA_FILE_COLUMNS "FROM indexes i JOIN projects p ON p.index_id = i.id "
                                                 "JOIN releases r ON r.project_id = p.id JOIN files f ON f.release_id = r.id "
                                                 "WHERE i.user = ? AND i.name = ? AND p.name = ? AND r.version = ? ORDER BY f.id",
                             key.user, key.name, project, version));
  return collect<FileRow>(std::move(rows), [index](const Statement& row) { return file_of(row, index); });
}

template <class Base>
Result<std::vector<FileRow>> MainReader<Base>::latest_files(std::string_view index, std::uint64_t limit) {
  const IndexKey key = split_key(index);
  BODEGA_TRY(Statement rows, database_.query(BODEGA_FILE_COLUMNS
                                             "FROM files f JOIN releases r ON r.id = f.release_id JOIN projects p ON p.id = r.project_id "
                                             "WHERE f.index_id = (SELECT id FROM indexes WHERE user = ? AND name = ?) "
                                             "ORDER BY f.id DESC LIMIT ?",
                                             key.user, key.name, stored(limit)));
  return collect<FileRow>(std::move(rows), [index](const Statement& row) { return file_of(row, index); });
}

template <class Base>
Result<FileRow> MainReader<Base>::file(std::string_view index, std::string_view filename) {
  const IndexKey key = split_key(index);
  BODEGA_TRY(Statement row,
             database_.query(BODEGA_FILE_COLUMNS ", m.body FROM indexes i JOIN files f ON f.index_id = i.id "
                                                 "JOIN releases r ON r.id = f.release_id JOIN projects p ON p.id = r.project_id "
                                                 "LEFT JOIN file_metadata m ON m.file_id = f.id "
                                                 "WHERE i.user = ? AND i.name = ? AND f.filename = ?",
                             key.user, key.name, filename));
  BODEGA_TRY(const bool found, row.step());
  if (!found) return fail(Code::not_found, "there is no file " + std::string(filename) + " on " + std::string(index));
  BODEGA_TRY(FileRow file, file_of(row, index));
  if (!row.is_null(11)) file.metadata = row.text(11);
  return file;
}

template <class Base>
Result<std::vector<AttachmentRow>> MainReader<Base>::attachments(std::string_view index, std::string_view project) {
  const IndexKey key = split_key(index);
  BODEGA_TRY(Statement rows, database_.query(BODEGA_ATTACHMENT_COLUMNS
                                             "FROM indexes i JOIN projects p ON p.index_id = i.id JOIN releases r ON r.project_id = p.id "
                                             "JOIN attachments a ON a.release_id = r.id LEFT JOIN files f ON f.id = a.file_id "
                                             "WHERE i.user = ? AND i.name = ? AND p.name = ? ORDER BY a.id",
                                             key.user, key.name, project));
  return collect<AttachmentRow>(std::move(rows), [index](const Statement& row) { return attachment_of(row, index); });
}

template <class Base>
Result<std::vector<AttachmentRow>> MainReader<Base>::release_attachments(std::string_view index, std::string_view project,
                                                                         std::string_view version) {
  const IndexKey key = split_key(index);
  BODEGA_TRY(Statement rows, database_.query(BODEGA_ATTACHMENT_COLUMNS
                                             "FROM indexes i JOIN projects p ON p.index_id = i.id JOIN releases r ON r.project_id = p.id "
                                             "JOIN attachments a ON a.release_id = r.id LEFT JOIN files f ON f.id = a.file_id "
                                             "WHERE i.user = ? AND i.name = ? AND p.name = ? AND r.version = ? ORDER BY a.id",
                                             key.user, key.name, project, version));
  return collect<AttachmentRow>(std::move(rows), [index](const Statement& row) { return attachment_of(row, index); });
}

template <class Base>
Result<AttachmentRow> MainReader<Base>::attachment(std::string_view index, std::string_view filename) {
  const IndexKey key = split_key(index);
  BODEGA_TRY(
      Statement row,
      database_.query(
          BODEGA_ATTACHMENT_COLUMNS
          "FROM indexes i JOIN attachments a ON a.index_id = i.id JOIN releases r ON r.id = a.release_id "
          "JOIN projects p ON p.id = r.project_id LEFT JOIN files f ON f.id = a.file_id WHERE i.user = ? AND i.name = ? AND a.filename = ?",
          key.user, key.name, filename));
  BODEGA_TRY(const bool found, row.step());
  if (!found) return fail(Code::not_found, "there is no attachment " + std::string(filename) + " on " + std::string(index));
  return attachment_of(row, index);
}

template <class Base>
Result<std::vector<FileRow>> MainReader<Base>::files_with(const Digest& digest) {
  BODEGA_TRY(Statement rows,
             database_.query(BODEGA_FILE_COLUMNS ", i.user || '/' || i.name FROM files f JOIN releases r ON r.id = f.release_id "
                                                 "JOIN projects p ON p.id = r.project_id JOIN indexes i ON i.id = p.index_id "
                                                 "WHERE f.digest = ? ORDER BY f.id",
                             blob_of(digest)));
  return collect<FileRow>(std::move(rows), [](const Statement& row) { return file_of(row, row.text(11)); });
}

template <class Base>
Result<std::vector<AttachmentRow>> MainReader<Base>::attachments_with(const Digest& digest) {
  BODEGA_TRY(Statement rows, database_.query(BODEGA_ATTACHMENT_COLUMNS
                                             ", i.user || '/' || i.name FROM attachments a JOIN releases r ON r.id = a.release_id "
                                             "JOIN projects p ON p.id = r.project_id JOIN indexes i ON i.id = p.index_id "
                                             "LEFT JOIN files f ON f.id = a.file_id WHERE a.digest = ? ORDER BY a.id",
                                             blob_of(digest)));
  return collect<AttachmentRow>(std::move(rows), [](const Statement& row) { return attachment_of(row, row.text(10)); });
}

template <class Base>
Result<std::vector<std::pair<std::string, std::string>>> MainReader<Base>::settings() {
  BODEGA_TRY(Statement rows, database_.query("SELECT key, value FROM settings ORDER BY key"));
  using Setting = std::pair<std::string, std::string>;
  return collect<Setting>(std::move(rows), [](const Statement& row) -> Result<Setting> { return Setting(row.text(0), row.text(1)); });
}

template <class Base>
Result<std::vector<TokenRow>> MainReader<Base>::tokens() {
  BODEGA_TRY(Statement rows,
             database_.query("SELECT id, user, scope, index_name, hash, comment, created, expires, last_used FROM tokens ORDER BY number"));
  return collect<TokenRow>(std::move(rows), token_of);
}

template <class Base>
Result<bool> MainReader<Base>::was_deleted(std::string_view index, std::string_view filename) {
  const IndexKey key = split_key(index);
  BODEGA_TRY(Statement row, database_.query("SELECT 1 FROM indexes i JOIN deleted_files d ON d.index_id = i.id "
                                            "WHERE i.user = ? AND i.name = ? AND d.filename = ?",
                                            key.user, key.name, filename));
  return row.step();
}

template <class Base>
Result<bool> MainReader<Base>::is_hosted(const Digest& digest) {
  BODEGA_TRY(Statement row,
             database_.query("SELECT 1 FROM files WHERE digest = ?1 UNION ALL SELECT 1 FROM attachments WHERE digest = ?1 LIMIT 1",
                             blob_of(digest)));
  return row.step();
}

template <class Base>
Result<void> MainReader<Base>::each_hosted(const std::function<void(const Digest&, std::uint64_t size)>& each) {
  BODEGA_TRY(
      Statement rows,
      database_.query("SELECT digest, max(size) FROM (SELECT digest, size FROM files UNION ALL SELECT digest, size FROM attachments) "
                      "GROUP BY digest"));
  for (;;) {
    BODEGA_TRY(const bool more, rows.step());
    if (!more) return {};
    BODEGA_TRY(const Digest digest, digest_of(rows, 0));
    each(digest, unsigned_of(rows, 1));
  }
}

template <class Base>
Result<std::vector<Digest>> MainReader<Base>::hosted_in(unsigned char first) {
  const DigestRange range(first);
  BODEGA_TRY(Statement rows, database_.query("SELECT digest FROM files WHERE digest >= ?1 AND digest < ?2 UNION "
                                             "SELECT digest FROM attachments WHERE digest >= ?1 AND digest < ?2 ORDER BY 1",
                                             sqlite::Blob{range.low}, sqlite::Blob{range.high}));
  return digests_of(std::move(rows));
}

template class MainReader<Reader>;
template class MainReader<Transaction>;

}  // namespace bodega::catalog
