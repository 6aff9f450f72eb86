// Documentation and test results of a hosted index.
#include "base/text.h"
#include "http/error_response.h"
#include "pypi/api/api.h"
#include "pypi/format/archive.h"
#include "pypi/format/filename.h"
#include "pypi/index/attachments.h"
#include "pypi/upload/attachments.h"
#include "pypi/upload/removal.h"
#include "pypi/upload/upload.h"
#include "pypi/upload/upload_answers.h"

namespace bodega::pypi {

using catalog::Stored;
using http::Request;
using http::Response;

namespace {

// tox keeps the output of every command; of a large test suite that is some MiB. Everybody may post by default, and JSON is checked in
// memory.
constexpr std::uint64_t kMaxToxresult = 16 << 20;

Error too_large() {
  return {Code::too_large, "the test result is larger than the " + std::to_string(kMaxToxresult >> 20) + " MiB this server takes", {}, {}};
}

Result<DocUpload> check_docs(const std::string& index, UploadBody& body) {
  const UploadForm& form = body.form();
  BODEGA_TRY(const auto name, release_name_for_docs(form));
  BODEGA_TRY_VOID(body.check_digests());
  // An empty file is documentation without pages: devpi takes it. The temp file has no name that anybody but the store knows.
  if (body.file().writer->size() > 0) {
    BODEGA_TRY_VOID(check_documentation("/proc/self/fd/" + std::to_string(body.file().writer->fd())));
  }
  DocUpload out;
  out.display = name.name;
  out.metadata = form.metadata();
  out.row.index = index;
  out.row.project = name.project;
  out.row.version = name.version;
  out.row.digest = body.file().sha256;
  out.row.size = body.file().writer->size();
  return out;
}

Result<void> check_json(const store::BlobWriter& writer) {
  std::string text(writer.size(), '\0');
  for (std::size_t at = 0; at < text.size();) {
    BODEGA_TRY(const std::size_t count, writer.read_at(text.data() + at, text.size() - at, at));
    if (count == 0) return fail(Code::io, "the test result could not be read back");
    at += count;
  }
  if (!Json::check(text)) return fail(Code::invalid, "Bad request: could not decode json");
  return {};
}

}  // namespace

Task<Result<Response>> Uploads::store_docs(const Permit& permit, UploadBody& body, const Request& request) {
  if (!body.has_file()) co_return fail(Code::invalid, "content file field not found");
  const std::string index = permit.index->key();
  auto check = [&index, &body] { return check_docs(index, body); };
  auto docs = co_await offload(use_.pool, check);
  if (!docs) co_return fail(std::move(docs).error());
  auto& row = docs->row;
  row.stored_by = permit.who.user;
  row.stored_at = use_.clock.wall();
  const auto overwrite = permit.index->is_volatile ? catalog::Overwrite::yes : catalog::Overwrite::no;
  Record record = [&docs, overwrite](catalog::Transaction& transaction) { return record_docs(transaction, *docs, overwrite); };
  auto recorded = co_await commit(row.digest, *body.file().writer, std::move(record));
  if (!recorded && recorded.error().code == Code::conflict) {
    const auto& sent = body.file().filename;
    co_return already_exists(is_safe_filename(sent) ? sent : row.filename, request);
  }
  if (!recorded) co_return fail(std::move(recorded).error());
  co_await settle(index, row.project, *recorded);
  if (recorded->stored == Stored::identical) co_return overwrite == catalog::Overwrite::yes ? upload_done() : identical_upload(request);
  use_.log.info("docs.stored", {{"index", index},
                                {"file", row.filename},
                                {"sha256", row.digest.hex()},
                                {"bytes", row.size},
                                {"user", row.stored_by},
                                {"replaced", recorded->stored == Stored::replaced}});
  co_return upload_done();
}

Task<Response> Uploads::toxresult(Request& request, Route route) {
  auto outcome = co_await take_toxresult(request, route);
  auto response = outcome ? std::move(*outcome) : api_failure(request, outcome.error());
  response.route = "toxresult";
  co_return response;
}

// Decided before existence is, with one answer for strangers and for indexes that do not exist or cannot be tested.
Task<Result<Uploads::Permit>> Uploads::may_test(Request& request, const Route& route) {
  auto login = co_await use_.authenticator.authenticate(request);
  if (!login) co_return fail(std::move(login).error());
  Permit permit{use_.registry.find_index(route.key()), login->principal, std::nullopt};
  if (login->outcome == access::Outcome::limited) {
    permit.refusal = too_many_attempts(login->retry_after, request);
    co_return permit;
  }
  const bool allowed = readers_.sees(permit.who, permit.index) && !permit.index->is_mirror() &&
                       access::may(permit.who, access::Action::upload_toxresult, facts_of_index(*permit.index, options_.restrict_modify)) ==
                           access::Decision::allow;
  if (!allowed) {
    co_return fail(Code::forbidden,
                   "No permission to upload tox results. You can use the devpi test --no-upload option to skip the upload.");
  }
  co_return permit;
}

Task<Result<catalog::FileRow>> Uploads::tested_file(const Route& route) {
  const std::string index = route.key();
  const std::string path = index + "/" + join(route.rest, "/");
  const auto link = parse_link(join(route.rest, "/"));
  if (!link) co_return fail(Code::not_found, "no release file found at " + path);
  auto look = [&](catalog::Reader& reader) { return linked_file(reader, index, *link, path); };
  auto file = co_await use_.catalog.read(look);
  const bool absent = !file && (file.error().code == Code::not_found || file.error().code == Code::gone);
  if (absent) co_return fail(Code::not_found, "no release file found at " + path);
  co_return file;
}

Task<Result<Digest>> Uploads::receive_toxresult(Request& request, store::BlobWriter& writer) {
  while (request.body) {
    auto piece = co_await request.body->read();
    if (!piece) co_return fail(std::move(piece).error());
    if (piece->empty()) break;
    if (writer.size() + piece->size() > kMaxToxresult) co_return fail(too_large());
    auto append = [&writer, &piece] { return writer.append(*piece); };
    auto appended = co_await offload(use_.pool, append);
    if (!appended) co_return fail(std::move(appended).error());
  }
  auto finish = [&writer] { return writer.finish_digest(); };
  const Digest digest = co_await offload(use_.pool, finish);
  auto turn = co_await json_checks_.enter();
  if (!turn) co_return fail(std::move(turn).error());
  auto check = [&writer] { return check_json(writer); };
  auto checked = co_await offload(use_.pool, check);
  if (!checked) co_return fail(std::move(checked).error());
  co_return digest;
}

Task<Result<Response>> Uploads::take_toxresult(Request& request, const Route& route) {
  auto permit = co_await may_test(request, route);
  if (!permit) co_return fail(std::move(permit).error());
  if (permit->refusal) co_return std::move(*permit->refusal);
  auto tested = co_await tested_file(route);
  if (!tested) co_return fail(std::move(tested).error());
  const auto length = request.body ? request.body->length() : std::optional<std::uint64_t>(0);
  if (length.value_or(0) > kMaxToxresult) co_return fail(too_large());

  auto create = [this, &length] { return use_.store.create(length.value_or(0)); };
  auto writer = co_await offload(use_.pool, create);
  if (!writer) co_return fail(std::move(writer).error());
  auto digest = co_await receive_toxresult(request, **writer);
  if (!digest) co_return fail(std::move(digest).error());
  catalog::AttachmentRow row;
  row.index = tested->index;
  row.kind = catalog::AttachmentKind::toxresult;
  row.for_file = tested->filename;
  row.digest = *digest;
  row.size = (*writer)->size();
  row.stored_at = use_.clock.wall();
  row.stored_by = permit->who.user;
  Record record = [&row, &tested](catalog::Transaction& transaction) -> Result<Recorded> {
    BODEGA_TRY_VOID(record_toxresult(transaction, row, tested->digest));
    return Recorded();
  };
  auto recorded = co_await commit(*digest, **writer, std::move(record));
  if (!recorded) co_return fail(std::move(recorded).error());
  co_await settle(row.index, row.project, *recorded);
  use_.log.info("toxresult.stored",
                {{"index", row.index}, {"file", row.filename}, {"sha256", row.digest.hex()}, {"bytes", row.size}, {"user", row.stored_by}});
  const std::string path = row.index + "/" + hosted_path(tested->digest, row.filename);
  co_return api_result(200, path + "#sha256=" + row.digest.hex(), "toxresultpath");
}

}  // namespace bodega::pypi
