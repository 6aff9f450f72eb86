#include "pypi/format/specifier.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace bodega::pypi {
namespace {

constexpr std::string_view kSpaces = " \t\n\r\f\v";

std::string_view strip(std::string_view text) {
  const auto first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

// Epoch and the first `count` release numbers agree; missing numbers are zero.
bool same_beginning(const Version& version, const Version& prefix, std::size_t count) {
  if (version.epoch() != prefix.epoch()) return false;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view number = i < version.release().size() ? std::string_view(version.release()[i]) : "0";
    if (number != prefix.release()[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<SpecifierSet> SpecifierSet::parse(std::string_view text) {
  SpecifierSet set;
  for (const auto part : split(text, ',')) {
    const auto stripped = strip(part);
    if (stripped.empty()) continue;
    auto clause = parse_clause(stripped);
    if (!clause) return std::nullopt;
    const bool inclusive = clause->op != Operator::not_equal && clause->op != Operator::less && clause->op != Operator::greater;
    if (inclusive && clause->version && clause->version->is_prerelease()) set.names_prerelease_ = true;
    set.clauses_.push_back(std::move(*clause));
  }
  return set;
}

std::optional<SpecifierSet::Clause> SpecifierSet::parse_clause(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, Operator>, 8> kOperators = {{{"===", Operator::identical},
                                                                                       {"~=", Operator::compatible},
                                                                                       {"==", Operator::equal},
                                                                                       {"!=", Operator::not_equal},
                                                                                       {"<=", Operator::less_equal},
                                                                                       {">=", Operator::greater_equal},
                                                                                       {"<", Operator::less},
                                                                                       {">", Operator::greater}}};
  const auto* found = std::find_if(kOperators.begin(), kOperators.end(), [&](const auto& entry) { return text.starts_with(entry.first); });
  if (found == kOperators.end()) return std::nullopt;
  std::string_view rest = strip(text.substr(found->first.size()));
  Clause clause{found->second, false, std::nullopt, std::string(rest)};
  if (clause.op == Operator::identical) {
    if (rest.find_first_of(" \t\n\r\f\v;)") != std::string_view::npos) return std::nullopt;
    clause.version = Version::parse(rest);
    return clause;
  }
  const bool equality = clause.op == Operator::equal || clause.op == Operator::not_equal;
  if (equality && rest.ends_with(".*")) {
    clause.wildcard = true;
    rest.remove_suffix(2);
  }
  clause.version = Version::parse(rest);
  if (!clause.version) return std::nullopt;
  const Version& version = *clause.version;
  if (version.has_local() && (!equality || clause.wildcard)) return std::nullopt;
  if (clause.wildcard && (version.is_prerelease() || version.is_postrelease())) return std::nullopt;
  if (clause.op == Operator::compatible && version.release().size() < 2) return std::nullopt;
  return clause;
}

bool SpecifierSet::matches(const Clause& clause, const Version& version) {
  if (clause.op == Operator::identical) return iequals(version.text(), clause.text);
  const Version& wanted = *clause.version;
  const auto equal = [&] {
    if (clause.wildcard) return same_beginning(version, wanted, wanted.release().size());
    return wanted.has_local() ? version == wanted : version.without_local() == wanted;
  };
  const auto same_base = [&] { return version.base() == wanted.base(); };
  switch (clause.op) {
    case Operator::equal: return equal();
    case Operator::not_equal: return !equal();
    case Operator::less_equal: return version.without_local() <= wanted;
    case Operator::greater_equal: return version.without_local() >= wanted;
    case Operator::compatible: return version.without_local() >= wanted && same_beginning(version, wanted, wanted.release().size() - 1);
    case Operator::less: return version < wanted && !(version.is_prerelease() && !wanted.is_prerelease() && same_base());
    case Operator::greater:
      return version > wanted && !(version.is_postrelease() && !wanted.is_postrelease() && same_base()) &&
             !(version.has_local() && same_base());
    case Operator::identical: break;
  }
  return false;
}

bool SpecifierSet::contains(const Version& version, Prereleases prereleases) const {
  if (version.is_prerelease() && prereleases == Prereleases::when_named && !names_prerelease_) return false;
  return std::all_of(clauses_.begin(), clauses_.end(), [&](const Clause& clause) { return matches(clause, version); });
}

}  // namespace bodega::pypi
