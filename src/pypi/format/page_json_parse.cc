#include "pypi/format/page_json_parse.h"

#include <simdjson.h>

#include <bit>
#include <vector>

#include "base/text.h"
#include "base/time.h"
#include "pypi/format/array_splitter.h"
#include "pypi/format/file_url.h"
#include "pypi/format/filename.h"
#include "pypi/format/names.h"
#include "pypi/format/page_fields.h"

namespace bodega::pypi {
namespace {

namespace dom = simdjson::dom;

// The most that is given to the parser at once: ten times the largest page known. The fetch has its own, smaller limit.
constexpr std::size_t kMaxText = 256U << 20U;
// Files are read in batches of about this much text: what it takes to read them stays in the processor's caches.
constexpr std::size_t kBatch = 96 * 1024;
static_assert(ArraySplitter::kRoom >= simdjson::SIMDJSON_PADDING);

std::optional<std::string_view> text_of(dom::element value) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

// False: the SHA-256 is broken, so the file cannot be trusted.
bool read_hashes(dom::element value, std::vector<Hash>& out) {
  out.clear();
  dom::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return true;
  for (const auto [key, entry] : object) {
    const auto hex = text_of(entry);
    const bool good = hex && is_hash(key, *hex);
    if (!good && key == "sha256") return false;
    if (good) out.push_back({std::string(key), std::string(*hex)});
  }
  return true;
}

// true, an object of hashes, or anything else (no).
CoreMetadata read_core_metadata(dom::element value) {
  CoreMetadata core;
  if (value.is_bool()) {
    core.offered = value.get_bool().value_unsafe();
  } else if (value.is_object() && read_hashes(value, core.hashes)) {
    core.offered = !core.hashes.empty();
  }
  return core;
}

std::optional<std::string> read_yanked(dom::element value) {
  if (value.is_bool() && value.get_bool().value_unsafe()) return std::string();
  const auto reason = text_of(value);
  if (reason && !reason->empty()) return std::string(*reason);
  return std::nullopt;
}

class FileReader {
 public:
  explicit FileReader(const Url& base) : base_(base) {}

  // False: leave the file out.
  bool read(dom::object object, PageFile& file) {
    bool good = true;
    std::optional<CoreMetadata> core;
    std::optional<CoreMetadata> alias;
    for (const auto [key, value] : object) {
      if (key == "core-metadata") {
        core = read_core_metadata(value);
      } else if (key == "dist-info-metadata" || key == "data-dist-info-metadata") {
        alias = read_core_metadata(value);
      } else if (key == "hashes") {
        good = read_hashes(value, file.hashes) && good;
      } else if (key == "url") {
        const auto text = text_of(value);
        auto url = text ? absolute_file_url(base_, *text) : std::nullopt;
        file.url = url ? std::move(*url) : std::string();
      } else {
        read_optional(key, value, file);
      }
    }
    if (core || alias) file.core_metadata = core ? std::move(*core) : std::move(*alias);
    return good && !file.url.empty() && is_safe_filename(file.filename);
  }

 private:
  static void read_optional(std::string_view key, dom::element value, PageFile& file) {
    const auto text = text_of(value);
    if (key == "filename") {
      file.filename = text ? std::string(*text) : std::string();
    } else if (key == "requires-python") {
      file.requires_python = text && is_requires_python(*text) ? std::optional<std::string>(*text) : std::nullopt;
    } else if (key == "yanked") {
      file.yanked = read_yanked(value);
    } else if (key == "size") {
      std::uint64_t size = 0;
      file.size = value.get_uint64().get(size) == simdjson::SUCCESS ? std::optional(size) : std::nullopt;
    } else if (key == "upload-time") {
      file.upload_time = text ? read_upload_time(*text) : std::string();
    } else if (key == "provenance") {
      file.provenance = text && is_provenance_url(*text) ? std::optional<std::string>(*text) : std::nullopt;
    } else if (key == "gpg-sig") {
      bool signature = false;
      file.gpg_sig = value.get_bool().get(signature) == simdjson::SUCCESS ? std::optional(signature) : std::nullopt;
    }
  }

  const Url& base_;
};

std::optional<ProjectStatus> read_status(dom::element value) {
  dom::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return std::nullopt;
  ProjectStatus status;
  for (const auto [key, entry] : object) {
    const auto text = text_of(entry);
    if (text && key == "status") status.status = *text;
    if (text && key == "reason") status.reason = *text;
  }
  if (!is_status_word(status.status)) return std::nullopt;
  return status;
}

// False: another major version of the API.
bool read_meta(dom::element value, ProjectPage& page, std::optional<ProjectStatus>& misplaced) {
  dom::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return true;
  for (const auto [key, entry] : object) {
    const auto text = text_of(entry);
    if (text && key == "api-version") page.api_version = *text;
    std::uint64_t serial = 0;
    if (key == "_last-serial" && entry.get_uint64().get(serial) == simdjson::SUCCESS) page.last_serial = serial;
    if (key == "project-status") misplaced = read_status(entry);  // one example of PEP 792 has it here
  }
  return page.api_version.empty() || is_api_version_1(page.api_version);
}

void read_versions(dom::element value, std::vector<std::string>& out) {
  dom::array array;
  out.clear();
  if (value.get_array().get(array) != simdjson::SUCCESS) return;
  for (const auto entry : array) {
    const auto text = text_of(entry);
    if (text && is_version_text(*text)) out.emplace_back(*text);
  }
}

void read_files(dom::array array, const Url& base, std::vector<PageFile>& out) {
  FileReader reader(base);
  for (const auto entry : array) {
    dom::object object;
    if (entry.get_object().get(object) != simdjson::SUCCESS) continue;
    PageFile& file = out.emplace_back();
    if (!reader.read(object, file)) out.pop_back();
  }
}

Result<ProjectPage> read_page(dom::object root, const Url& base, std::string_view name) {
  ProjectPage page;
  page.name = name;
  std::optional<ProjectStatus> misplaced;
  for (const auto [key, value] : root) {
    if (key == "meta") {
      if (!read_meta(value, page, misplaced)) return fail(Code::invalid, "the upstream's page is of an api-version Bodega does not know");
    } else if (key == "name") {
      const auto given = text_of(value);
      if (given && normalize_name(*given) != name) return fail(Code::invalid, "the upstream's page is that of another project");
    } else if (key == "files") {
      page.files.clear();
      dom::array array;
      if (value.get_array().get(array) == simdjson::SUCCESS) read_files(array, base, page.files);
    } else if (key == "versions") {
      read_versions(value, page.versions);
    } else if (key == "project-status") {
      page.status = read_status(value);
    }
  }
  if (!page.status) page.status = std::move(misplaced);
  return page;
}

}  // namespace

class JsonPageReader::Parts {
 public:
  Parts(Url base, std::string name)
      : base_(std::move(base)),
        name_(std::move(name)),
        parser_(kMaxText),
        splitter_("files", kBatch, [this](std::string_view text) { return read_batch(text); }) {}

  Result<void> feed(std::string_view text) { return splitter_.feed(text); }

  Result<ProjectPage> finish() {
    std::string rest = splitter_.finish();
    BODEGA_TRY(const dom::element root, parse(rest));
    dom::object object;
    if (root.get_object().get(object) != simdjson::SUCCESS) return fail(Code::invalid, "the upstream's page is not a JSON object");
    BODEGA_TRY(ProjectPage page, read_page(object, base_, name_));
    drop_earlier();
    if (splitter_.arrays() > 0) page.files = std::move(files_);
    return page;
  }

 private:
  Result<dom::element> parse(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    // Batches differ in length by a little: room for all of them at once, in the parser and in what it makes.
    auto error = simdjson::SUCCESS;
    if (text.size() > parser_.capacity() && text.size() <= kMaxText) {
      const std::size_t room = std::bit_ceil(text.size());
      error = parser_.allocate(room);
      if (error == simdjson::SUCCESS) error = parser_.doc.allocate(room);
    }
    dom::element root;
    if (error == simdjson::SUCCESS) error = parser_.parse(text.data(), text.size(), false).get(root);
    if (error != simdjson::SUCCESS) {
      return fail(Code::invalid, "the upstream's page is not valid JSON", simdjson::error_message(error));
    }
    return root;
  }

  // Files of an array whose key was given once more.
  void drop_earlier() {
    if (splitter_.arrays() != array_) files_.clear();
    array_ = splitter_.arrays();
  }

  Result<void> read_batch(std::string_view text) {
    BODEGA_TRY(const dom::element root, parse(text));
    drop_earlier();
    dom::array array;
    if (root.get_array().get(array) == simdjson::SUCCESS) read_files(array, base_, files_);
    return {};
  }

  const Url base_;
  const std::string name_;
  dom::parser parser_;
  ArraySplitter splitter_;
  std::size_t array_ = 0;  // of which files_ are
  std::vector<PageFile> files_;
};

JsonPageReader::JsonPageReader(Url base, std::string name) : parts_(std::make_unique<Parts>(std::move(base), std::move(name))) {}
JsonPageReader::~JsonPageReader() = default;
Result<void> JsonPageReader::feed(std::string_view text) { return parts_->feed(text); }
Result<ProjectPage> JsonPageReader::finish() { return parts_->finish(); }

Result<ProjectPage> parse_json_page(std::string_view body, const Url& base, std::string_view name) {
  JsonPageReader reader(base, std::string(name));
  BODEGA_TRY_VOID(reader.feed(body));
  return reader.finish();
}

bool looks_like_json(std::string_view body) {
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  return trim(body.substr(0, 1024)).starts_with('{');
}

}  // namespace bodega::pypi
