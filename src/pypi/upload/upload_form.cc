#include "pypi/upload/upload_form.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "pypi/format/names.h"
#include "pypi/format/version.h"

namespace bodega::pypi {
namespace {

struct DigestField {
  std::string_view field;
  std::string_view algorithm;
  std::size_t hex_digits;
};
constexpr std::array kDigestFields = {
    DigestField{"sha256_digest", "sha256", 64},
    DigestField{"blake2_256_digest", "blake2b_256", 64},
    DigestField{"md5_digest", "md5", 32},
};

// What is sent with the metadata and is none: some names mean something else there.
constexpr std::array<std::string_view, 5> kNotMetadata = {":action", "protocol_version", "filetype", "pyversion", "content"};

tl::unexpected<Error> bad_metadata(std::string_view why) { return fail(Code::invalid, "invalid metadata: " + std::string(why)); }

}  // namespace

Result<void> UploadForm::add(std::string name, std::string value) {
  const std::size_t size = name.size() + value.size();
  if (!has_room(size)) return fail(Code::too_large, "the fields of the form are too large");
  bytes_ += size;
  // Some clients send the headers' own names.
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c == '-' ? '_' : ascii_lower(c); });
  fields_.emplace_back(std::move(name), std::move(value));
  return {};
}

const std::string* UploadForm::find(std::string_view name) const {
  const auto found = std::find_if(fields_.rbegin(), fields_.rend(), [name](const auto& field) { return field.first == name; });
  return found == fields_.rend() ? nullptr : &found->second;
}

std::string_view UploadForm::get(std::string_view name) const {
  const std::string* value = find(name);
  return value ? std::string_view(*value) : std::string_view();
}

Result<UploadAction> UploadForm::action(File file) const {
  const std::string* action = find(":action");
  if (!action) {
    if (file == File::present) return UploadAction::file_upload;
    return fail(Code::invalid, "Bad request: could not decode json");  // devpi takes it for a push
  }
  if (*action == "submit") return UploadAction::submit;
  if (*action == "file_upload") return UploadAction::file_upload;
  if (*action == "doc_upload") return UploadAction::doc_upload;
  constexpr std::size_t kShown = 64;  // more is no action, and the sentence goes into the status line
  return fail(Code::invalid, "action '" + action->substr(0, kShown) + "' not supported");
}

Result<std::vector<AnnouncedDigest>> UploadForm::digests() const {
  std::vector<AnnouncedDigest> digests;
  for (const auto& [name, value] : fields_) {
    const auto known =
        std::find_if(kDigestFields.begin(), kDigestFields.end(), [&name = name](const DigestField& field) { return field.field == name; });
    if (known == kDigestFields.end()) continue;
    std::string hex = to_lower(trim(value));
    if (hex.empty()) continue;
    if (hex.size() != known->hex_digits || !is_lower_hex(hex)) return fail(Code::invalid, name + " is not a digest of that kind");
    digests.push_back({known->field, known->algorithm, std::move(hex)});
  }
  return digests;
}

ReleaseMetadata UploadForm::metadata() const {
  std::vector<std::pair<const MetadataKey*, std::vector<std::string>>> sent;
  for (const auto& [name, value] : fields_) {
    if (std::find(kNotMetadata.begin(), kNotMetadata.end(), name) != kNotMetadata.end()) continue;
    const MetadataKey* key = key_of_field(name);
    if (!key) continue;
    const auto found = std::find_if(sent.begin(), sent.end(), [key](const auto& entry) { return entry.first == key; });
    auto& values = found == sent.end() ? sent.emplace_back(key, std::vector<std::string>()).second : found->second;
    values.push_back(value);
  }
  ReleaseMetadata metadata;
  for (const auto& [key, values] : sent) metadata.set(*key, values);
  return metadata;
}

Result<ReleaseName> release_name_for_docs(const UploadForm& form) {
  ReleaseName out;
  out.name = trim(form.get("name"));
  out.version = trim(form.get("version"));
  if (out.name.empty()) return bad_metadata("Missing required field \"name\"");
  if (!is_valid_name(out.name)) {
    return bad_metadata("Invalid package name. Names must contain only ASCII letters, digits, underscores, hyphens, and periods");
  }
  out.project = normalize_name(out.name);
  if (!form.find("version")) return out;
  if (out.version.empty()) return bad_metadata("Missing required field \"version\"");
  if (!Version::parse(out.version)) return bad_metadata("Invalid version. The version must be one of PEP 440's forms, such as 1.0.post1");
  return out;
}

Result<ReleaseName> release_name(const UploadForm& form) {
  BODEGA_TRY(auto out, release_name_for_docs(form));
  if (out.version.empty()) return bad_metadata("Missing required field \"version\"");
  return out;
}

}  // namespace bodega::pypi
