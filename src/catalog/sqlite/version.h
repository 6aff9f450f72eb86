// Which SQLite this is, as it runs: distributions mend it under the same program.
#pragma once

#include <string>

namespace bodega::catalog::sqlite {

std::string library_version();  // "3.40.1"

}  // namespace bodega::catalog::sqlite
