#include "pypi/format/page_html_parse.h"

#include <unordered_map>

#include "base/text.h"
#include "pypi/format/file_url.h"
#include "pypi/format/filename.h"
#include "pypi/format/html_tokenizer.h"
#include "pypi/format/page_fields.h"

namespace bodega::pypi {
namespace {

// An anchor's text is a file name; more is not kept.
constexpr std::size_t kMaxAnchorText = 1024;
// Where a hand-made page without files says what it is.
constexpr std::size_t kHeadBytes = 64U << 10U;

enum class CutDigest { is_broken, is_kept };

// "sha256=…" alone or among other fields. False: the SHA-256 is broken.
bool read_fragment(std::string_view fragment, CutDigest cut, std::vector<Hash>& out) {
  for (const auto field : split(fragment, '&')) {
    const auto equals = field.find('=');
    if (equals == std::string_view::npos) continue;
    const auto algorithm = field.substr(0, equals);
    const auto hex = field.substr(equals + 1);
    const bool kept = cut == CutDigest::is_kept && is_cut_sha256(algorithm, hex);
    const bool good = kept || (is_hash(algorithm, hex) && algorithm != "egg" && algorithm != "subdirectory");
    if (!good && algorithm == "sha256") return false;
    if (good) out.push_back({std::string(algorithm), std::string(hex)});
  }
  return true;
}

CoreMetadata read_core_metadata(std::string_view value) {
  CoreMetadata core;
  if (value == "true") core.offered = true;
  if (read_fragment(value, CutDigest::is_broken, core.hashes) && !core.hashes.empty()) core.offered = true;
  return core;
}

class PageSink final : public HtmlSink {
 public:
  PageSink(const Url& base, ProjectPage& page) : base_(base), page_(page) {}

  void start_tag(const HtmlTag& tag) override {
    if (tag.name == "a") {
      finish_anchor();
      anchor_ = tag;
      in_anchor_ = true;
    } else if (tag.name == "meta") {
      meta(tag);
    } else if (tag.name == "base" && !base_seen_) {
      set_base(tag);
    }
  }

  void end_tag(std::string_view name) override {
    if (name == "a" || name == "body") finish_anchor();
  }

  void text(std::string_view piece) override {
    if (in_anchor_ && anchor_text_.size() < kMaxAnchorText) anchor_text_ += piece.substr(0, kMaxAnchorText - anchor_text_.size());
  }

  void comment(std::string_view beginning) override {
    if (!beginning.starts_with("SERIAL ")) return;  // bandersnatch's and the public index's last line
    beginning.remove_prefix(7);
    const auto serial = parse_u64(trim(beginning.substr(0, beginning.find('-'))));
    if (serial) page_.last_serial = *serial;
  }

  void finish_anchor() {
    if (!in_anchor_) return;
    in_anchor_ = false;
    PageFile file;
    if (read_anchor(file)) add(std::move(file));
    anchor_text_.clear();
  }

 private:
  void meta(const HtmlTag& tag) {
    const std::string* name = tag.find("name");
    const std::string* content = tag.find("content");
    if (name == nullptr || content == nullptr) return;
    if (*name == "pypi:repository-version") page_.api_version = *content;
    if (*name == "pypi:project-status" && is_status_word(*content)) status_ = *content;
    if (*name == "pypi:project-status-reason") reason_ = *content;
    if (!status_.empty()) page_.status = ProjectStatus{status_, reason_};
  }

  void set_base(const HtmlTag& tag) {
    const std::string* href = tag.find("href");
    if (href == nullptr) return;
    base_seen_ = true;
    const auto text = absolute_file_url(base_, *href);
    auto url = text ? Url::parse(*text) : fail(Code::invalid, {});
    if (url) base_ = std::move(*url);
  }

  bool read_anchor(PageFile& file) {
    const std::string* href = anchor_.find("href");
    if (href == nullptr) return false;
    const std::string_view reference = trim(*href);
    const auto hash = reference.find('#');
    if (hash != std::string_view::npos && !read_fragment(reference.substr(hash + 1), CutDigest::is_kept, file.hashes)) return false;
    if (!read_filename(reference.substr(0, hash), file)) return false;
    auto url = absolute_file_url(base_, reference);
    if (!url) return false;
    file.url = std::move(*url);
    read_attributes(file);
    return true;
  }

  // The last segment of the path, as pip takes it; the text where that is no file of this project ("download?file=…").
  bool read_filename(std::string_view reference, PageFile& file) const {
    const auto path = reference.substr(0, reference.find('?'));
    const auto slash = path.rfind('/');
    auto segment = percent_decode(slash == std::string_view::npos ? path : path.substr(slash + 1));
    if (segment && belongs_to_project(*segment, page_.name)) {
      file.filename = std::move(*segment);
      return true;
    }
    const std::string text = decode_html(anchor_text_);
    file.filename = trim(text);
    return belongs_to_project(file.filename, page_.name);
  }

  void read_attributes(PageFile& file) const {
    for (const auto& [name, value] : anchor_.attributes) {
      if (!name.starts_with("data-")) continue;
      if (name == "data-requires-python" && !file.requires_python && is_requires_python(value)) file.requires_python = value;
      if (name == "data-yanked" && !file.yanked) file.yanked = value;
      if (name == "data-provenance" && is_provenance_url(value)) file.provenance = value;
      if (name == "data-gpg-sig" && (value == "true" || value == "false")) file.gpg_sig = value == "true";
      if (name == "data-upload-time") file.upload_time = read_upload_time(value);  // in no standard, but some mirrors give it
    }
    const std::string* core = anchor_.find("data-core-metadata");
    if (core == nullptr) core = anchor_.find("data-dist-info-metadata");
    if (core != nullptr) file.core_metadata = read_core_metadata(*core);
  }

  void add(PageFile file) {
    const auto [entry, fresh] = by_name_.try_emplace(file.filename, page_.files.size());
    if (fresh) {
      page_.files.push_back(std::move(file));
    } else if (page_.files[entry->second].hashes.empty() && !file.hashes.empty()) {
      page_.files[entry->second] = std::move(file);
    }
  }

  Url base_;
  ProjectPage& page_;
  bool base_seen_ = false;
  bool in_anchor_ = false;
  HtmlTag anchor_;
  std::string anchor_text_;
  std::string status_;
  std::string reason_;
  std::unordered_map<std::string, std::size_t> by_name_;
};

// A page that lists nothing and does not say that it is an index may be a login form or a portal: taking it for an empty project would
// make every file of it vanish.
bool says_it_is_an_index(std::string_view body) {
  const std::string head = to_lower(body.substr(0, kHeadBytes));
  return head.find("links for") != std::string::npos || head.find("index of") != std::string::npos ||
         head.find("simple index") != std::string::npos;
}

}  // namespace

Result<ProjectPage> parse_html_page(std::string_view body, const Url& base, std::string_view name) {
  ProjectPage page;
  page.name = name;
  PageSink sink(base, page);
  HtmlTokenizer tokenizer(sink);
  tokenizer.feed(body);
  sink.finish_anchor();
  if (!page.api_version.empty() && !is_api_version_1(page.api_version)) {
    return fail(Code::invalid, "the upstream's page is of a repository-version Bodega does not know");
  }
  if (page.files.empty() && page.api_version.empty() && !says_it_is_an_index(body)) {
    return fail(Code::invalid, "the upstream's answer is not the page of a project");
  }
  return page;
}

}  // namespace bodega::pypi
