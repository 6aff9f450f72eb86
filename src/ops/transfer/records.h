// What an import carries, whatever it was read from: readers (Source) make records, the importer (Sink) takes them. One at a time, so that
// neither holds a whole server in memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "catalog/rows.h"
#include "pypi/format/json_value.h"
#include "pypi/format/page.h"

namespace bodega::ops {

struct Accounts {
  std::vector<catalog::UserRow> users;
  std::vector<catalog::IndexRow> indexes;  // in the order to keep; their users are among `users`
  std::string uuid;                        // of the server; empty = none known
  Secret login_secret;                     // what devpi signs its logins with; empty = none known
};

enum class Role {
  release,    // a distribution file of a release
  doczip,     // documentation of a release
  toxresult,  // of a test of a file of the release
  loose,      // a distribution file of which nothing is known but itself
  cached,     // of a mirror
};

struct FileRecord {
  Role role = Role::release;
  std::filesystem::path source;  // where the bytes lie now
  std::string filename;
  std::vector<pypi::Hash> hashes;    // what the source says of the bytes; may be empty
  std::optional<WallTime> modified;  // when it was uploaded, or cached
  std::string log_json;              // devpi's log of the link; empty = none known
  std::string for_file;              // of a test result: the name of the file that was tested
  std::string url;                   // of a cached file: where it came from
};

struct ReleaseRecord {
  std::string index;    // "user/name"
  std::string project;  // normalised
  std::string display;  // as its author writes it
  std::string version;
  pypi::Json metadata;            // an object, order kept
  std::vector<FileRecord> files;  // in the order to keep
};

// A file by itself: its name and the metadata inside say what it is.
struct LooseRecord {
  std::string index;
  FileRecord file;
};

// What a mirror knew of a project, and those of its files that it had fetched.
struct MirrorRecord {
  std::string index;
  pypi::ProjectPage page;
  std::vector<FileRecord> files;
};

// Something an operator should know. Whatever is not a warning was not taken.
struct Finding {
  enum class Kind {
    damaged,  // the bytes do not agree with what the source says of them, or cannot be read
    missing,  // the source names a file that is not there
    skipped,  // it has no place here
    warning,  // taken, but
  } kind = Kind::warning;
  std::string what;
  std::string why;
};

class Sink {
 public:
  virtual ~Sink() = default;
  // Once, before all else. Errors are final: nothing can be taken any more.
  virtual Result<void> take(Accounts accounts) = 0;
  virtual Result<void> take(ReleaseRecord release) = 0;
  virtual Result<void> take(LooseRecord file) = 0;
  virtual Result<void> take(MirrorRecord mirror) = 0;
  virtual void note(Finding finding) = 0;
};

// About how much there is, for a progress bar.
struct Volume {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

class Source {
 public:
  virtual ~Source() = default;
  virtual Volume volume() = 0;
  // Everything, in an order the sink can take. Fails when the source as a whole cannot be read, or a take() does.
  virtual Result<void> read(Sink& sink) = 0;
};

// All regular files below a directory. What cannot be read is not counted.
Volume volume_of(const std::filesystem::path& directory);
// When its bytes were last written; nullopt when it cannot be asked.
std::optional<WallTime> written_at(const std::filesystem::path& file);

}  // namespace bodega::ops
