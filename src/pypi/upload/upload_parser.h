// The two encodings of an upload's form, cut into its parts as the bytes come. Blocks; one thread at a time.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "pypi/upload/upload_body.h"

namespace bodega::pypi {

class UploadParser {
 public:
  virtual ~UploadParser() = default;
  // invalid: a Content-Type that is no form's. `body` outlives the parser.
  static Result<std::unique_ptr<UploadParser>> make(std::string_view content_type, const FormLimits& limits, UploadBody& body);

  virtual Result<void> feed(std::string_view piece) = 0;  // any cut; invalid and whatever the body says
  virtual Result<void> finish() = 0;                      // invalid: the form broke off
  virtual std::size_t held_bytes() const = 0;             // of the form, not yet in the body
};

}  // namespace bodega::pypi
