// Content codings of pages. Blocks for as long as the input deserves: call it in the pool.
#pragma once

#include <string>
#include <string_view>

#include "pypi/negotiate.h"

namespace bodega::pypi {

// gzip at level 6, zstd at level 9 for pages up to 1 MiB and 3 above: made once, sent many times, but the first asker waits for it.
std::string compress(std::string_view bytes, ContentEncoding encoding);

}  // namespace bodega::pypi
