#include "catalog/sqlite/version.h"

#include <sqlite3.h>

namespace bodega::catalog::sqlite {

std::string library_version() { return sqlite3_libversion(); }

}  // namespace bodega::catalog::sqlite
