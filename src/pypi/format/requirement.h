// Dependency specifiers: "requests[socks] >=2.8, <3 ; python_version < '3.12'" (PEP 508 and the packaging guide's specification of it).
// For knowing what a release needs on an installer's machine; not a resolver.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pypi/format/environment.h"
#include "pypi/format/specifier.h"

namespace bodega::pypi {

struct Requirement {
  std::string name;                 // normalised
  std::vector<std::string> extras;  // normalised
  SpecifierSet specifier;           // takes everything when `url` is set
  std::string url;                  // of a direct reference; else empty
  std::string marker;               // as written, trimmed; empty = always
};

// nullopt when the text is none.
std::optional<Requirement> parse_requirement(std::string_view text);

// Whether a marker holds in an environment, for a release that was asked for with these extras (normalised). An empty marker holds; nullopt
// when it is broken. A variable the environment does not know compares as the empty text.
std::optional<bool> marker_holds(std::string_view marker, const Environment& environment, const std::vector<std::string>& extras);

}  // namespace bodega::pypi
