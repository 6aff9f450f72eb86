// What a release says of itself, as its page shows it: from the stored metadata of a hosted release, or from the METADATA of a mirrored
// file. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pypi/format/json_value.h"

namespace bodega::web {

struct Dependency {
  std::string name;  // normalised; empty when the text is none that we understand
  std::string text;  // behind the name; the whole text when that is empty
};
struct DependencyGroup {
  std::string extra;  // empty: always needed
  std::vector<Dependency> needs;
};

struct About {
  std::string summary;
  std::string description;
  std::string description_type;
  std::string licence;  // an expression, else the first line of what was written, else what the classifiers say
  std::string requires_python;
  std::string author;
  std::string maintainer;
  std::vector<std::string> keywords;
  std::vector<std::string> classifiers;
  std::vector<std::pair<std::string, std::string>> links;  // label, URL
  std::vector<DependencyGroup> dependencies;
};

// devpi's metadata object of a release.
About about_of(const pypi::Json& metadata);
About about_of_metadata(std::string_view bytes);

}  // namespace bodega::web
