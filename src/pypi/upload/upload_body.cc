#include "pypi/upload/upload_body.h"

#include <algorithm>

#include "base/text.h"

namespace bodega::pypi {
namespace {

std::string human_size(std::uint64_t bytes) {
  constexpr std::uint64_t kMiB = 1 << 20;
  return bytes >= kMiB ? std::to_string(bytes / kMiB) + " MiB" : std::to_string(bytes) + " bytes";
}

}  // namespace

Result<void> UploadBody::begin_part(std::string name, std::optional<std::string> filename) {
  name_ = std::move(name);
  value_.clear();
  if (!filename) {
    part_ = Part::field;
    return {};
  }
  if (name_ == "content") return begin_content(std::move(*filename));
  part_ = Part::dropped;
  return {};
}

Result<void> UploadBody::begin_content(std::string filename) {
  if (file_) return fail(Code::invalid, "the form has more than one content file field");
  part_ = Part::content;
  // More than the file, by the size of the fields: nothing beside a file worth reserving space for.
  const std::uint64_t expected = announced_length_ ? std::min(*announced_length_, limits_.max_file_bytes) : 0;
  BODEGA_TRY(auto writer, store_.create(expected));
  file_.emplace(UploadedFile{std::move(filename), std::move(writer), {}});
  const auto announced = form_.digests();
  if (!announced) return {};  // what is wrong with it is told after the action is known
  for (const auto& digest : *announced) {
    if (digest.algorithm == "sha256") continue;  // the writer's own
    if (auto hasher = Hasher::make(digest.algorithm)) running_.push_back({digest.algorithm, std::move(*hasher), {}});
  }
  return {};
}

Result<void> UploadBody::part_data(std::string_view bytes) {
  switch (part_) {
    case Part::none: return fail(Code::invalid, "the body has data outside of its parts");
    case Part::dropped: return {};
    case Part::field:
      if (!form_.has_room(name_.size() + value_.size() + bytes.size())) {
        return fail(Code::too_large, "the fields of the form are larger than " + human_size(limits_.form.max_bytes));
      }
      value_ += bytes;
      return {};
    case Part::content: break;
  }
  if (file_->writer->size() + bytes.size() > limits_.max_file_bytes) {
    return fail(Code::too_large, "the file is larger than the " + human_size(limits_.max_file_bytes) + " allowed for one file");
  }
  for (auto& running : running_) running.hasher.update(bytes);
  return file_->writer->append(bytes);
}

Result<void> UploadBody::end_part() {
  const Part part = std::exchange(part_, Part::none);
  if (part == Part::field) return form_.add(std::move(name_), std::exchange(value_, {}));
  if (part == Part::content) {
    file_->sha256 = file_->writer->finish_digest();
    for (auto& running : running_) running.hex = running.hasher.finish_hex();
  }
  return {};
}

Result<void> UploadBody::check_digests() {
  BODEGA_TRY(const auto announced, form_.digests());
  if (!file_) return {};
  for (const auto& digest : announced) {
    BODEGA_TRY(const std::string found, digest_of_file(digest.algorithm));
    if (found != digest.hex) {
      return fail(Code::invalid,
                  std::string(digest.field) + " does not match: the form says " + digest.hex + ", the file that arrived has " + found);
    }
  }
  return {};
}

Result<std::string> UploadBody::digest_of_file(std::string_view algorithm) {
  if (algorithm == "sha256") return file_->sha256.hex();
  const auto known = std::find_if(running_.begin(), running_.end(), [algorithm](const Running& one) { return one.algorithm == algorithm; });
  if (known != running_.end()) return known->hex;
  auto hasher = Hasher::make(algorithm);
  if (!hasher) return fail(Code::invalid, "the digest " + std::string(algorithm) + " is not known");
  std::string buffer(128 * 1024, '\0');  // as the store's own reading
  for (std::uint64_t offset = 0; offset < file_->writer->size();) {
    BODEGA_TRY(const std::size_t count, file_->writer->read_at(buffer.data(), buffer.size(), offset));
    if (count == 0) return fail(Code::io, "the uploaded file could not be read back");
    hasher->update(std::string_view(buffer).substr(0, count));
    offset += count;
  }
  return hasher->finish_hex();
}

}  // namespace bodega::pypi
