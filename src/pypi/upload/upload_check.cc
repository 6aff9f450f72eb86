#include "pypi/upload/upload_check.h"

#include <algorithm>

#include "pypi/format/metadata.h"
#include "pypi/format/names.h"
#include "pypi/format/version.h"

namespace bodega::pypi {
namespace {

void add_headers(ReleaseMetadata& metadata, const Metadata& headers) {
  for (const auto& key : metadata_keys()) {
    std::vector<std::string> values;
    for (const auto& field : headers.fields()) {
      if (key_of_field(field.name) == &key) values.push_back(field.value);
    }
    if (!values.empty()) metadata.set(key, values);
  }
  const std::string description(headers.description());
  if (!description.empty()) metadata.set(*find_metadata_key("description"), {description});
}

}  // namespace

ReleaseMetadata metadata_of(const Inspected& inspected, const UploadForm& form) {
  if (inspected.metadata.empty()) return form.metadata();
  ReleaseMetadata metadata;
  if (const std::string* comment = form.find("comment")) metadata.set(*find_metadata_key("comment"), {*comment});
  add_headers(metadata, Metadata::parse(inspected.metadata));
  return metadata;
}

Result<void> check_agreement(const ReleaseName& form, const Inspected& inspected) {
  if (inspected.metadata.empty()) return {};
  if (normalize_name(inspected.name) != form.project) {
    return fail(Code::invalid,
                "invalid metadata: the form names project '" + form.name + "', the metadata inside the file '" + inspected.name + "'");
  }
  const auto wanted = Version::parse(form.version);
  const auto found = Version::parse(inspected.version);
  if (!wanted || !found || *wanted != *found) {
    return fail(Code::invalid, "invalid metadata: the form names version '" + form.version + "', the metadata inside the file '" +
                                   inspected.version + "'");
  }
  return {};
}

Result<CheckedUpload> check_upload(const std::string& index, const ReleaseName& name, UploadBody& body) {
  BODEGA_TRY_VOID(body.check_digests());
  UploadedFile& uploaded = body.file();
  // The temp file has no name that anybody but the store knows.
  const std::string path = "/proc/self/fd/" + std::to_string(uploaded.writer->fd());
  BODEGA_TRY(Inspected inspected, inspect_distribution(path, uploaded.filename));
  BODEGA_TRY_VOID(check_agreement(name, inspected));
  const bool read = !inspected.metadata.empty();

  CheckedUpload out;
  out.metadata = metadata_of(inspected, body.form());
  out.display = read ? inspected.name : name.name;
  auto& file = out.file;
  file.index = index;
  file.project = name.project;
  file.version = read ? inspected.version : name.version;
  file.filename = uploaded.filename;
  file.digest = uploaded.sha256;
  file.size = uploaded.writer->size();
  file.requires_python = read ? inspected.requires_python : std::string(body.form().get("requires_python"));
  // PEP 658 is for wheels: what an sdist's PKG-INFO says may still change when it is built.
  if (inspected.kind == FileKind::wheel) {
    file.metadata_digest = Digest::of(inspected.metadata);
    file.metadata = std::move(inspected.metadata);
  }
  return out;
}

}  // namespace bodega::pypi
