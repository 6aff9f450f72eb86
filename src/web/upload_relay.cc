#include "web/upload_relay.h"

#include "access/random.h"
#include "base/text.h"
#include "pypi/format/filename.h"

namespace bodega::web {
namespace {

constexpr std::size_t kMaxField = 64 << 10;

// Browsers send the name, some of old the path.
std::string base_name(std::string_view sent) {
  const auto slash = sent.find_last_of("/\\");
  return std::string(slash == std::string_view::npos ? sent : sent.substr(slash + 1));
}

std::optional<UploadName> docs_name_of(std::string_view filename) {
  constexpr std::string_view kDocs = ".doc.zip";
  if (!filename.ends_with(kDocs)) return std::nullopt;
  const auto stem = filename.substr(0, filename.size() - kDocs.size());
  const auto dash = stem.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  return UploadName{"doc_upload", std::string(stem.substr(0, dash)), std::string(stem.substr(dash + 1))};
}

}  // namespace

std::optional<UploadName> upload_name_of(std::string_view filename) {
  if (!pypi::is_safe_filename(filename) || filename.find_first_of("\"\r\n") != std::string_view::npos) return std::nullopt;
  if (auto docs = docs_name_of(filename)) return docs;
  if (!pypi::file_kind(filename)) return std::nullopt;
  for (const auto& project : pypi::project_candidates(filename)) {
    if (auto version = pypi::file_version(filename, project)) return UploadName{"file_upload", project, std::move(*version)};
  }
  return std::nullopt;
}

Result<UploadRelay> UploadRelay::make(http::Request& request) {
  if (request.body == nullptr) return fail(Code::invalid, "There is no file in the form.");
  BODEGA_TRY(auto parser, http::MultipartParser::make(request.headers.get("Content-Type")));
  return UploadRelay(std::move(parser), *request.body);
}

Task<Result<http::FormEvent>> UploadRelay::next() {
  for (;;) {
    auto event = parser_.next();
    if (!event || event->kind != http::FormEvent::Kind::need_more) co_return event;
    auto piece = co_await body_->read();
    if (!piece) co_return fail(std::move(piece).error());
    if (piece->empty()) {
      auto finished = parser_.finish();
      if (!finished) co_return fail(std::move(finished).error());
      http::FormEvent end;
      end.kind = http::FormEvent::Kind::end;
      co_return end;
    }
    piece_ = std::move(*piece);
    parser_.feed(piece_);
  }
}

Task<Result<std::string>> UploadRelay::next_file() {
  std::string field;
  in_file_ = false;
  while (!ended_) {
    auto event = co_await next();
    if (!event) co_return fail(std::move(event).error());
    switch (event->kind) {
      case http::FormEvent::Kind::part:
        field = event->part.name;
        if (field == "csrf") csrf_.clear();
        // An empty name: the file input was left empty.
        if (event->part.filename && !event->part.filename->empty()) {
          in_file_ = true;
          co_return base_name(*event->part.filename);
        }
        break;
      case http::FormEvent::Kind::data:
        if (field == "csrf" && csrf_.size() + event->data.size() <= kMaxField) csrf_ += event->data;
        break;
      case http::FormEvent::Kind::end: ended_ = true; break;
      default: field.clear(); break;
    }
  }
  co_return std::string();
}

Task<Result<std::string>> UploadRelay::read() {
  while (in_file_) {
    auto event = co_await next();
    if (!event) co_return fail(std::move(event).error());
    if (event->kind == http::FormEvent::Kind::data && !event->data.empty()) co_return std::string(event->data);
    if (event->kind == http::FormEvent::Kind::part_end || event->kind == http::FormEvent::Kind::end) in_file_ = false;
  }
  co_return std::string();
}

RelayedUpload::RelayedUpload(UploadRelay& relay, const std::string& filename, const UploadName& name)
    : relay_(relay), boundary_("bodega-" + to_hex(access::random_bytes(16))) {
  const auto field = [this](std::string_view key, std::string_view value) {
    head_ +=
        "--" + boundary_ + "\r\nContent-Disposition: form-data; name=\"" + std::string(key) + "\"\r\n\r\n" + std::string(value) + "\r\n";
  };
  field(":action", name.action);
  field("name", name.name);
  field("version", name.version);
  head_ += "--" + boundary_ + "\r\nContent-Disposition: form-data; name=\"content\"; filename=\"" + filename +
           "\"\r\nContent-Type: application/octet-stream\r\n\r\n";
}

Task<Result<std::string>> RelayedUpload::read() {
  if (at_ == At::head) {
    at_ = At::file;
    co_return std::move(head_);
  }
  if (at_ == At::done) co_return std::string();
  auto bytes = co_await relay_.read();
  if (!bytes || !bytes->empty()) co_return bytes;
  at_ = At::done;
  co_return "\r\n--" + boundary_ + "--\r\n";
}

}  // namespace bodega::web
