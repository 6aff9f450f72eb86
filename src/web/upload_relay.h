// One form of a page, with any number of files, as the uploads that a program would send one after the other. Bytes pass through: nothing
// is kept but a piece. Home loop only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/message.h"
#include "http/multipart.h"

namespace bodega::web {

// What an upload of a file of this name must say besides the file; nullopt: it is no distribution, nor documentation.
struct UploadName {
  std::string action;  // "file_upload", "doc_upload"
  std::string name;
  std::string version;
};
std::optional<UploadName> upload_name_of(std::string_view filename);

class UploadRelay {
 public:
  static Result<UploadRelay> make(http::Request& request);

  // The next file's name; "" after the last one. What is left of the file before is skipped. invalid, too_large, cancelled.
  Task<Result<std::string>> next_file();
  // The word of the form, if it stood before the file.
  const std::string& csrf() const { return csrf_; }

  // The next bytes of the present file; empty at its end.
  Task<Result<std::string>> read();

 private:
  UploadRelay(http::MultipartParser parser, http::RequestBody& body) : parser_(std::move(parser)), body_(&body) {}
  Task<Result<http::FormEvent>> next();

  http::MultipartParser parser_;
  http::RequestBody* body_;
  std::string piece_;
  std::string csrf_;
  bool in_file_ = false;
  bool ended_ = false;
};

// The body of the upload of the relay's present file.
class RelayedUpload final : public http::RequestBody {
 public:
  RelayedUpload(UploadRelay& relay, const std::string& filename, const UploadName& name);
  std::optional<std::uint64_t> length() const override { return std::nullopt; }
  Task<Result<std::string>> read() override;
  std::string content_type() const { return "multipart/form-data; boundary=" + boundary_; }

 private:
  enum class At { head, file, done };
  UploadRelay& relay_;
  std::string boundary_;
  std::string head_;
  At at_ = At::head;
};

}  // namespace bodega::web
