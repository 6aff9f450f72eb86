// The JSON form, by a tokenizer that takes any split of the bytes: {"meta": {...}, "projects": [{"name": "..."}, ...]}.
#include <algorithm>

#include "base/text.h"
#include "pypi/format/names.h"
#include "pypi/format/page_fields.h"
#include "pypi/format/project_list_reader.h"

namespace bodega::pypi {
namespace {

// Only keys and values that matter are kept, and none of those is longer.
constexpr std::size_t kMaxText = 512;
constexpr unsigned kMaxDepth = 64;
constexpr std::size_t kMaxLiteral = 32;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// RFC 8259: true, false, null or a number.
bool is_literal(std::string_view text) {
  if (text == "true" || text == "false" || text == "null") return true;
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const std::size_t from = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - from;
  };
  const bool zero = at < text.size() && text[at] == '0';
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

class JsonListReader final : public ProjectListScanner::Reader {
 public:
  Result<void> feed(std::string_view bytes, const ProjectListScanner::OnName& on_name) override {
    on_name_ = &on_name;
    for (std::size_t at = 0; at < bytes.size() && state_ != State::broken;) at += step(bytes.substr(at));
    on_name_ = nullptr;
    if (state_ == State::broken) return fail(Code::invalid, message_);
    return {};
  }

  Result<void> finish() override {
    if (state_ == State::broken) return fail(Code::invalid, message_);
    if (state_ != State::done) return fail(Code::invalid, "the upstream's list of projects ends early");
    if (!has_projects_) return fail(Code::invalid, "the upstream's answer is not a list of projects");
    return {};
  }

 private:
  enum class State { bom, value, first_value, first_key, key, colon, after_value, string, escape, unicode, literal, done, broken };
  enum class Role { other, projects, project, meta };  // what the object or array at a depth is
  enum class Key { other, projects, meta, name, serial, version };

  // Takes at least one byte, more where a run of them is alike.
  std::size_t step(std::string_view bytes) {
    switch (state_) {
      case State::string: return in_string(bytes);
      case State::literal: return in_literal(bytes);
      case State::escape: return escape(bytes[0]);
      case State::unicode: return unicode(bytes[0]);
      default: break;
    }
    const char c = bytes[0];
    if (is_space(c) && state_ != State::bom) return 1;
    switch (state_) {
      case State::bom: return bom(c);
      case State::value:
      case State::first_value: return value(c);
      case State::first_key:
      case State::key: return key(c);
      case State::colon:
        if (c != ':') return broken();
        state_ = State::value;
        return 1;
      case State::after_value: return after_value(c);
      default: return broken();
    }
  }

  std::size_t broken(const char* message = "the upstream's list of projects is not valid JSON") {
    state_ = State::broken;
    message_ = message;
    return 1;
  }

  // The three bytes of a byte order mark, or none.
  std::size_t bom(char c) {
    constexpr std::string_view kMark = "\xEF\xBB\xBF";
    if (bom_ == 0 && c != kMark[0]) {
      state_ = State::value;
      return 0;
    }
    if (c != kMark[bom_]) return broken();
    if (++bom_ == kMark.size()) state_ = State::value;
    return 1;
  }

  std::size_t value(char c) {
    if (c == ']' && state_ == State::first_value) return close(c);
    if (c == '{' || c == '[') return open(c == '[');
    if (depth_ == 0) return broken();  // the root must be an object
    if (c == '"') return begin_string(State::after_value);
    if (c != '-' && !is_digit(c) && c != 't' && c != 'f' && c != 'n') return broken();
    text_.clear();
    state_ = State::literal;
    return 0;
  }

  std::size_t key(char c) {
    if (c == '}' && state_ == State::first_key) return close(c);
    return c == '"' ? begin_string(State::colon) : broken();
  }

  std::size_t after_value(char c) {
    if (c == '}' || c == ']') return close(c);
    if (c != ',') return broken();
    state_ = is_array() ? State::value : State::key;
    return 1;
  }

  std::size_t open(bool array) {
    if (depth_ == 0 && array) return broken();
    if (depth_ == kMaxDepth) return broken("the upstream's list of projects is nested too deep");
    const Role parent = depth_ == 0 ? Role::other : role_;
    Role role = Role::other;
    if (depth_ == 1 && array && key_ == Key::projects) role = Role::projects;
    if (depth_ == 1 && !array && key_ == Key::meta) role = Role::meta;
    if (depth_ == 2 && !array && parent == Role::projects) role = Role::project;
    if (role == Role::projects) has_projects_ = true;
    arrays_ = (arrays_ << 1U) | (array ? 1U : 0U);
    ++depth_;
    if (depth_ <= 3) roles_[depth_ - 1] = role;
    set_role();
    state_ = array ? State::first_value : State::first_key;
    return 1;
  }

  std::size_t close(char c) {
    if (depth_ == 0 || is_array() != (c == ']')) return broken();
    arrays_ >>= 1U;
    --depth_;
    set_role();
    state_ = depth_ == 0 ? State::done : State::after_value;
    return 1;
  }

  bool is_array() const { return (arrays_ & 1U) != 0; }
  void set_role() { role_ = depth_ >= 1 && depth_ <= 3 ? roles_[depth_ - 1] : Role::other; }

  std::size_t begin_string(State after) {
    text_.clear();
    too_long_ = false;
    after_string_ = after;
    state_ = State::string;
    return 1;
  }

  void keep(std::string_view part) {
    too_long_ = too_long_ || text_.size() + part.size() > kMaxText;
    if (!too_long_) text_ += part;
  }

  std::size_t in_string(std::string_view bytes) {
    const auto special = [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; };
    const auto end = static_cast<std::size_t>(std::find_if(bytes.begin(), bytes.end(), special) - bytes.begin());
    keep(bytes.substr(0, end));
    if (end == bytes.size()) return end;
    if (bytes[end] == '\\') {
      state_ = State::escape;
    } else if (bytes[end] == '"') {
      state_ = after_string_;
      end_string();
    } else {
      return broken();
    }
    return end + 1;
  }

  std::size_t escape(char c) {
    constexpr std::string_view kEscapes = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (c == 'u') {
      unicode_ = 0;
      unicode_digits_ = 0;
      state_ = State::unicode;
      return 1;
    }
    const auto at = kEscapes.find(c);
    if (at == std::string_view::npos) return broken();
    keep(kMeanings.substr(at, 1));
    state_ = State::string;
    return 1;
  }

  std::size_t unicode(char c) {
    const char lower = ascii_lower(c);
    if (!is_digit(c) && (lower < 'a' || lower > 'f')) return broken();
    unicode_ = unicode_ * 16 + static_cast<unsigned>(is_digit(c) ? c - '0' : lower - 'a' + 10);
    if (++unicode_digits_ == 4) {
      // No name has a character above ASCII: a placeholder that makes it no name is enough.
      const char ascii = unicode_ < 0x80 ? static_cast<char>(unicode_) : '?';
      keep({&ascii, 1});
      state_ = State::string;
    }
    return 1;
  }

  void end_string() {
    if (after_string_ == State::colon) {
      key_ = key_of(too_long_ ? std::string_view{} : std::string_view(text_));
      return;
    }
    if (too_long_) return;
    if (role_ == Role::project && depth_ == 3 && key_ == Key::name && is_valid_name(text_)) {
      ++names;
      (*on_name_)(text_);
    }
    if (role_ == Role::meta && depth_ == 2 && key_ == Key::version && !is_api_version_1(text_)) {
      broken("the upstream's list is of an api-version Bodega does not know");
    }
  }

  Key key_of(std::string_view text) const {
    if (depth_ == 1 && text == "projects") return Key::projects;
    if (depth_ == 1 && text == "meta") return Key::meta;
    if (depth_ == 3 && text == "name") return Key::name;
    if (depth_ == 2 && text == "_last-serial") return Key::serial;
    if (depth_ == 2 && text == "api-version") return Key::version;
    return Key::other;
  }

  std::size_t in_literal(std::string_view bytes) {
    const auto ends = [](char c) { return is_space(c) || c == ',' || c == '}' || c == ']'; };
    const auto end = static_cast<std::size_t>(std::find_if(bytes.begin(), bytes.end(), ends) - bytes.begin());
    if (text_.size() + end > kMaxLiteral) return broken();
    text_ += bytes.substr(0, end);
    if (end == bytes.size()) return end;
    if (!is_literal(text_)) return broken();
    if (role_ == Role::meta && depth_ == 2 && key_ == Key::serial) last_serial = parse_u64(text_).value_or(0);
    state_ = State::after_value;
    return end;
  }

  const ProjectListScanner::OnName* on_name_ = nullptr;
  State state_ = State::bom;
  State after_string_ = State::colon;
  Role role_ = Role::other;  // of the innermost object or array
  Role roles_[3] = {};
  Key key_ = Key::other;  // the last key; only asked right after it
  unsigned depth_ = 0;
  std::uint64_t arrays_ = 0;  // one bit a level, innermost lowest: is it an array?
  std::size_t bom_ = 0;
  std::string text_;
  bool too_long_ = false;
  unsigned unicode_ = 0;
  unsigned unicode_digits_ = 0;
  bool has_projects_ = false;
  const char* message_ = "";
};

}  // namespace

std::unique_ptr<ProjectListScanner::Reader> make_json_list_reader() { return std::make_unique<JsonListReader>(); }

}  // namespace bodega::pypi
