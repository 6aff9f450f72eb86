// The schemas. docs/formats/catalog.md says what each table means. A released migration is never edited; add a new one.
#include <array>

#include "catalog/migrations.h"

namespace bodega::catalog {
namespace {

// Sizes stop at 2^50 (1 PiB): a larger one is a lie, and sums stay far from overflow.
constexpr std::string_view kMain1 = R"sql(
CREATE TABLE settings(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE changelog(
  serial INTEGER PRIMARY KEY,
  at_micros INTEGER NOT NULL,
  what TEXT NOT NULL
) STRICT;

CREATE TABLE users(
  name TEXT PRIMARY KEY,
  password_hash TEXT NOT NULL,
  profile TEXT NOT NULL,
  created INTEGER NOT NULL,
  modified INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE indexes(
  id INTEGER PRIMARY KEY,
  user TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE,
  name TEXT NOT NULL CHECK(name <> ''),
  options TEXT NOT NULL,
  UNIQUE(user, name)
) STRICT;

CREATE TABLE projects(
  id INTEGER PRIMARY KEY,
  index_id INTEGER NOT NULL REFERENCES indexes(id) ON DELETE CASCADE,
  name TEXT NOT NULL CHECK(name <> ''),
  display TEXT NOT NULL,
  UNIQUE(index_id, name)
) STRICT;

CREATE TABLE releases(
  id INTEGER PRIMARY KEY,
  project_id INTEGER NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  version TEXT NOT NULL CHECK(version <> ''),
  metadata TEXT NOT NULL,
  UNIQUE(project_id, version)
) STRICT;

CREATE TABLE files(
  id INTEGER PRIMARY KEY,
  index_id INTEGER NOT NULL REFERENCES indexes(id) ON DELETE CASCADE,
  release_id INTEGER NOT NULL REFERENCES releases(id) ON DELETE CASCADE,
  filename TEXT NOT NULL CHECK(filename <> ''),
  digest BLOB NOT NULL CHECK(length(digest) = 32),
  size INTEGER NOT NULL CHECK(size BETWEEN 0 AND 1125899906842624),
  uploaded_at INTEGER NOT NULL,
  uploaded_by TEXT NOT NULL,
  requires_python TEXT NOT NULL,
  metadata_digest BLOB CHECK(length(metadata_digest) = 32),
  yanked TEXT,
  log TEXT NOT NULL,
  UNIQUE(index_id, filename)
) STRICT;
CREATE INDEX files_by_release ON files(release_id);
CREATE INDEX files_by_digest ON files(digest, size);

CREATE TABLE file_metadata(
  file_id INTEGER PRIMARY KEY REFERENCES files(id) ON DELETE CASCADE,
  body BLOB NOT NULL
) STRICT;

CREATE TABLE deleted_files(
  index_id INTEGER NOT NULL REFERENCES indexes(id) ON DELETE CASCADE,
  filename TEXT NOT NULL,
  PRIMARY KEY(index_id, filename)
) STRICT, WITHOUT ROWID;
)sql";

constexpr std::string_view kMain2 = R"sql(
CREATE TABLE attachments(
  id INTEGER PRIMARY KEY,
  index_id INTEGER NOT NULL REFERENCES indexes(id) ON DELETE CASCADE,
  release_id INTEGER NOT NULL REFERENCES releases(id) ON DELETE CASCADE,
  file_id INTEGER REFERENCES files(id) ON DELETE CASCADE,
  kind INTEGER NOT NULL CHECK(kind IN (1, 2)),
  filename TEXT NOT NULL CHECK(filename <> ''),
  digest BLOB NOT NULL CHECK(length(digest) = 32),
  size INTEGER NOT NULL CHECK(size BETWEEN 0 AND 1125899906842624),
  stored_at INTEGER NOT NULL,
  stored_by TEXT NOT NULL,
  log TEXT NOT NULL,
  UNIQUE(index_id, filename),
  CHECK((kind = 2) = (file_id IS NOT NULL))
) STRICT;
CREATE INDEX attachments_by_release ON attachments(release_id);
CREATE INDEX attachments_by_file ON attachments(file_id);
CREATE INDEX attachments_by_digest ON attachments(digest, size);

CREATE TABLE tokens(
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  user TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE,
  scope TEXT NOT NULL,
  index_name TEXT NOT NULL,
  hash BLOB NOT NULL CHECK(length(hash) = 32),
  comment TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER,
  last_used INTEGER
) STRICT;
CREATE INDEX tokens_by_user ON tokens(user);
)sql";

// The newest files of an index: the index holds the id behind its own column.
constexpr std::string_view kMain3 = R"sql(
CREATE INDEX files_by_index ON files(index_id);
)sql";

// For lists of projects by parts, as cache.db has it for documents: 100,000 are not counted for one part of them.
constexpr std::string_view kMain4 = R"sql(
CREATE TABLE project_counts(
  index_id INTEGER PRIMARY KEY REFERENCES indexes(id) ON DELETE CASCADE,
  projects INTEGER NOT NULL
) STRICT;
INSERT INTO project_counts SELECT index_id, count(*) FROM projects GROUP BY index_id;

CREATE TRIGGER project_counts_insert AFTER INSERT ON projects BEGIN
  INSERT INTO project_counts VALUES(NEW.index_id, 1) ON CONFLICT(index_id) DO UPDATE SET projects = projects + 1;
END;
CREATE TRIGGER project_counts_delete AFTER DELETE ON projects BEGIN
  UPDATE project_counts SET projects = projects - 1 WHERE index_id = OLD.index_id;
END;
)sql";

constexpr std::string_view kCache1 = R"sql(
CREATE TABLE documents(
  id INTEGER PRIMARY KEY,
  index_name TEXT NOT NULL,
  name TEXT NOT NULL,
  state INTEGER NOT NULL CHECK(state IN (1, 2)),
  fetched_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  etag TEXT NOT NULL,
  last_modified TEXT NOT NULL,
  upstream_serial INTEGER NOT NULL,
  UNIQUE(index_name, name)
) STRICT;

CREATE TABLE document_bodies(
  document_id INTEGER PRIMARY KEY REFERENCES documents(id) ON DELETE CASCADE,
  body BLOB NOT NULL
) STRICT;

CREATE TABLE cached_blobs(
  digest BLOB PRIMARY KEY CHECK(length(digest) = 32),
  size INTEGER NOT NULL CHECK(size BETWEEN 0 AND 1125899906842624),
  last_used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX cached_blobs_by_use ON cached_blobs(last_used);

CREATE TABLE located(
  url TEXT PRIMARY KEY,
  digest BLOB NOT NULL CHECK(length(digest) = 32),
  size INTEGER NOT NULL CHECK(size BETWEEN 0 AND 1125899906842624),
  verified INTEGER NOT NULL CHECK(verified IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE totals(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  blobs INTEGER NOT NULL CHECK(blobs >= 0),
  bytes INTEGER NOT NULL CHECK(bytes >= 0),
  documents INTEGER NOT NULL CHECK(documents >= 0)
) STRICT;
INSERT INTO totals VALUES(1, 0, 0, 0);

CREATE TRIGGER cached_blobs_insert AFTER INSERT ON cached_blobs BEGIN
  UPDATE totals SET blobs = blobs + 1, bytes = bytes + NEW.size;
END;
CREATE TRIGGER cached_blobs_delete AFTER DELETE ON cached_blobs BEGIN
  UPDATE totals SET blobs = blobs - 1, bytes = bytes - OLD.size;
END;
CREATE TRIGGER cached_blobs_size AFTER UPDATE OF size ON cached_blobs WHEN NEW.size <> OLD.size BEGIN
  UPDATE totals SET bytes = bytes + NEW.size - OLD.size;
END;
CREATE TRIGGER documents_insert AFTER INSERT ON documents WHEN NEW.state = 1 BEGIN
  UPDATE totals SET documents = documents + 1;
END;
CREATE TRIGGER documents_delete AFTER DELETE ON documents WHEN OLD.state = 1 BEGIN
  UPDATE totals SET documents = documents - 1;
END;
CREATE TRIGGER documents_state AFTER UPDATE OF state ON documents WHEN NEW.state <> OLD.state BEGIN
  UPDATE totals SET documents = documents + CASE NEW.state WHEN 1 THEN 1 ELSE -1 END;
END;
)sql";

constexpr std::string_view kCache2 = R"sql(
CREATE TABLE marks(key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE damaged_blobs(
  digest BLOB PRIMARY KEY CHECK(length(digest) = 32),
  found_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// For lists of what is cached of a mirror, by parts: 100,000 names are neither counted nor looked up in the table for one part of them.
constexpr std::string_view kCache3 = R"sql(
CREATE INDEX documents_by_state ON documents(index_name, state, name);

CREATE TABLE document_counts(index_name TEXT PRIMARY KEY, documents INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO document_counts SELECT index_name, count(*) FROM documents WHERE state = 1 AND name > '' GROUP BY index_name;

CREATE TRIGGER document_counts_insert AFTER INSERT ON documents WHEN NEW.state = 1 AND NEW.name > '' BEGIN
  INSERT INTO document_counts VALUES(NEW.index_name, 1) ON CONFLICT(index_name) DO UPDATE SET documents = documents + 1;
END;
CREATE TRIGGER document_counts_delete AFTER DELETE ON documents WHEN OLD.state = 1 AND OLD.name > '' BEGIN
  UPDATE document_counts SET documents = documents - 1 WHERE index_name = OLD.index_name;
END;
CREATE TRIGGER document_counts_state AFTER UPDATE OF state ON documents WHEN NEW.state <> OLD.state AND NEW.name > '' BEGIN
  INSERT INTO document_counts VALUES(NEW.index_name, CASE NEW.state WHEN 1 THEN 1 ELSE -1 END)
    ON CONFLICT(index_name) DO UPDATE SET documents = documents + CASE NEW.state WHEN 1 THEN 1 ELSE -1 END;
END;
)sql";

// Whoever holds a list of what is cached of a mirror sees by `changes` that it is still the same.
constexpr std::string_view kCache4 = R"sql(
ALTER TABLE document_counts ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;

DROP TRIGGER document_counts_insert;
CREATE TRIGGER document_counts_insert AFTER INSERT ON documents WHEN NEW.state = 1 AND NEW.name > '' BEGIN
  INSERT INTO document_counts(index_name, documents) VALUES(NEW.index_name, 1)
    ON CONFLICT(index_name) DO UPDATE SET documents = documents + 1;
END;
DROP TRIGGER document_counts_state;
CREATE TRIGGER document_counts_state AFTER UPDATE OF state ON documents WHEN NEW.state <> OLD.state AND NEW.name > '' BEGIN
  INSERT INTO document_counts(index_name, documents) VALUES(NEW.index_name, CASE NEW.state WHEN 1 THEN 1 ELSE -1 END)
    ON CONFLICT(index_name) DO UPDATE SET documents = documents + CASE NEW.state WHEN 1 THEN 1 ELSE -1 END;
END;
CREATE TRIGGER document_counts_change AFTER UPDATE OF documents ON document_counts BEGIN
  UPDATE document_counts SET changes = changes + 1 WHERE index_name = NEW.index_name;
END;
)sql";

constexpr std::array kMainMigrations{Migration{1, kMain1}, Migration{2, kMain2}, Migration{3, kMain3}, Migration{4, kMain4}};
constexpr std::array kCacheMigrations{Migration{1, kCache1}, Migration{2, kCache2}, Migration{3, kCache3}, Migration{4, kCache4}};

}  // namespace

// The ids are ASCII: "Bodg" and "Bodc", as file(1) shows them.
const Schema kMainSchema{"catalog.db", 0x426f6467, kMainMigrations};
const Schema kCacheSchema{"cache.db", 0x426f6463, kCacheMigrations};

}  // namespace bodega::catalog
