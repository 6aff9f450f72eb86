// What the catalog knows, as plain values. Stored enum values are written out and never renumbered. Schema: docs/formats/catalog.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/time.h"

namespace bodega::catalog {

using Serial = std::uint64_t;  // grows by one with every commit that changes the main database

struct UserRow {
  std::string name;
  std::string password_hash;        // "$argon2id$..."; empty = no login possible
  std::string profile_json = "{}";  // email, title, description, custom_data: an object, order kept
  WallTime created{};
  std::optional<WallTime> modified;
};

struct IndexRow {
  std::string user;
  std::string name;
  std::string options_json;  // devpi's option names; an object, order kept, unknown keys too
  std::string key() const { return user + "/" + name; }
};

// A release of a hosted project: its metadata as devpi's JSON object.
struct ReleaseRow {
  std::string index;    // "user/name"
  std::string project;  // normalised
  std::string version;  // as uploaded
  std::string metadata_json;
};

// A release and what its files come to: for pages that show a thousand releases and none of their files.
struct ReleaseOutline {
  std::string version;
  std::uint64_t files = 0;
  std::uint64_t yanked = 0;  // of these
  std::uint64_t bytes = 0;
  std::optional<WallTime> since;  // the first upload
  std::string requires_python;    // of one of the files, where they differ
  bool has_docs = false;
};

// A hosted file. (index, filename) is unique by constraint.
struct FileRow {
  std::string index;
  std::string project;  // normalised
  std::string version;
  std::string filename;
  Digest digest;
  std::uint64_t size = 0;
  WallTime uploaded_at{};
  std::string uploaded_by;
  std::string requires_python;          // empty = none
  std::optional<std::string> metadata;  // the METADATA bytes of a wheel: its `.metadata` sibling. Only filled by read of one file
  std::optional<Digest> metadata_digest;
  std::optional<std::string> yanked;  // set = yanked; the text is the reason, may be empty
  std::string log_json = "[]";        // devpi's +links log
};

// What stands beside the files of a release without being listed on pages.
enum class AttachmentKind { doczip = 1, toxresult = 2 };

// (index, filename) is unique by constraint. A test result goes with its file, documentation with its release.
struct AttachmentRow {
  std::string index;
  std::string project;  // normalised
  std::string version;
  AttachmentKind kind = AttachmentKind::doczip;
  std::string filename;  // "hello-1.0.doc.zip"; "hello-1.0.tar.gz.toxresult-20261121120000-0"
  std::string for_file;  // of a test result: the name of the file that was tested; else empty
  Digest digest;
  std::uint64_t size = 0;
  WallTime stored_at{};
  std::string stored_by;        // empty = anonymous
  std::string log_json = "[]";  // devpi's +links log
};

struct ProjectRow {
  std::string index;
  std::string name;     // normalised
  std::string display;  // spelling of the first upload
};

// A part of the projects of an index, by name.
struct ProjectSlice {
  struct One {
    ProjectRow row;
    std::uint64_t releases = 0;
    std::optional<WallTime> last_upload;  // none: it has no file
  };
  std::vector<One> projects;
  std::uint64_t total = 0;  // of all parts
};

// A part of a list of names, sorted.
struct NameSlice {
  std::vector<std::string> names;
  std::uint64_t total = 0;  // of all parts
};

// Which part of a list: names that contain `part` (empty: all), from `offset` on, at most `limit` of them.
struct Slice {
  std::string part;
  std::uint64_t offset = 0;
  std::uint64_t limit = 100;
};

// A token of our own: what a program uses instead of a password. The secret is shown once and kept nowhere.
struct TokenRow {
  std::string id;     // public part, shown in lists and logs
  std::string user;   // whose rights it has, bounded by scope and index; goes with the user
  std::string scope;  // "read" or "upload"
  std::string index;  // "user/name"; empty = every index
  Digest hash;        // SHA-256 of the secret, which is random: a slow hash would add nothing
  std::string comment;
  WallTime created{};
  std::optional<WallTime> expires;
  std::optional<WallTime> last_used;
};

// ---- what can be fetched again ----

enum class DocumentState { present = 1, absent = 2 };

// A mutable answer at an upstream location, or the knowledge that there is none.
struct DocumentRow {
  std::string index;  // the mirror it came through, "user/name"
  std::string name;   // normalised project; "" = the project list
  DocumentState state = DocumentState::present;
  WallTime fetched_at{};  // when the upstream last confirmed it (200 or 304)
  WallTime expires_at{};  // fresh until
  WallTime changed_at{};  // when the body last became another one
  std::string etag;
  std::string last_modified;
  std::uint64_t upstream_serial = 0;  // 0 = not told
  std::string body;                   // format of the owner (pypi: docs/formats/page.md); empty when absent
};

// A cached blob: may be evicted. Hosted files have none of these.
struct CachedBlobRow {
  Digest digest;
  std::uint64_t size = 0;
  WallTime last_used{};
};

// Where a file without a sha256 on its page was found to lie: URL to bytes.
struct LocatedRow {
  std::string url;
  Digest digest;
  std::uint64_t size = 0;
  bool verified = false;  // another digest of the page agreed; else only the length did
};

}  // namespace bodega::catalog
