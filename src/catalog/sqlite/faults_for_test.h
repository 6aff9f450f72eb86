// Makes SQLite's calls to the operating system fail on demand, for this process and for files whose name ends in `suffix`.
#pragma once

#include <string>

namespace bodega::catalog::sqlite {

// While it lives, writes (pwrite) and syncs (fsync, fdatasync) of such files fail with these errnos; 0 = they work. One at a time.
class Faults {
 public:
  explicit Faults(std::string suffix);
  ~Faults();
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;

  void fail_writes(int errnum);
  void fail_syncs(int errnum);
  int failed() const;  // calls made to fail so far
  int synced() const;  // syncs that worked
};

}  // namespace bodega::catalog::sqlite
