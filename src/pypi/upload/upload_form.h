// The form of the legacy upload API without its file: fields in any order and in every client's spelling. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "pypi/upload/upload_metadata.h"

namespace bodega::pypi {

struct FormLimits {
  // Names and values of all fields of one form. The longest descriptions on the public index are around 1 MiB, attestations some 100 KiB.
  std::size_t max_bytes = 4 << 20;
  // Classifiers, requirements and licence files of the largest projects are some hundreds.
  std::size_t max_fields = 8192;
};

enum class UploadAction { submit, file_upload, doc_upload };

// Digests of the file that the form announces: hashlib's name of the algorithm and lower-case hex.
struct AnnouncedDigest {
  std::string_view field;      // "sha256_digest"
  std::string_view algorithm;  // "sha256"
  std::string hex;
};

class UploadForm {
 public:
  explicit UploadForm(FormLimits limits = {}) : limits_(limits) {}

  Result<void> add(std::string name, std::string value);  // too_large
  // What one more field of that size would still be within the limits: asked while its bytes arrive.
  bool has_room(std::size_t bytes) const { return bytes_ + bytes <= limits_.max_bytes && fields_.size() < limits_.max_fields; }
  std::size_t bytes() const { return bytes_; }

  // The last of that name; nullptr when there is none.
  const std::string* find(std::string_view name) const;
  std::string_view get(std::string_view name) const;  // "" when absent

  // With a file, a form without `:action` is an upload of that file.
  enum class File { absent, present };
  Result<UploadAction> action(File file) const;
  // Every digest that is not empty. invalid: one that cannot be a digest of its kind.
  Result<std::vector<AnnouncedDigest>> digests() const;
  // The fields that are metadata. Keys that were not sent are not set.
  ReleaseMetadata metadata() const;

 private:
  FormLimits limits_;
  std::vector<std::pair<std::string, std::string>> fields_;
  std::size_t bytes_ = 0;
};

// name and version of the form, checked; invalid with devpi's sentences ("invalid metadata: ...").
struct ReleaseName {
  std::string name;     // as sent
  std::string project;  // normalised
  std::string version;  // as sent, without white space around
};
Result<ReleaseName> release_name(const UploadForm& form);
// The same for a form that may leave the version out: it is then empty. One that is sent empty is an error, as it is in devpi.
Result<ReleaseName> release_name_for_docs(const UploadForm& form);

}  // namespace bodega::pypi
