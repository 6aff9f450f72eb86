#include "pypi/upload/notes.h"

#include "pypi/format/json_value.h"

namespace bodega::pypi {
namespace {

constexpr int kForm = 1;

Json micros(WallTime time) { return Json(to_unix_micros(time)); }

WallTime time_of(const Json& note, std::string_view key) {
  const Json* const value = note.find(key);
  const std::int64_t* const number = value == nullptr ? nullptr : value->integer();
  return from_unix_micros(number == nullptr ? 0 : *number);
}

std::uint64_t size_of(const Json& note) {
  const Json* const value = note.find("size");
  const std::int64_t* const number = value == nullptr ? nullptr : value->integer();
  return number == nullptr || *number < 0 ? 0 : static_cast<std::uint64_t>(*number);
}

Result<Note> with_release(catalog::Reader& reader, Note note) {
  BODEGA_TRY(const auto project, reader.project(note.file.index, note.file.project));
  BODEGA_TRY(const auto release, reader.release(note.file.index, note.file.project, note.file.version));
  note.display = project.display;
  note.release_json = release.metadata_json;
  return note;
}

}  // namespace

std::string note_name(std::string_view index, std::string_view filename) {
  return Digest::of(std::string(index) + "/" + std::string(filename)).hex().substr(0, 16);
}

std::string note_text(const Note& note) {
  Json out = Json::object();
  out.set("form", kForm);
  const auto& file = note.file;
  out.set("index", file.index);
  out.set("project", file.project);
  out.set("display", note.display);
  out.set("version", file.version);
  if (note.attachment) {
    const auto& attachment = *note.attachment;
    out.set("kind", attachment.kind == catalog::AttachmentKind::doczip ? "doczip" : "toxresult");
    out.set("filename", attachment.filename);
    out.set("for_file", attachment.for_file);
    out.set("size", attachment.size);
    out.set("at", micros(attachment.stored_at));
    out.set("by", attachment.stored_by);
    out.set("log", attachment.log_json);
  } else {
    out.set("kind", "file");
    out.set("filename", file.filename);
    out.set("size", file.size);
    out.set("at", micros(file.uploaded_at));
    out.set("by", file.uploaded_by);
    out.set("requires_python", file.requires_python);
    out.set("has_metadata", file.metadata_digest.has_value());
    if (file.yanked) out.set("yanked", *file.yanked);
    out.set("log", file.log_json);
  }
  out.set("release", note.release_json);
  return out.compact() + "\n";
}

Result<Note> parse_note(const Digest& digest, std::string_view text) {
  BODEGA_TRY(const Json note, Json::parse(text));
  const Json* const form = note.find("form");
  if (form == nullptr || form->integer() == nullptr || *form->integer() != kForm) return fail(Code::invalid, "a note of another form");
  Note out;
  auto& file = out.file;
  file.index = note.text("index");
  file.project = note.text("project");
  file.version = note.text("version");
  out.display = note.text("display");
  out.release_json = note.text("release");
  const std::string filename(note.text("filename"));
  const auto kind = note.text("kind");
  if (file.index.find('/') == std::string::npos || file.project.empty() || file.version.empty() || filename.empty())
    return fail(Code::invalid, "a note without its names");
  if (kind == "file") {
    file.filename = filename;
    file.digest = digest;
    file.size = size_of(note);
    file.uploaded_at = time_of(note, "at");
    file.uploaded_by = note.text("by");
    file.requires_python = note.text("requires_python");
    if (const Json* const yanked = note.find("yanked"); yanked != nullptr && yanked->is_string()) file.yanked = *yanked->string();
    file.log_json = note.text("log");
    if (const Json* const has = note.find("has_metadata"); has != nullptr && has->truthy()) file.metadata_digest = Digest();
    return out;
  }
  if (kind != "doczip" && kind != "toxresult") return fail(Code::invalid, "a note of an unknown kind");
  catalog::AttachmentRow attachment;
  attachment.index = file.index;
  attachment.project = file.project;
  attachment.version = file.version;
  attachment.kind = kind == "doczip" ? catalog::AttachmentKind::doczip : catalog::AttachmentKind::toxresult;
  attachment.filename = filename;
  attachment.for_file = note.text("for_file");
  attachment.digest = digest;
  attachment.size = size_of(note);
  attachment.stored_at = time_of(note, "at");
  attachment.stored_by = note.text("by");
  attachment.log_json = note.text("log");
  out.attachment = std::move(attachment);
  return out;
}

Result<Notes> notes_of(catalog::Reader& reader, const Digest& digest) {
  Notes wanted;
  BODEGA_TRY(const auto files, reader.files_with(digest));
  for (const auto& file : files) {
    BODEGA_TRY(const Note note, with_release(reader, {file, std::nullopt, {}, {}}));
    wanted[note_name(file.index, file.filename)] = note_text(note);
  }
  BODEGA_TRY(const auto attachments, reader.attachments_with(digest));
  for (const auto& attachment : attachments) {
    catalog::FileRow place;
    place.index = attachment.index;
    place.project = attachment.project;
    place.version = attachment.version;
    BODEGA_TRY(const Note note, with_release(reader, {std::move(place), attachment, {}, {}}));
    wanted[note_name(attachment.index, attachment.filename)] = note_text(note);
  }
  return wanted;
}

Result<void> put_notes(store::BlobStore& store, const Digest& digest, const Notes& wanted) {
  store::Keep keep{.digest = digest, .notes = &wanted};
  store.keep({&keep, 1});
  if (!keep.outcome) return fail(std::move(keep.outcome).error());
  return {};
}

void refresh_notes_now(const DiscardRooms& use, const Digest& digest) {
  Notes wanted;
  auto done = use.catalog.read_now([&wanted, &digest](catalog::Reader& reader) -> Result<void> {
    BODEGA_TRY(wanted, notes_of(reader, digest));
    return {};
  });
  if (done) done = put_notes(use.store, digest, wanted);
  if (!done) say_note_not_kept(use.log, digest, done.error());
}

Task<void> refresh_notes(DiscardRooms use, Digest digest) {
  auto refresh = [&use, &digest] { refresh_notes_now(use, digest); };
  co_await offload(use.pool, refresh);
}

void say_note_not_kept(Log& log, const Digest& digest, const Error& why) {
  log.warning("upload.note_not_kept", {{"sha256", digest.hex()}, {"why", why.describe()}});
}

}  // namespace bodega::pypi
