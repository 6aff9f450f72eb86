// Bytes nobody can guess, from the kernel.
#pragma once

#include <cstddef>
#include <string>

namespace bodega::access {

std::string random_bytes(std::size_t count);

}  // namespace bodega::access
