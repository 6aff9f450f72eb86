#include "pypi/format/requirement.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "pypi/format/names.h"

namespace bodega::pypi {
namespace {

// Real markers nest twice; this only bounds our recursion.
constexpr int kMaxDepth = 32;

bool is_name_char(char c) {
  const char lower = ascii_lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

std::string_view take_name(std::string_view& rest) {
  std::size_t length = 0;
  while (length < rest.size() && is_name_char(rest[length])) ++length;
  const auto name = rest.substr(0, length);
  rest = trim(rest.substr(length));
  return name;
}

// One comparison, its operands resolved.
std::optional<bool> compare(std::string_view left, std::string_view op, std::string_view right) {
  if (op == "in") return right.find(left) != std::string_view::npos;
  if (op == "not in") return right.find(left) == std::string_view::npos;
  const auto version = Version::parse(left);
  const auto specifier = SpecifierSet::parse(std::string(op) + std::string(right));
  if (version && specifier) return specifier->contains(*version, SpecifierSet::Prereleases::take);
  if (op == "==" || op == "===") return left == right;
  if (op == "!=") return left != right;
  if (op == "<") return left < right;
  if (op == "<=") return left <= right;
  if (op == ">") return left > right;
  if (op == ">=") return left >= right;
  return std::nullopt;
}

class MarkerParser {
 public:
  MarkerParser(std::string_view text, const Environment& environment, const std::vector<std::string>& extras)
      : rest_(trim(text)), environment_(environment), extras_(extras) {}

  std::optional<bool> parse() {
    const auto value = either(0);
    if (!value || !rest_.empty()) return std::nullopt;
    return value;
  }

 private:
  struct Operand {
    std::string_view text;
    bool is_extra = false;
  };

  bool take_word(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    const auto after = rest_.substr(word.size());
    if (!after.empty() && is_name_char(after.front())) return false;
    rest_ = trim(after);
    return true;
  }

  std::optional<bool> either(int depth) {
    auto value = both(depth);
    while (value && take_word("or")) {
      const auto right = both(depth);
      if (!right) return std::nullopt;
      value = *value || *right;
    }
    return value;
  }

  std::optional<bool> both(int depth) {
    auto value = single(depth);
    while (value && take_word("and")) {
      const auto right = single(depth);
      if (!right) return std::nullopt;
      value = *value && *right;
    }
    return value;
  }

  std::optional<bool> single(int depth) {
    if (depth > kMaxDepth) return std::nullopt;
    if (rest_.starts_with('(')) {
      rest_ = trim(rest_.substr(1));
      const auto value = either(depth + 1);
      if (!value || !rest_.starts_with(')')) return std::nullopt;
      rest_ = trim(rest_.substr(1));
      return value;
    }
    const auto left = operand();
    const auto op = comparison();
    const auto right = left && !op.empty() ? operand() : std::nullopt;
    if (!right) return std::nullopt;
    if (left->is_extra) return is_asked(right->text, op);
    if (right->is_extra) return is_asked(left->text, op);
    return compare(left->text, op, right->text);
  }

  // `extra` stands for each extra that was asked for.
  std::optional<bool> is_asked(std::string_view extra, std::string_view op) const {
    const bool asked = std::find(extras_.begin(), extras_.end(), normalize_name(extra)) != extras_.end();
    if (op == "==" || op == "in") return asked;
    if (op == "!=" || op == "not in") return !asked;
    return std::nullopt;
  }

  std::string_view comparison() {
    static constexpr std::array<std::string_view, 8> kOperators{"===", "~=", "==", "!=", "<=", ">=", "<", ">"};
    for (const auto op : kOperators) {
      if (!rest_.starts_with(op)) continue;
      rest_ = trim(rest_.substr(op.size()));
      return op;
    }
    if (take_word("in")) return "in";
    if (take_word("not") && take_word("in")) return "not in";
    return {};
  }

  std::optional<Operand> operand() {
    if (rest_.starts_with('"') || rest_.starts_with('\'')) {
      const auto end = rest_.find(rest_.front(), 1);
      if (end == std::string_view::npos) return std::nullopt;
      const Operand out{rest_.substr(1, end - 1), false};
      rest_ = trim(rest_.substr(end + 1));
      return out;
    }
    return variable(take_name(rest_));
  }

  std::optional<Operand> variable(std::string_view name) const {
    if (name == "extra") return Operand{{}, true};
    if (name == "python_version") return Operand{environment_.python_version};
    if (name == "python_full_version" || name == "implementation_version") return Operand{environment_.python_full_version};
    if (name == "sys_platform" || name == "sys.platform") return Operand{environment_.sys_platform()};
    if (name == "os_name" || name == "os.name") return Operand{environment_.os_name()};
    if (name == "platform_system") return Operand{environment_.platform_system};
    if (name == "platform_machine" || name == "platform.machine") return Operand{environment_.platform_machine};
    if (name == "platform_python_implementation" || name == "platform.python_implementation" || name == "python_implementation") {
      return Operand{environment_.implementation};
    }
    if (name == "implementation_name")
      return Operand{environment_.implementation == "CPython" ? std::string_view("cpython")
                                                              : std::string_view(environment_.implementation)};
    if (name == "platform_release" || name == "platform_version" || name == "platform.version") return Operand{};
    return std::nullopt;
  }

  std::string_view rest_;
  const Environment& environment_;
  const std::vector<std::string>& extras_;
};

bool take_extras(std::string_view& rest, Requirement& out) {
  if (!rest.starts_with('[')) return true;
  const auto end = rest.find(']');
  if (end == std::string_view::npos) return false;
  for (const auto part : split(rest.substr(1, end - 1), ',')) {
    const auto extra = trim(part);
    if (!extra.empty()) out.extras.push_back(normalize_name(extra));
  }
  rest = trim(rest.substr(end + 1));
  return true;
}

bool take_versions(std::string_view versions, Requirement& out) {
  versions = trim(versions);
  if (versions.starts_with('(') && versions.ends_with(')')) versions = versions.substr(1, versions.size() - 2);
  auto specifier = SpecifierSet::parse(versions);
  if (!specifier) return false;
  out.specifier = std::move(*specifier);
  return true;
}

}  // namespace

std::optional<Requirement> parse_requirement(std::string_view text) {
  std::string_view rest = trim(text);
  Requirement out;
  const auto name = take_name(rest);
  if (!is_valid_name(name)) return std::nullopt;
  out.name = normalize_name(name);
  if (!take_extras(rest, out)) return std::nullopt;
  if (rest.starts_with('@')) {
    // A marker behind a URL needs white space in front of its semicolon, which may stand in URLs.
    rest = trim(rest.substr(1));
    const auto end = rest.find(" ;");
    out.url = trim(rest.substr(0, end));
    if (end != std::string_view::npos) out.marker = trim(rest.substr(end + 2));
    return out.url.empty() ? std::nullopt : std::optional(std::move(out));
  }
  const auto semicolon = rest.find(';');
  if (!take_versions(rest.substr(0, semicolon), out)) return std::nullopt;
  if (semicolon != std::string_view::npos) out.marker = trim(rest.substr(semicolon + 1));
  return out;
}

std::optional<bool> marker_holds(std::string_view marker, const Environment& environment, const std::vector<std::string>& extras) {
  if (trim(marker).empty()) return true;
  return MarkerParser(marker, environment, extras).parse();
}

}  // namespace bodega::pypi
