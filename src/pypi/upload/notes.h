// What the catalog says of a hosted file, kept as a small text beside its bytes: from these notes `bodega fsck --rebuild` makes a catalog
// that was lost. The catalog is the truth, a note its copy: written after the commit and before the upload is acknowledged.
// docs/formats/store.md has the form.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "pypi/upload/discard.h"
#include "store/blob_store.h"

namespace bodega::pypi {

struct Note {
  catalog::FileRow file;  // without `metadata`, which is in the archive. Of an attachment only index, project and version
  std::optional<catalog::AttachmentRow> attachment;
  std::string display;       // the project's name as its author writes it
  std::string release_json;  // metadata of the release
};

// 16 hex digits: one note for each name under which an index has the blob.
std::string note_name(std::string_view index, std::string_view filename);
std::string note_text(const Note& note);
// invalid: not a note, or a newer program's.
Result<Note> parse_note(const Digest& digest, std::string_view text);

// All notes that a blob should have, by name.
using Notes = std::map<std::string, std::string>;
Result<Notes> notes_of(catalog::Reader& reader, const Digest& digest);
// Writes what is missing or different and removes the rest. Blocks; durable.
Result<void> put_notes(store::BlobStore& store, const Digest& digest, const Notes& wanted);
// Both. A failure is logged: the caretaker tries again after the next start.
Task<void> refresh_notes(DiscardRooms use, Digest digest);
void refresh_notes_now(const DiscardRooms& use, const Digest& digest);  // blocks
void say_note_not_kept(Log& log, const Digest& digest, const Error& why);

}  // namespace bodega::pypi
