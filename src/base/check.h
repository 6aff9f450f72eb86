// "Cannot happen" aborts in every build: a restart is fast and safe, going on with a broken invariant is neither.
#pragma once

#include <cstdio>
#include <cstdlib>

#define BODEGA_CHECK(condition, text)                                                            \
  do {                                                                                           \
    if (!(condition)) [[unlikely]] {                                                             \
      std::fprintf(stderr, "bodega: broken invariant at %s:%d: %s\n", __FILE__, __LINE__, text); \
      std::abort();                                                                              \
    }                                                                                            \
  } while (false)
