#include "pypi/format/version.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace bodega::pypi {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string strip_zeros(std::string_view digits) {
  const auto first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? "0" : std::string(digits.substr(first));
}

bool is_number(std::string_view text) { return std::all_of(text.begin(), text.end(), is_digit); }

std::strong_ordering compare_text(std::string_view a, std::string_view b) { return a.compare(b) <=> 0; }

std::strong_ordering compare_release(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  static const std::string kZero = "0";
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const auto order = compare_digits(i < a.size() ? a[i] : kZero, i < b.size() ? b[i] : kZero);
    if (order != std::strong_ordering::equal) return order;
  }
  return std::strong_ordering::equal;
}

std::strong_ordering compare_local_part(std::string_view a, std::string_view b) {
  const bool a_number = is_number(a);
  const bool b_number = is_number(b);
  if (a_number != b_number) return a_number ? std::strong_ordering::greater : std::strong_ordering::less;
  return a_number ? compare_digits(a, b) : compare_text(a, b);
}

std::strong_ordering compare_local(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const auto order = compare_local_part(a[i], b[i]);
    if (order != std::strong_ordering::equal) return order;
  }
  return a.size() <=> b.size();
}

}  // namespace

// The regular expression of PEP 440, appendix B, as a single pass. Its only choice points are decided by the longest label.
class VersionParser {
 public:
  explicit VersionParser(std::string_view text) : text_(text) {}

  std::optional<Version> run() {
    while (!text_.empty() && is_space(text_.back())) text_.remove_suffix(1);
    while (at(0) != 0 && is_space(at(0))) ++at_;
    if (ascii_lower(at(0)) == 'v') ++at_;
    if (!epoch_and_release()) return std::nullopt;
    pre();
    post();
    dev();
    if (!local() || at_ != text_.size()) return std::nullopt;
    return std::move(version_);
  }

 private:
  char at(std::size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  std::string_view digits() {
    const std::size_t from = at_;
    while (is_digit(at(0))) ++at_;
    return text_.substr(from, at_ - from);
  }

  bool epoch_and_release() {
    std::string_view number = digits();
    if (number.empty()) return false;
    if (at(0) == '!') {
      version_.epoch_ = strip_zeros(number);
      ++at_;
      number = digits();
      if (number.empty()) return false;
    }
    version_.release_.push_back(strip_zeros(number));
    while (at(0) == '.' && is_digit(at(1))) {
      ++at_;
      version_.release_.push_back(strip_zeros(digits()));
    }
    return true;
  }

  static bool is_separator(char c) { return c == '.' || c == '-' || c == '_'; }

  // [-_.]? label [-_.]? digits?  -- the label that matched, or -1 with nothing taken. Longer labels stand before their beginnings.
  template <std::size_t N>
  int labelled(const std::array<std::string_view, N>& labels, std::string& number) {
    const std::size_t skip = is_separator(at(0)) ? 1 : 0;
    const std::string_view rest = text_.substr(std::min(at_ + skip, text_.size()));
    for (std::size_t i = 0; i < N; ++i) {
      if (rest.size() < labels[i].size() || !iequals(rest.substr(0, labels[i].size()), labels[i])) continue;
      at_ += skip + labels[i].size();
      // A separator that ends up before another part is optional there, so taking it here never loses a match.
      if (is_separator(at(0))) ++at_;
      number = strip_zeros(digits());
      return static_cast<int>(i);
    }
    return -1;
  }

  void pre() {
    static constexpr std::array<std::string_view, 8> kLabels = {"alpha", "beta", "preview", "pre", "rc", "a", "b", "c"};
    static constexpr std::string_view kLetters = "abrrrabr";
    std::string number;
    const int label = labelled(kLabels, number);
    if (label >= 0) version_.pre_ = Version::Pre{kLetters[static_cast<std::size_t>(label)], number};
  }

  void post() {
    if (at(0) == '-' && is_digit(at(1))) {
      ++at_;
      version_.post_ = strip_zeros(digits());
      return;
    }
    static constexpr std::array<std::string_view, 3> kLabels = {"post", "rev", "r"};
    std::string number;
    if (labelled(kLabels, number) >= 0) version_.post_ = number;
  }

  void dev() {
    static constexpr std::array<std::string_view, 1> kLabels = {"dev"};
    std::string number;
    if (labelled(kLabels, number) >= 0) version_.dev_ = number;
  }

  bool local() {
    if (at(0) != '+') return true;
    do {
      ++at_;
      const std::size_t from = at_;
      while (is_digit(at(0)) || (ascii_lower(at(0)) >= 'a' && ascii_lower(at(0)) <= 'z')) ++at_;
      const std::string_view part = text_.substr(from, at_ - from);
      if (part.empty()) return false;
      version_.local_.push_back(is_number(part) ? strip_zeros(part) : to_lower(part));
    } while (is_separator(at(0)));
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Version version_;
};

std::optional<Version> Version::parse(std::string_view text) { return VersionParser(text).run(); }

std::string Version::public_text() const {
  std::string out;
  if (epoch_ != "0") out = epoch_ + "!";
  out += join(release_, ".");
  if (pre_) {
    out += pre_->letter == 'r' ? "rc" : std::string(1, pre_->letter);
    out += pre_->number;
  }
  if (post_) out += ".post" + *post_;
  if (dev_) out += ".dev" + *dev_;
  return out;
}

std::string Version::text() const { return local_.empty() ? public_text() : public_text() + "+" + join(local_, "."); }

Version Version::without_local() const {
  Version out = *this;
  out.local_.clear();
  return out;
}

Version Version::base() const {
  Version out;
  out.epoch_ = epoch_;
  out.release_ = release_;
  return out;
}

std::strong_ordering Version::operator<=>(const Version& other) const {
  // Ranks where a part is absent: a lone dev release sorts before every pre-release, a final release after all of them.
  const auto pre_rank = [](const Version& v) { return v.pre_ ? v.pre_->letter - 'a' + 1 : (!v.post_ && v.dev_ ? 0 : 100); };
  if (const auto order = compare_digits(epoch_, other.epoch_); order != 0) return order;
  if (const auto order = compare_release(release_, other.release_); order != 0) return order;
  if (const auto order = pre_rank(*this) <=> pre_rank(other); order != 0) return order;
  if (pre_) {
    if (const auto order = compare_digits(pre_->number, other.pre_->number); order != 0) return order;
  }
  if (post_.has_value() != other.post_.has_value()) return post_ ? std::strong_ordering::greater : std::strong_ordering::less;
  if (post_) {
    if (const auto order = compare_digits(*post_, *other.post_); order != 0) return order;
  }
  if (dev_.has_value() != other.dev_.has_value()) return dev_ ? std::strong_ordering::less : std::strong_ordering::greater;
  if (dev_) {
    if (const auto order = compare_digits(*dev_, *other.dev_); order != 0) return order;
  }
  return compare_local(local_, other.local_);
}

std::strong_ordering compare_digits(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() <=> b.size();
  return compare_text(a, b);
}

void sort_versions(std::vector<std::string>& versions) {
  std::vector<std::pair<std::optional<Version>, std::string>> keyed;
  keyed.reserve(versions.size());
  for (auto& text : versions) {
    auto version = Version::parse(text);
    keyed.emplace_back(std::move(version), std::move(text));
  }
  std::sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) {
    if (a.first.has_value() != b.first.has_value()) return !a.first.has_value();
    const auto order = a.first ? *a.first <=> *b.first : std::strong_ordering::equal;
    return order == 0 ? a.second < b.second : order < 0;
  });
  versions.clear();
  for (auto& [version, text] : keyed) {
    if (versions.empty() || versions.back() != text) versions.push_back(std::move(text));
  }
}

}  // namespace bodega::pypi
