// Content codings of pages. Blocks for as long as the input deserves: call it in the pool.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "pypi/index/negotiate.h"

namespace bodega::pypi {

// gzip at level 6, zstd at level 9 for pages up to 1 MiB and 3 above: made once, sent many times, but the first asker waits for it.
std::string compress(std::string_view bytes, ContentEncoding encoding);

// The same for what does not fit into memory: bytes go in piece by piece, and so they come out.
class StreamCompressor {
 public:
  virtual ~StreamCompressor() = default;
  virtual void feed(std::string_view bytes, std::string& out) = 0;  // appends to `out`
  virtual void finish(std::string& out) = 0;
};
// gzip at level 5, zstd at level 3: tens of megabytes are read by few and must not keep a processor for long. Not identity.
std::unique_ptr<StreamCompressor> make_stream_compressor(ContentEncoding encoding);

}  // namespace bodega::pypi
