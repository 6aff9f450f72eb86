#include "pypi/upload/upload.h"

#include <algorithm>

#include "base/text.h"
#include "http/error_response.h"
#include "pypi/format/filename.h"
#include "pypi/index/simple.h"
#include "pypi/upload/discard.h"
#include "pypi/upload/notes.h"
#include "pypi/upload/upload_answers.h"
#include "pypi/upload/upload_check.h"
#include "pypi/upload/upload_parser.h"

namespace bodega::pypi {

using catalog::Stored;
using http::Request;
using http::Response;

// Counts the memory of one upload's fields into the sum of all.
class FieldShare {
 public:
  explicit FieldShare(std::size_t& sum) : sum_(sum) {}
  ~FieldShare() { sum_ -= mine_; }
  FieldShare(const FieldShare&) = delete;
  FieldShare& operator=(const FieldShare&) = delete;
  void update(std::size_t bytes) {
    sum_ += bytes - mine_;
    mine_ = bytes;
  }

 private:
  std::size_t& sum_;
  std::size_t mine_ = 0;
};

namespace {

// What a multipart form adds to its fields and its file: boundaries and part headers, some 200 bytes for each of the most fields allowed.
constexpr std::uint64_t kFraming = 2 << 20;
// A small wheel with its fields goes through the pool once. What is held so is counted with the fields.
constexpr std::size_t kTogether = 16 << 10;

}  // namespace

Uploads::Uploads(Dependencies use, UploadOptions options, OnNewProject on_new_project)
    : use_(use),
      options_(std::move(options)),
      readers_(use.registry, use.authenticator, options_.restrict_modify),
      on_new_project_(std::move(on_new_project)),
      keeper_(use.store, use.pool) {}

Task<Response> Uploads::upload(Request& request, Route route) {
  auto outcome = co_await take_upload(request, route);
  auto response = outcome ? std::move(*outcome) : http::error_response(outcome.error(), request);
  response.route = "upload";
  co_return response;
}

// An index that the client may not read is answered like one that does not exist; wrong credentials are, too, whatever index they are for.
Task<Result<Uploads::Permit>> Uploads::may_upload(Request& request, const Route& route) {
  auto login = co_await use_.authenticator.authenticate(request);
  if (!login) co_return fail(std::move(login).error());
  Permit permit{use_.registry.find_index(route.key()), login->principal, std::nullopt};
  const bool visible = readers_.sees(permit.who, permit.index);
  if (visible && permit.index->is_mirror()) co_return fail(Code::not_found, "cannot submit to mirror index");
  if (login->outcome == access::Outcome::limited) {
    permit.refusal = too_many_attempts(login->retry_after, request);
  } else if (login->outcome == access::Outcome::wrong) {
    permit.refusal = login_needed("wrong user name or password", request);
  } else if (!visible) {
    co_return fail(Code::not_found, "The stage " + route.key() + " could not be found.");
  } else {
    switch (access::may(permit.who, access::Action::upload, facts_of_index(*permit.index, options_.restrict_modify))) {
      case access::Decision::allow: break;
      case access::Decision::authenticate: permit.refusal = login_needed("uploading to this index needs a login", request); break;
      case access::Decision::forbid: co_return fail(Code::forbidden, "no permission to submit");
    }
  }
  co_return permit;
}

Task<Result<Response>> Uploads::take_upload(Request& request, const Route& route) {
  auto permit = co_await may_upload(request, route);
  if (!permit) co_return fail(std::move(permit).error());
  if (permit->refusal) co_return std::move(*permit->refusal);
  const auto length = request.body ? request.body->length() : std::optional<std::uint64_t>(0);
  const auto& limits = options_.limits;
  if (length && *length > limits.max_file_bytes + limits.form.max_bytes + kFraming) {
    co_return fail(Code::too_large, "the upload is larger than this server takes");
  }
  UploadBody body(use_.store, limits, length);
  FieldShare share(field_bytes_);
  auto received = co_await receive(request, body, share);
  Result<Response> outcome = fail(Code::cancelled, "not done");
  if (received) {
    outcome = co_await act(*permit, body, request);
  } else {
    outcome = fail(std::move(received).error());
  }
  if (body.has_garbage()) {
    // Unlinking a large file takes its time.
    auto discard = [&body] { body.discard(); };
    co_await offload(use_.pool, discard);
  }
  co_return outcome;
}

Task<Result<void>> Uploads::receive(Request& request, UploadBody& body, FieldShare& share) {
  auto parser = UploadParser::make(request.headers.get("Content-Type"), options_.limits.form, body);
  if (!parser) co_return fail(std::move(parser).error());
  if (!request.body) co_return fail(Code::invalid, "the request has no body");
  std::string held;
  for (bool more = true; more;) {
    auto piece = co_await request.body->read();
    if (!piece) co_return fail(std::move(piece).error());
    more = !piece->empty();
    if (held.empty()) {
      held = std::move(*piece);
    } else {
      held += *piece;
    }
    share.update(body.field_bytes() + (*parser)->held_bytes() + held.size());
    if (more && held.size() < kTogether && field_bytes_ < options_.max_field_bytes / 2) continue;
    auto feed = [&]() -> Result<void> {
      BODEGA_TRY_VOID((*parser)->feed(held));
      return more ? Result<void>() : (*parser)->finish();
    };
    auto fed = co_await offload(use_.pool, feed);
    if (!fed) co_return fail(std::move(fed).error());
    held.clear();
    share.update(body.field_bytes() + (*parser)->held_bytes());
    if (field_bytes_ > options_.max_field_bytes) co_return fail(Code::busy, "too many uploads at once; try again");
  }
  co_return Result<void>();
}

Task<Result<Response>> Uploads::act(const Permit& permit, UploadBody& body, const Request& request) {
  auto action = body.form().action(body.has_file() ? UploadForm::File::present : UploadForm::File::absent);
  if (!action) co_return fail(std::move(action).error());
  switch (*action) {
    case UploadAction::submit: co_return co_await submit(permit, body.form());
    case UploadAction::file_upload: co_return co_await store_file(permit, body, request);
    case UploadAction::doc_upload: break;
  }
  co_return co_await store_docs(permit, body, request);
}

Task<Result<Response>> Uploads::submit(const Permit& permit, const UploadForm& form) {
  auto name = release_name(form);
  if (!name) co_return fail(std::move(name).error());
  const std::string index = permit.index->key();
  const ReleaseMetadata metadata = form.metadata();
  auto record = [&](catalog::Transaction& transaction) { return record_release(transaction, index, *name, metadata); };
  auto recorded = co_await use_.catalog.write(record);
  if (!recorded) co_return fail(std::move(recorded).error());
  use_.log.info("upload.registered", {{"index", index}, {"project", name->project}, {"version", name->version}, {"user", permit.who.user}});
  co_await settle(index, name->project, *recorded);
  co_return upload_done();
}

Task<Result<Response>> Uploads::store_file(const Permit& permit, UploadBody& body, const Request& request) {
  const std::string index = permit.index->key();
  auto checked = co_await check_file(index, body);
  if (!checked) co_return fail(std::move(checked).error());
  checked->file.uploaded_by = permit.who.user;
  checked->file.uploaded_at = use_.clock.wall();
  const auto& file = checked->file;
  const auto overwrite = permit.index->is_volatile ? catalog::Overwrite::yes : catalog::Overwrite::no;

  if (overwrite == catalog::Overwrite::no) {
    auto look = [&file](catalog::Reader& reader) { return clashes(reader, file); };
    auto clash = co_await use_.catalog.read(look);
    if (!clash) co_return fail(std::move(clash).error());
    if (*clash) co_return already_exists(file.filename, request);
  }

  Record record = [&checked, overwrite](catalog::Transaction& transaction) { return record_file(transaction, *checked, overwrite); };
  auto recorded = co_await commit(file.digest, *body.file().writer, std::move(record));
  if (!recorded && recorded.error().code == Code::conflict) co_return already_exists(file.filename, request);
  if (!recorded) co_return fail(std::move(recorded).error());
  if (recorded->stored == Stored::identical) {
    co_return overwrite == catalog::Overwrite::yes ? upload_done() : identical_upload(request);
  }
  use_.log.info("upload.stored", {{"index", index},
                                  {"file", file.filename},
                                  {"sha256", file.digest.hex()},
                                  {"bytes", file.size},
                                  {"user", file.uploaded_by},
                                  {"replaced", recorded->stored == Stored::replaced}});
  co_await settle(index, file.project, *recorded);
  co_return upload_done();
}

Task<Result<CheckedUpload>> Uploads::check_file(const std::string& index, UploadBody& body) {
  if (!body.has_file()) co_return fail(Code::invalid, "content file field not found");
  const UploadForm& form = body.form();
  const std::string& filename = body.file().filename;
  if (trim(form.get("name")).empty()) co_return fail(Code::invalid, "invalid metadata: Missing required field \"name\"");
  auto named = check_upload_filename(filename, trim(form.get("name")), trim(form.get("version")));
  if (!named) co_return fail(std::move(named).error());
  auto name = release_name(form);
  if (!name) co_return fail(std::move(name).error());
  auto check = [&index, &body, &name] { return check_upload(index, *name, body); };
  auto checked = co_await offload(use_.pool, check);
  co_return checked;
}

// Bytes first, record last. Nothing may remove the blob in between; what a failed upload leaves is removed if it was ours alone.
Task<Result<Recorded>> Uploads::commit(Digest digest, store::BlobWriter& writer, Record record) {
  auto claim = co_await use_.claims.keep(digest);
  auto blob = co_await keeper_.commit(writer);
  if (!blob) co_return fail(std::move(blob).error());
  // The notes are read in the transaction that decides what they say: another read would cost another transaction.
  Result<Notes> notes;
  auto write = [&](catalog::Transaction& transaction) -> Result<Recorded> {
    BODEGA_TRY(auto recorded, record(transaction));
    notes = notes_of(transaction, digest);
    return recorded;
  };
  auto recorded = co_await use_.catalog.write(write);
  if (recorded) co_await keep_notes(digest, notes);
  claim.release();
  if (!recorded) co_await discard_unless_used(digest);
  co_return recorded;
}

// A failure is no reason to take the upload back: the caretaker tries again after the next start.
Task<void> Uploads::keep_notes(Digest digest, const Result<Notes>& notes) {
  Result<void> kept = notes ? Result<void>() : fail(notes.error());
  if (notes) kept = co_await keeper_.set_notes(digest, *notes);
  if (!kept) say_note_not_kept(use_.log, digest, kept.error());
}

Task<void> Uploads::settle(const std::string& index, const std::string& project, const Recorded& recorded) {
  changed(index, project, recorded.new_project ? ProjectList::changed : ProjectList::same);
  if (recorded.new_project && on_new_project_) on_new_project_(index, project);
  for (const Digest& digest : recorded.lost) co_await discard_unless_used(digest);
}

void Uploads::changed(const std::string& index, const std::string& project, ProjectList list) {
  use_.facts.revoke(project_fact(index, project));
  if (list == ProjectList::changed) use_.facts.revoke(list_fact(index));
}

Task<void> Uploads::discard_unless_used(Digest digest) {
  return pypi::discard_unless_used({use_.catalog, use_.store, use_.claims, use_.pool, use_.log}, digest);
}

}  // namespace bodega::pypi
