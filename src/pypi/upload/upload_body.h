// What an upload's body becomes while it streams in: fields under a cap, the file straight into a temp file of the store, hashed on the
// way. Blocks; one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "pypi/upload/upload_form.h"
#include "store/blob_store.h"

namespace bodega::pypi {

struct UploadLimits {
  // Of one file. The public index gives 100 MB and raises it on request to some GB; the largest wheels there are about 2 GiB.
  std::uint64_t max_file_bytes = 2ULL << 30;
  FormLimits form;
};

struct UploadedFile {
  std::string filename;                       // as sent, checked by nobody yet
  std::unique_ptr<store::BlobWriter> writer;  // holds all bytes; not committed
  Digest sha256;                              // once the part has ended
};

class UploadBody {
 public:
  // `announced_length`: of the whole body, if known; space is reserved for it.
  UploadBody(store::BlobStore& store, const UploadLimits& limits, std::optional<std::uint64_t> announced_length)
      : store_(store), limits_(limits), announced_length_(announced_length), form_(limits.form) {}

  // One part after the other. `filename`: nullopt for a field. Files that are not `content` (signatures) are read and dropped.
  Result<void> begin_part(std::string name, std::optional<std::string> filename);
  Result<void> part_data(std::string_view bytes);  // too_large, no_space, io
  Result<void> end_part();

  const UploadForm& form() const { return form_; }
  UploadForm& form() { return form_; }
  bool has_file() const { return file_.has_value(); }
  UploadedFile& file() { return *file_; }
  // A temp file that was not committed,
  bool has_garbage() const { return file_ && !file_->writer->ended(); }
  // and gives it up.
  void discard() {
    if (file_) file_->writer->discard();
  }
  // Memory held for fields.
  std::size_t field_bytes() const { return form_.bytes() + value_.size(); }

  // Whether the file has every digest that the form gives. invalid names the one that differs.
  Result<void> check_digests();

 private:
  enum class Part { none, field, content, dropped };
  struct Running {
    std::string_view algorithm;
    Hasher hasher;
    std::string hex;  // once finished
  };

  Result<void> begin_content(std::string filename);
  Result<std::string> digest_of_file(std::string_view algorithm);

  store::BlobStore& store_;
  const UploadLimits& limits_;
  std::optional<std::uint64_t> announced_length_;
  UploadForm form_;
  Part part_ = Part::none;
  std::string name_;
  std::string value_;
  std::optional<UploadedFile> file_;
  // Digests that were announced before the file are computed as it passes; those announced behind it by reading it again.
  std::vector<Running> running_;
};

}  // namespace bodega::pypi
