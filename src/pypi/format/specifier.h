// PEP 440 version specifiers: ">=3.8, !=3.9.0, <4". For checking Requires-Python and for rules over versions; not a resolver.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pypi/format/version.h"

namespace bodega::pypi {

class SpecifierSet {
 public:
  // Clauses joined by commas, empty clauses ignored, "" is the set that takes everything. nullopt when one clause is broken.
  static std::optional<SpecifierSet> parse(std::string_view text);

  enum class Prereleases {
    when_named,  // a pre-release is taken only if some clause names one
    take,
  };
  bool contains(const Version& version, Prereleases prereleases = Prereleases::when_named) const;
  bool empty() const { return clauses_.empty(); }

 private:
  enum class Operator { compatible, equal, not_equal, less_equal, greater_equal, less, greater, identical };
  struct Clause {
    Operator op;
    bool wildcard;                   // "==1.2.*": compare the release's beginning
    std::optional<Version> version;  // always set but for `identical`
    std::string text;                // `identical` compares text
  };
  static std::optional<Clause> parse_clause(std::string_view text);
  static bool matches(const Clause& clause, const Version& version);

  std::vector<Clause> clauses_;
  bool names_prerelease_ = false;
};

}  // namespace bodega::pypi
