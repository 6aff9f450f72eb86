#include "pypi/upload/upload_parser.h"

#include <utility>

#include "base/text.h"
#include "http/multipart.h"

namespace bodega::pypi {
namespace {

http::FormLimits limits_of(const FormLimits& limits) {
  http::FormLimits out;
  out.parts = limits.max_fields;
  out.field_bytes = limits.max_bytes;
  return out;
}

class MultipartUpload final : public UploadParser {
 public:
  MultipartUpload(http::MultipartParser parser, UploadBody& body) : parser_(std::move(parser)), body_(body) {}

  Result<void> feed(std::string_view piece) override {
    parser_.feed(piece);
    for (;;) {
      BODEGA_TRY(auto event, parser_.next());
      using Kind = http::FormEvent::Kind;
      switch (event.kind) {
        case Kind::part: BODEGA_TRY_VOID(body_.begin_part(std::move(event.part.name), std::move(event.part.filename))); break;
        case Kind::data: BODEGA_TRY_VOID(body_.part_data(event.data)); break;
        case Kind::part_end: BODEGA_TRY_VOID(body_.end_part()); break;
        case Kind::need_more:
        case Kind::end: return {};
      }
    }
  }
  Result<void> finish() override { return parser_.finish(); }
  std::size_t held_bytes() const override { return 0; }

 private:
  http::MultipartParser parser_;
  UploadBody& body_;
};

class UrlencodedUpload final : public UploadParser {
 public:
  UrlencodedUpload(const FormLimits& limits, UploadBody& body) : limits_(limits), body_(body) {}

  Result<void> feed(std::string_view piece) override {
    if (text_.size() + piece.size() > limits_.max_bytes) return fail(Code::too_large, "the form is too large");
    text_ += piece;
    return {};
  }
  Result<void> finish() override {
    BODEGA_TRY(auto fields, http::parse_urlencoded(text_, limits_of(limits_)));
    text_ = {};
    for (auto& [name, value] : fields) BODEGA_TRY_VOID(body_.form().add(std::move(name), std::move(value)));
    return {};
  }
  std::size_t held_bytes() const override { return text_.size(); }

 private:
  const FormLimits limits_;
  UploadBody& body_;
  std::string text_;
};

}  // namespace

Result<std::unique_ptr<UploadParser>> UploadParser::make(std::string_view content_type, const FormLimits& limits, UploadBody& body) {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  if (iequals(type, "application/x-www-form-urlencoded")) return std::make_unique<UrlencodedUpload>(limits, body);
  // devpi reads everything else as a push.
  if (!iequals(type, "multipart/form-data")) return fail(Code::invalid, "Bad request: could not decode json");
  BODEGA_TRY(auto parser, http::MultipartParser::make(content_type, limits_of(limits)));
  return std::make_unique<MultipartUpload>(std::move(parser), body);
}

}  // namespace bodega::pypi
