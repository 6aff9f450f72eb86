#include "ops/transfer/json_file.h"

#include <algorithm>
#include <system_error>

namespace bodega::ops {
namespace {

tl::unexpected<Error> no_json(std::uint64_t at) { return fail(Code::invalid, "it is no JSON", "byte " + std::to_string(at)); }

}  // namespace

Result<JsonFile> JsonFile::open(const std::filesystem::path& path) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  if (failed) return fail_errno(failed.value(), "read " + path.string());
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Code::io, path.string() + " cannot be read");
  return JsonFile(std::move(file), size);
}

void JsonFile::seek(const Extent& extent) {
  file_.clear();
  file_.seekg(static_cast<std::streamoff>(extent.begin));
  at_ = extent.begin;
  end_ = std::min(extent.end, size_);
}

int JsonFile::peek() { return at_ < end_ ? file_.rdbuf()->sgetc() : -1; }

int JsonFile::take() {
  if (at_ >= end_) return -1;
  ++at_;
  return file_.rdbuf()->sbumpc();
}

int JsonFile::skip_blanks() {
  for (;;) {
    const int c = peek();
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return c;
    take();
  }
}

Result<void> JsonFile::skip_string(std::string* kept) {
  for (bool first = true, escaped = false;; first = false) {
    const int c = take();
    if (c < 0) return no_json(at_);
    if (kept != nullptr) *kept += static_cast<char>(c);
    if (!first && !escaped && c == '"') return {};
    escaped = !escaped && c == '\\';
  }
}

Result<Extent> JsonFile::skip_value() {
  Extent out;
  const int first = skip_blanks();
  out.begin = at_;
  std::uint64_t depth = 0;
  if (first < 0) return no_json(at_);
  for (;;) {
    const int c = peek();
    const bool ends = c < 0 || c == ',' || c == ']' || c == '}' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (depth == 0 && ends) break;
    if (c < 0) return no_json(at_);
    if (c == '"') {
      BODEGA_TRY_VOID(skip_string());
      if (depth == 0) break;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) {
      take();
      break;
    }
    take();
  }
  out.end = at_;
  if (out.size() == 0) return no_json(at_);
  return out;
}

Result<void> JsonFile::walk(const Extent& extent, char open, char close, const std::function<Result<void>()>& each) {
  seek(extent);
  if (skip_blanks() != open) return {};
  take();
  if (skip_blanks() == close) return {};
  for (;;) {
    BODEGA_TRY_VOID(each());
    const int c = skip_blanks();
    if (c == close) return {};
    if (c != ',') return no_json(at_);
    take();
  }
}

Result<void> JsonFile::members(const Extent& object, const EachMember& each) {
  return walk(object, '{', '}', [&]() -> Result<void> {
    if (skip_blanks() != '"') return no_json(at_);
    std::string quoted;
    const auto begin = at_;
    BODEGA_TRY_VOID(skip_string(&quoted));
    const auto key = pypi::Json::parse(quoted);
    if (!key || !key->string()) return no_json(begin);
    if (skip_blanks() != ':') return no_json(at_);
    take();
    BODEGA_TRY(const Extent value, skip_value());
    return each(*key->string(), value);
  });
}

Result<void> JsonFile::items(const Extent& array, const EachItem& each) {
  return walk(array, '[', ']', [&]() -> Result<void> {
    BODEGA_TRY(const Extent item, skip_value());
    return each(item);
  });
}

Result<pypi::Json> JsonFile::read(const Extent& extent) {
  if (extent.size() > kMostAtOnce) return fail(Code::too_large, "one value has " + std::to_string(extent.size()) + " bytes");
  std::string text(static_cast<std::size_t>(extent.size()), '\0');
  file_.clear();
  file_.seekg(static_cast<std::streamoff>(extent.begin));
  file_.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (static_cast<std::uint64_t>(file_.gcount()) != extent.size()) return fail(Code::io, "the file ends early");
  return pypi::Json::parse(text);
}

}  // namespace bodega::ops
