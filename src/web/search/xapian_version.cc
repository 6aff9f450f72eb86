#include "web/search/xapian_version.h"

#include <xapian.h>

namespace bodega::web {

std::string xapian_version() { return Xapian::version_string(); }

}  // namespace bodega::web
