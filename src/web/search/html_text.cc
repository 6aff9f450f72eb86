#include "web/search/html_text.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "pypi/format/html_tokenizer.h"

namespace bodega::web {
namespace {

class Collector final : public pypi::HtmlSink {
 public:
  explicit Collector(std::size_t limit) : limit_(limit) {}

  void start_tag(const pypi::HtmlTag& tag) override {
    if (is_aside(tag.name)) ++asides_;
    blank();
  }
  void end_tag(std::string_view name) override {
    if (is_aside(name) && asides_ > 0) --asides_;
    blank();
  }
  void text(std::string_view piece) override { append(asides_ > 0 ? aside_ : body_, piece); }
  void comment(std::string_view) override {}

  std::string finish() const {
    // A page whose <nav> never ends has its text all the same.
    const auto& raw = body_.find_first_not_of(' ') == std::string::npos ? aside_ : body_;
    return folded(pypi::decode_html(raw));
  }

  static std::string folded(std::string_view text) {
    std::string out = fold_blanks(text);
    if (out.ends_with(' ')) out.pop_back();
    // Cut in the middle of a letter, or never UTF-8 at all.
    if (!is_utf8(out))
      std::replace_if(
          out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, ' ');
    return out;
  }

 private:
  static bool is_aside(std::string_view name) {
    static constexpr std::array<std::string_view, 4> kAsides{"nav", "header", "footer", "aside"};
    return std::find(kAsides.begin(), kAsides.end(), name) != kAsides.end();
  }
  void append(std::string& to, std::string_view piece) const {
    if (to.size() < limit_) to += piece.substr(0, limit_ - to.size());
  }
  // Elements part words; most of them do.
  void blank() { append(asides_ > 0 ? aside_ : body_, " "); }

  std::size_t limit_;
  std::size_t asides_ = 0;
  std::string body_;
  std::string aside_;
};

// The tokenizer passes its text over, as that of scripts.
std::string title_of(std::string_view html) {
  constexpr std::size_t kHead = 64 * 1024;
  constexpr std::size_t kMaxTitle = 300;
  const std::string head = to_lower(html.substr(0, kHead));
  auto begin = head.find("<title");
  if (begin != std::string::npos) begin = head.find('>', begin);
  if (begin == std::string::npos) return {};
  const auto end = std::min(head.find("</title", begin), begin + 1 + kMaxTitle);
  return Collector::folded(pypi::decode_html(html.substr(begin + 1, end - begin - 1)));
}

}  // namespace

HtmlText read_html_text(std::string_view html, std::size_t limit) {
  Collector collector(limit);
  pypi::HtmlTokenizer tokenizer(collector);
  tokenizer.feed(html);
  return {title_of(html), collector.finish()};
}

}  // namespace bodega::web
