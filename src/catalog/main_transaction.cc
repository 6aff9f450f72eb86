#include "catalog/main_transaction.h"

#include <utility>

#include "catalog/columns.h"

namespace bodega::catalog {
namespace {

using sqlite::Statement;

// The text of a changelog row is for people: the first changes by name, a count of the others.
constexpr std::size_t kWhatLimit = 200;

std::string path_of(std::string_view index, std::string_view name) { return std::string(index) + "/" + std::string(name); }

tl::unexpected<Error> no_index(std::string_view index) { return fail(Code::not_found, "there is no index " + std::string(index)); }
tl::unexpected<Error> no_user(std::string_view name) { return fail(Code::not_found, "there is no user " + std::string(name)); }
tl::unexpected<Error> no_file(std::string_view index, std::string_view filename) {
  return fail(Code::not_found, "there is no file " + std::string(filename) + " on " + std::string(index));
}

// The same error, a conflict with a sentence that names the thing.
tl::unexpected<Error> named(Error error, std::string_view sentence) {
  if (error.code == Code::conflict) error.message = sentence;
  return fail(std::move(error));
}

std::optional<std::int64_t> optional_micros(const std::optional<WallTime>& time) {
  if (!time) return std::nullopt;
  return to_unix_micros(*time);
}

std::optional<std::string_view> optional_text(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return *text;
}

Result<std::vector<Digest>> digests(Result<Statement> rows) {
  if (!rows) return fail(std::move(rows).error());
  return digests_of(std::move(*rows));
}

}  // namespace

void MainTransaction::changed(std::string_view verb, std::string_view what) {
  what = what.substr(0, kWhatLimit);
  if (!what_.empty() && what_.size() + verb.size() + what.size() > kWhatLimit) {
    ++not_named_;
    return;
  }
  if (!what_.empty()) what_ += "; ";
  what_ += verb;
  what_ += ' ';
  what_ += what;
}

Result<void> MainTransaction::record(WallTime now) {
  if (what_.empty()) return {};
  if (not_named_ > 0) what_ += "; and " + std::to_string(not_named_) + " more";
  BODEGA_TRY_VOID(database().run("INSERT INTO changelog(at_micros, what) VALUES(?, ?)", to_unix_micros(now), what_));
  return {};
}

Result<void> MainTransaction::set_setting(std::string_view key, std::string_view value) {
  BODEGA_TRY(const auto rows, database().run("INSERT INTO settings(key, value) VALUES(?, ?) "
                                             "ON CONFLICT(key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
                                             key, value));
  if (rows > 0) changed("set", key);
  return {};
}

Result<void> MainTransaction::remove_setting(std::string_view key) {
  BODEGA_TRY(const auto rows, database().run("DELETE FROM settings WHERE key = ?", key));
  if (rows > 0) changed("remove", key);
  return {};
}

Result<void> MainTransaction::insert_user(const UserRow& user) {
  auto inserted = database().run("INSERT INTO users(name, password_hash, profile, created, modified) VALUES(?, ?, ?, ?, ?)", user.name,
                                 user.password_hash, user.profile_json, to_unix_micros(user.created), optional_micros(user.modified));
  if (!inserted) return named(std::move(inserted).error(), "user " + user.name + " exists already");
  changed("add user", user.name);
  return {};
}

Result<void> MainTransaction::update_user(const UserRow& user) {
  BODEGA_TRY(
      const auto rows,
      database().run("UPDATE users SET password_hash = ?2, profile = ?3, created = ?4, modified = ?5 WHERE name = ?1 "
                     "AND (password_hash, profile, created, modified) IS NOT (?2, ?3, ?4, ?5)",
                     user.name, user.password_hash, user.profile_json, to_unix_micros(user.created), optional_micros(user.modified)));
  if (rows > 0) {
    changed("change user", user.name);
    return {};
  }
  BODEGA_TRY_VOID(this->user(user.name));
  return {};
}

Result<void> MainTransaction::delete_user(std::string_view name) {
  BODEGA_TRY(const auto rows, database().run("DELETE FROM users WHERE name = ?", name));
  if (rows == 0) return no_user(name);
  changed("delete user", name);
  return {};
}

Result<std::int64_t> MainTransaction::index_id(std::string_view index) {
  const IndexKey key = split_key(index);
  BODEGA_TRY(Statement row, database().query("SELECT id FROM indexes WHERE user = ? AND name = ?", key.user, key.name));
  BODEGA_TRY(const bool found, row.step());
  if (!found) return no_index(index);
  return row.integer(0);
}

Result<void> MainTransaction::insert_index(const IndexRow& index) {
  BODEGA_TRY_VOID(user(index.user));  // the foreign key would say it too, but not which of both clashed
  auto inserted = database().run("INSERT INTO indexes(user, name, options) VALUES(?, ?, ?)", index.user, index.name, index.options_json);
  if (!inserted) return named(std::move(inserted).error(), "index " + index.key() + " exists already");
  changed("add index", index.key());
  return {};
}

Result<void> MainTransaction::update_index(const IndexRow& index) {
  BODEGA_TRY(const auto id, index_id(index.key()));
  BODEGA_TRY(const auto rows, database().run("UPDATE indexes SET options = ?2 WHERE id = ?1 AND options <> ?2", id, index.options_json));
  if (rows > 0) changed("change index", index.key());
  return {};
}

Result<void> MainTransaction::delete_index(std::string_view index) {
  BODEGA_TRY(const auto id, index_id(index));
  BODEGA_TRY_VOID(database().run("DELETE FROM indexes WHERE id = ?", id));
  changed("delete index", index);
  return {};
}

Result<MainTransaction::Project> MainTransaction::find_project(std::string_view index, std::string_view project) {
  BODEGA_TRY(const auto in_index, index_id(index));
  BODEGA_TRY(Statement row, database().query("SELECT id FROM projects WHERE index_id = ? AND name = ?", in_index, project));
  BODEGA_TRY(const bool found, row.step());
  if (!found) return fail(Code::not_found, "there is no project " + path_of(index, project));
  return Project{in_index, row.integer(0)};
}

Result<std::int64_t> MainTransaction::ensure_project(std::int64_t in_index, std::string_view project, std::string_view display) {
  {
    BODEGA_TRY(Statement row, database().query("SELECT id FROM projects WHERE index_id = ? AND name = ?", in_index, project));
    BODEGA_TRY(const bool found, row.step());
    if (found) return row.integer(0);
  }
  BODEGA_TRY_VOID(database().run("INSERT INTO projects(index_id, name, display) VALUES(?, ?, ?)", in_index, project, display));
  return database().last_insert_rowid();
}

Result<std::int64_t> MainTransaction::ensure_release(std::int64_t project_id, std::string_view version) {
  {
    BODEGA_TRY(Statement row, database().query("SELECT id FROM releases WHERE project_id = ? AND version = ?", project_id, version));
    BODEGA_TRY(const bool found, row.step());
    if (found) return row.integer(0);
  }
  BODEGA_TRY_VOID(database().run("INSERT INTO releases(project_id, version, metadata) VALUES(?, ?, '{}')", project_id, version));
  return database().last_insert_rowid();
}

Result<void> MainTransaction::put_release(const ReleaseRow& release, std::string_view display_name) {
  BODEGA_TRY(const auto in_index, index_id(release.index));
  BODEGA_TRY(const auto project_id, ensure_project(in_index, release.project, display_name));
  BODEGA_TRY(const auto rows, database().run("INSERT INTO releases(project_id, version, metadata) VALUES(?, ?, ?) "
                                             "ON CONFLICT(project_id, version) DO UPDATE SET metadata = excluded.metadata "
                                             "WHERE metadata <> excluded.metadata",
                                             project_id, release.version, release.metadata_json));
  if (rows > 0) changed("put release", path_of(release.index, release.project) + " " + release.version);
  return {};
}

Result<void> MainTransaction::insert_file(const FileRow& file, std::int64_t in_index, std::int64_t release_id) {
  std::optional<sqlite::Blob> metadata_digest;
  if (file.metadata_digest) metadata_digest = blob_of(*file.metadata_digest);
  BODEGA_TRY_VOID(
      database().run("INSERT INTO files(index_id, release_id, filename, digest, size, uploaded_at, uploaded_by, requires_python, "
                     "metadata_digest, yanked, log) "
                     "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                     in_index, release_id, file.filename, blob_of(file.digest), stored(file.size), to_unix_micros(file.uploaded_at),
                     file.uploaded_by, file.requires_python, metadata_digest, optional_text(file.yanked), file.log_json));
  if (!file.metadata) return {};
  const auto id = database().last_insert_rowid();
  BODEGA_TRY_VOID(database().run("INSERT INTO file_metadata(file_id, body) VALUES(?, ?)", id, sqlite::Blob{*file.metadata}));
  return {};
}

Result<Stored> MainTransaction::put_file(const FileRow& file, Overwrite overwrite) {
  BODEGA_TRY(const auto in_index, index_id(file.index));
  std::optional<std::int64_t> old_id;
  {
    BODEGA_TRY(Statement row,
               database().query("SELECT id, digest FROM files WHERE index_id = ? AND filename = ?", in_index, file.filename));
    BODEGA_TRY(const bool found, row.step());
    if (found) {
      BODEGA_TRY(const Digest there, digest_of(row, 1));
      if (there == file.digest) return Stored::identical;
      if (overwrite == Overwrite::no) {
        return fail(Code::conflict, "file " + file.filename + " exists already on " + file.index + " with other content");
      }
      old_id = row.integer(0);
    }
  }
  // A replaced file is a new one: it goes to the end of the upload order and nothing of the old one stays.
  if (old_id) BODEGA_TRY_VOID(database().run("DELETE FROM files WHERE id = ?", *old_id));
  BODEGA_TRY(const auto project_id, ensure_project(in_index, file.project, file.project));
  BODEGA_TRY(const auto release_id, ensure_release(project_id, file.version));
  BODEGA_TRY_VOID(insert_file(file, in_index, release_id));
  BODEGA_TRY_VOID(database().run("DELETE FROM deleted_files WHERE index_id = ? AND filename = ?", in_index, file.filename));
  changed(old_id ? "replace file" : "add file", path_of(file.index, file.filename));
  return old_id ? Stored::replaced : Stored::created;
}

Result<void> MainTransaction::set_yanked(std::string_view index, std::string_view filename, const std::optional<std::string>& reason) {
  BODEGA_TRY(const auto in_index, index_id(index));
  BODEGA_TRY(const auto rows, database().run("UPDATE files SET yanked = ?3 WHERE index_id = ?1 AND filename = ?2 AND yanked IS NOT ?3",
                                             in_index, filename, optional_text(reason)));
  if (rows > 0) {
    changed(reason ? "yank" : "unyank", path_of(index, filename));
    return {};
  }
  BODEGA_TRY_VOID(file(index, filename));
  return {};
}

Result<Stored> MainTransaction::put_attachment(const AttachmentRow& attachment, Overwrite overwrite) {
  BODEGA_TRY(const Project in, find_project(attachment.index, attachment.project));
  std::optional<std::int64_t> old_id;
  {
    BODEGA_TRY(Statement row, database().query("SELECT id, digest FROM attachments WHERE index_id = ? AND filename = ?", in.index_id,
                                               attachment.filename));
    BODEGA_TRY(const bool found, row.step());
    if (found) {
      BODEGA_TRY(const Digest there, digest_of(row, 1));
      if (there == attachment.digest) return Stored::identical;
      if (overwrite == Overwrite::no) return fail(Code::conflict, attachment.filename + " exists already on " + attachment.index);
      old_id = row.integer(0);
    }
  }
  if (old_id) BODEGA_TRY_VOID(database().run("DELETE FROM attachments WHERE id = ?", *old_id));
  BODEGA_TRY(
      const auto rows,
      database().run("INSERT INTO attachments(index_id, release_id, file_id, kind, filename, digest, size, stored_at, stored_by, log) "
                     "SELECT ?1, r.id, f.id, ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM releases r "
                     "LEFT JOIN files f ON f.index_id = ?1 AND f.release_id = r.id AND f.filename = ?9 "
                     "WHERE r.project_id = ?10 AND r.version = ?11 AND (f.id IS NOT NULL OR ?2 = 1)",
                     in.index_id, static_cast<std::int64_t>(attachment.kind), attachment.filename, blob_of(attachment.digest),
                     stored(attachment.size), to_unix_micros(attachment.stored_at), attachment.stored_by, attachment.log_json,
                     attachment.for_file, in.id, attachment.version));
  if (rows == 0)
    return fail(Code::not_found, "there is nothing that " + attachment.filename + " could stand beside on " + attachment.index);
  BODEGA_TRY_VOID(database().run("DELETE FROM deleted_files WHERE index_id = ? AND filename = ?", in.index_id, attachment.filename));
  changed(old_id ? "replace attachment" : "add attachment", path_of(attachment.index, attachment.filename));
  return old_id ? Stored::replaced : Stored::created;
}

Result<void> MainTransaction::delete_attachment(std::string_view index, std::string_view filename) {
  BODEGA_TRY(const auto in_index, index_id(index));
  BODEGA_TRY(const auto rows, database().run("DELETE FROM attachments WHERE index_id = ? AND filename = ?", in_index, filename));
  if (rows == 0) return fail(Code::not_found, "there is no attachment " + path_of(index, filename));
  BODEGA_TRY_VOID(database().run("INSERT OR IGNORE INTO deleted_files(index_id, filename) VALUES(?, ?)", in_index, filename));
  changed("delete attachment", path_of(index, filename));
  return {};
}

Result<std::vector<Digest>> MainTransaction::delete_file(std::string_view index, std::string_view filename) {
  BODEGA_TRY(const auto in_index, index_id(index));
  BODEGA_TRY(auto lost, digests(database().query("SELECT digest FROM files WHERE index_id = ?1 AND filename = ?2 UNION "
                                                 "SELECT a.digest FROM files f JOIN attachments a ON a.file_id = f.id "
                                                 "WHERE f.index_id = ?1 AND f.filename = ?2",
                                                 in_index, filename)));
  BODEGA_TRY_VOID(
      database().run("INSERT OR IGNORE INTO deleted_files(index_id, filename) SELECT a.index_id, a.filename FROM files f "
                     "JOIN attachments a ON a.file_id = f.id WHERE f.index_id = ? AND f.filename = ?",
                     in_index, filename));
  BODEGA_TRY(const auto rows, database().run("DELETE FROM files WHERE index_id = ? AND filename = ?", in_index, filename));
  if (rows == 0) return no_file(index, filename);
  BODEGA_TRY_VOID(database().run("INSERT OR IGNORE INTO deleted_files(index_id, filename) VALUES(?, ?)", in_index, filename));
  changed("delete file", path_of(index, filename));
  return lost;
}

Result<std::vector<Digest>> MainTransaction::delete_release(std::string_view index, std::string_view project, std::string_view version) {
  BODEGA_TRY(const Project in, find_project(index, project));
  std::int64_t release = 0;
  {
    BODEGA_TRY(Statement row, database().query("SELECT id FROM releases WHERE project_id = ? AND version = ?", in.id, version));
    BODEGA_TRY(const bool found, row.step());
    if (!found) return fail(Code::not_found, "there is no release " + path_of(index, project) + " " + std::string(version));
    release = row.integer(0);
  }
  BODEGA_TRY(auto lost, digests(database().query("SELECT digest FROM files WHERE release_id = ?1 UNION "
                                                 "SELECT digest FROM attachments WHERE release_id = ?1",
                                                 release)));
  BODEGA_TRY_VOID(
      database().run("INSERT OR IGNORE INTO deleted_files(index_id, filename) SELECT index_id, filename FROM files WHERE release_id = ?1 "
                     "UNION SELECT index_id, filename FROM attachments WHERE release_id = ?1",
                     release));
  BODEGA_TRY_VOID(database().run("DELETE FROM releases WHERE id = ?", release));
  BODEGA_TRY_VOID(database().run("DELETE FROM projects WHERE id = ?1 AND NOT EXISTS(SELECT 1 FROM releases WHERE project_id = ?1)", in.id));
  changed("delete release", path_of(index, project) + " " + std::string(version));
  return lost;
}

Result<std::vector<Digest>> MainTransaction::delete_project(std::string_view index, std::string_view project) {
  BODEGA_TRY(const Project in, find_project(index, project));
  BODEGA_TRY(auto lost, digests(database().query("SELECT f.digest FROM releases r JOIN files f ON f.release_id = r.id "
                                                 "WHERE r.project_id = ?1 UNION SELECT a.digest FROM releases r "
                                                 "JOIN attachments a ON a.release_id = r.id WHERE r.project_id = ?1",
                                                 in.id)));
  BODEGA_TRY_VOID(
      database().run("INSERT OR IGNORE INTO deleted_files(index_id, filename) "
                     "SELECT f.index_id, f.filename FROM releases r JOIN files f ON f.release_id = r.id WHERE r.project_id = ?1 UNION "
                     "SELECT a.index_id, a.filename FROM releases r JOIN attachments a ON a.release_id = r.id WHERE r.project_id = ?1",
                     in.id));
  BODEGA_TRY_VOID(database().run("DELETE FROM projects WHERE id = ?", in.id));
  changed("delete project", path_of(index, project));
  return lost;
}

Result<void> MainTransaction::insert_token(const TokenRow& token) {
  BODEGA_TRY_VOID(user(token.user));
  auto inserted = database().run(
      "INSERT INTO tokens(id, user, scope, index_name, hash, comment, created, expires, last_used) "
      "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
      token.id, token.user, token.scope, token.index, blob_of(token.hash), token.comment, to_unix_micros(token.created),
      optional_micros(token.expires), optional_micros(token.last_used));
  if (!inserted) return named(std::move(inserted).error(), "token " + token.id + " exists already");
  changed("add token", token.user + " " + token.id);
  return {};
}

Result<void> MainTransaction::delete_token(std::string_view id) {
  BODEGA_TRY(const auto rows, database().run("DELETE FROM tokens WHERE id = ?", id));
  if (rows == 0) return fail(Code::not_found, "there is no token " + std::string(id));
  changed("delete token", id);
  return {};
}

Result<void> MainTransaction::touch_tokens(const std::vector<std::pair<std::string, WallTime>>& used) {
  for (const auto& [id, at] : used) {
    BODEGA_TRY_VOID(
        database().run("UPDATE tokens SET last_used = ?2 WHERE id = ?1 AND coalesce(last_used, 0) < ?2", id, to_unix_micros(at)));
  }
  return {};
}

Result<bool> MainTransaction::prune_changelog(std::uint64_t keep) {
  constexpr std::int64_t kAtOnce = 5'000;  // a transaction of some milliseconds
  BODEGA_TRY(const auto rows, database().run("DELETE FROM changelog WHERE serial IN (SELECT serial FROM changelog "
                                             "WHERE serial <= (SELECT max(serial) FROM changelog) - ?1 ORDER BY serial LIMIT ?2)",
                                             stored(keep), kAtOnce));
  return rows == kAtOnce;
}

}  // namespace bodega::catalog
