#include "store/temp_name.h"

#include <sys/random.h>

#include "base/check.h"
#include "base/text.h"

namespace bodega::store {

std::string random_name() {
  std::string bytes(16, '\0');
  BODEGA_CHECK(::getentropy(bytes.data(), bytes.size()) == 0, "the kernel gives no random bytes");
  return to_hex(bytes);
}

}  // namespace bodega::store
