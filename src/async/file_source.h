// A file that is read by offset while it may still be growing: a finished blob, a live blob, a rendered page. What `http/` sends and what
// `store/` makes meet here, so that neither knows the other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "async/task.h"
#include "base/result.h"

namespace bodega {

class FileSource {
 public:
  virtual ~FileSource() = default;
  // Valid as long as this object; position-less use only (pread, sendfile with an offset).
  virtual int fd() const = 0;
  // The final length, when it is known.
  virtual std::optional<std::uint64_t> total() const = 0;
  // How many bytes from the start may be sent now. Never shrinks. Once equal to the final length the file is whole and verified.
  virtual std::uint64_t available() const = 0;
  // Resumes on the caller's loop when available() > offset or the file has ended; gives available(). A result equal to `offset` means the
  // file ended there, whole. An error means it will never be whole: the connection must break. Any loop.
  virtual Task<Result<std::uint64_t>> wait_beyond(std::uint64_t offset) const = 0;
  // Whether the bytes are still those that were verified. Costs at most one fstat. False: answer from elsewhere, never from this file.
  virtual bool intact() const { return true; }
  // Told by whoever could not read what available() promised. From then on a whole file is not intact: its bytes are read and verified
  // again before it is served. Any thread, any number of times.
  virtual void report_unreadable() const {}
};

// What is available now, all of it. Blocks.
Result<std::string> read_all(const FileSource& source);
// Up to `size` bytes from `offset`, fewer only at the end of what is available. Blocks.
Result<std::string> read_part(const FileSource& source, std::uint64_t offset, std::size_t size);

}  // namespace bodega
