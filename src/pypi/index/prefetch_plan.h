// What an installer will ask for next. Pure.
#pragma once

#include <string>
#include <vector>

#include "pypi/format/environment.h"
#include "pypi/format/metadata.h"
#include "pypi/format/page.h"
#include "pypi/format/requirement.h"

namespace bodega::pypi {

// The wheel whose metadata a resolver reads first: the best fitting one of the newest version that `wanted` and the interpreter take.
// nullptr: that version has no such wheel, or the page offers no metadata for it. Lives as long as the page.
const PageFile* likely_wheel(const ProjectPage& page, const SpecifierSet& wanted, const Environment& environment);

// What a release needs there, when it was asked for with these extras. Broken lines are passed over, direct references too.
std::vector<Requirement> needs_of(const Metadata& metadata, const Environment& environment, const std::vector<std::string>& extras);

}  // namespace bodega::pypi
