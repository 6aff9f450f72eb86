#pragma once

#include <string>

namespace bodega::store {

// Of a temp file: 32 hex digits that no other one has.
std::string random_name();

}  // namespace bodega::store
