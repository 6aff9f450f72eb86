#include "pypi/upload/removal.h"

#include <algorithm>

#include "pypi/format/json_value.h"
#include "pypi/format/names.h"
#include "pypi/index/attachments.h"

namespace bodega::pypi {
namespace {

std::string repr(std::string_view text) { return python_repr(Json(text)); }

Result<bool> project_is_gone(catalog::Transaction& transaction, const std::string& index, const std::string& project) {
  const auto row = transaction.project(index, project);
  if (row) return false;
  if (row.error().code == Code::not_found) return true;
  return fail(row.error());
}

// Nothing in it but metadata.
Result<bool> release_is_empty(catalog::Reader& reader, const std::string& index, const std::string& project, const std::string& version) {
  const auto is_of_it = [&version](const auto& row) { return row.version == version; };
  BODEGA_TRY(const auto files, reader.files(index, project));
  BODEGA_TRY(const auto attachments, reader.attachments(index, project));
  return std::none_of(files.begin(), files.end(), is_of_it) && std::none_of(attachments.begin(), attachments.end(), is_of_it);
}

}  // namespace

std::string project_repr(std::string_view written) {
  return "<NormalizedName " + repr(normalize_name(written)) + " " + repr(written) + ">";
}

Result<catalog::FileRow> linked_file(catalog::Reader& reader, const std::string& index, const FileLink& link, const std::string& path) {
  auto row = reader.file(index, link.filename);
  if (!row && row.error().code != Code::not_found) return row;
  const auto* prefix = std::get_if<Sha256PrefixLink>(&link.target);
  if (row && !link.is_metadata && prefix && row->digest.hex().starts_with(prefix->prefix)) return row;
  BODEGA_TRY(const bool deleted, reader.was_deleted(index, link.filename));
  if (deleted) return fail(Code::gone, "file " + repr(path) + " existed, deleted in later serial");
  return fail(Code::not_found, "package " + repr(path) + " doesn't exist");
}

Result<Removed> remove_file(catalog::Transaction& transaction, const std::string& index, const FileLink& link, const std::string& path) {
  BODEGA_TRY(const auto attachment, linked_attachment(transaction, index, link));
  Removed removed;
  std::string version;
  if (attachment) {
    BODEGA_TRY_VOID(transaction.delete_attachment(index, attachment->filename));
    removed = {attachment->project, {attachment->digest}, false};
    version = attachment->version;
  } else {
    BODEGA_TRY(const auto row, linked_file(transaction, index, link, path));
    BODEGA_TRY(removed.digests, transaction.delete_file(index, row.filename));
    removed.project = row.project;
    version = row.version;
  }
  BODEGA_TRY(const bool last, release_is_empty(transaction, index, removed.project, version));
  if (last) {
    BODEGA_TRY(const auto more, transaction.delete_release(index, removed.project, version));
    removed.digests.insert(removed.digests.end(), more.begin(), more.end());
  }
  BODEGA_TRY(removed.project_gone, project_is_gone(transaction, index, removed.project));
  return removed;
}

Result<Removed> remove_release(catalog::Transaction& transaction, const std::string& index, const std::string& written,
                               const std::string& version) {
  Removed removed{normalize_name(written), {}, false};
  BODEGA_TRY(const bool no_project, project_is_gone(transaction, index, removed.project));
  if (no_project) return fail(Code::not_found, "project " + project_repr(written) + " not found on stage " + repr(index));
  auto digests = transaction.delete_release(index, removed.project, version);
  if (!digests && digests.error().code == Code::not_found) {
    return fail(Code::not_found,
                "version " + repr(version) + " of project " + project_repr(written) + " not found on stage " + repr(index));
  }
  BODEGA_TRY(removed.digests, std::move(digests));
  BODEGA_TRY(removed.project_gone, project_is_gone(transaction, index, removed.project));
  return removed;
}

Result<Removed> remove_project(catalog::Transaction& transaction, const std::string& index, const std::string& written) {
  Removed removed{normalize_name(written), {}, true};
  auto digests = transaction.delete_project(index, removed.project);
  if (!digests && digests.error().code == Code::not_found) return fail(Code::not_found, "project not found");
  BODEGA_TRY(removed.digests, std::move(digests));
  return removed;
}

Result<YankWish> read_yank_wish(std::string_view json) {
  const auto body = Json::parse(json);
  if (!body) return fail(Code::invalid, "Bad request: could not decode json");
  const Json* yanked = body->find("yanked");
  const bool alone = yanked && body->members().size() == 1;
  if (!alone || (!yanked->boolean() && !yanked->string())) {
    return fail(Code::invalid, "the body must be {\"yanked\": true}, {\"yanked\": false} or {\"yanked\": \"reason\"}");
  }
  if (const auto* flag = yanked->boolean()) return YankWish{*flag ? std::optional<std::string>("") : std::nullopt};
  return YankWish{*yanked->string()};
}

}  // namespace bodega::pypi
