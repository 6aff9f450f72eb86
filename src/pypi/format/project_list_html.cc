// The HTML form: every anchor whose text or last path segment is a project's name.
#include <algorithm>

#include "base/text.h"
#include "pypi/format/html_tokenizer.h"
#include "pypi/format/names.h"
#include "pypi/format/page_fields.h"
#include "pypi/format/project_list_reader.h"

namespace bodega::pypi {
namespace {

class HtmlListReader final : public ProjectListScanner::Reader, private HtmlSink {
 public:
  HtmlListReader() : tokenizer_(*this) {}

  Result<void> feed(std::string_view bytes, const ProjectListScanner::OnName& on_name) override {
    on_name_ = &on_name;
    tokenizer_.feed(bytes);
    on_name_ = nullptr;
    return check();
  }

  Result<void> finish() override {
    BODEGA_TRY_VOID(check());
    if (names == 0 && !has_version_) return fail(Code::invalid, "the upstream's answer is not a list of projects");
    return {};
  }

 private:
  Result<void> check() const {
    if (bad_version_) return fail(Code::invalid, "the upstream's list is of a repository-version Bodega does not know");
    return {};
  }

  void start_tag(const HtmlTag& tag) override {
    if (tag.name == "a") {
      finish_anchor();
      const std::string* href = tag.find("href");
      in_anchor_ = href != nullptr;
      if (in_anchor_) href_ = *href;
    } else if (tag.name == "meta") {
      const std::string* name = tag.find("name");
      const std::string* content = tag.find("content");
      if (name == nullptr || content == nullptr || *name != "pypi:repository-version") return;
      has_version_ = true;
      bad_version_ = !is_api_version_1(*content);
    }
  }

  void end_tag(std::string_view name) override {
    if (name == "a" || name == "body") finish_anchor();
  }

  void text(std::string_view piece) override {
    // A character more than a name may have, so that a cut name is not taken for a whole one.
    constexpr std::size_t kKeep = kMaxNameLength + 1;
    if (!in_anchor_) return;
    if (text_.empty()) piece.remove_prefix(std::min(piece.find_first_not_of(" \t\r\n"), piece.size()));
    if (text_.size() < kKeep) text_ += piece.substr(0, kKeep - text_.size());
  }

  void comment(std::string_view beginning) override {
    if (!beginning.starts_with("SERIAL ")) return;
    beginning.remove_prefix(7);
    last_serial = parse_u64(trim(beginning.substr(0, beginning.find('-')))).value_or(last_serial);
  }

  void finish_anchor() {
    if (!in_anchor_) return;
    in_anchor_ = false;
    take_name();
    text_.clear();
  }

  // The text keeps the spelling; the link decides which project it is where the two disagree, or where the text is no name.
  void take_name() {
    std::string_view path = std::string_view(href_).substr(0, href_.find_first_of("?#"));
    while (path.ends_with('/')) path.remove_suffix(1);
    if (path.empty()) return;  // "?C=M;O=A": the columns of a directory listing
    const auto segment = percent_decode(path.substr(path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/') + 1));
    const bool linked = segment && is_valid_name(*segment);
    const std::string decoded = decode_html(text_);
    const std::string_view shown = trim(decoded);
    if (is_valid_name(shown) && (!linked || normalize_name(shown) == normalize_name(*segment))) {
      emit(shown);
    } else if (linked && href_.ends_with('/')) {
      emit(*segment);
    }
  }

  void emit(std::string_view name) {
    ++names;
    if (on_name_ != nullptr) (*on_name_)(name);
  }

  HtmlTokenizer tokenizer_;
  const ProjectListScanner::OnName* on_name_ = nullptr;
  bool has_version_ = false;
  bool bad_version_ = false;
  bool in_anchor_ = false;
  std::string href_;
  std::string text_;
};

}  // namespace

std::unique_ptr<ProjectListScanner::Reader> make_html_list_reader() { return std::make_unique<HtmlListReader>(); }

}  // namespace bodega::pypi
