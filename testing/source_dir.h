// Where the project lies, for tests that read its files. A function, so that compiled tests do not depend on the place.
#pragma once

#include <filesystem>

namespace bodega::testing {

std::filesystem::path source_dir();

}  // namespace bodega::testing
