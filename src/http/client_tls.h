// Certificates trusted beside the system's store.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <openssl/types.h>

#include "base/result.h"

namespace bodega::http {

class ExtraCertificates {
 public:
  // All certificates of a PEM file; none for an empty path. invalid when the file cannot be read or holds none.
  static Result<ExtraCertificates> load(const std::string& path);

  // Adds them to the context's store. Again and again into a shared store is harmless: OpenSSL keeps one of each.
  bool add_to(SSL_CTX* context) const;
  bool empty() const { return certificates_.empty(); }

 private:
  struct Free {
    void operator()(X509* certificate) const;
  };
  std::vector<std::unique_ptr<X509, Free>> certificates_;
};

}  // namespace bodega::http
