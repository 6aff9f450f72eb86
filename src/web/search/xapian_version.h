// Which Xapian this is, as it runs.
#pragma once

#include <string>

namespace bodega::web {

std::string xapian_version();  // "1.4.22"

}  // namespace bodega::web
