// The machine that tests of resolvers' questions stand on.
#pragma once

#include "pypi/format/environment.h"

namespace bodega::pypi {

inline Environment linux_311() {
  Environment out;
  out.python_version = "3.11";
  out.python_full_version = "3.11.2";
  out.implementation = "CPython";
  out.platform_system = "Linux";
  out.platform_machine = "x86_64";
  out.libc = "glibc";
  out.libc_version = "2.36";
  return out;
}

}  // namespace bodega::pypi
