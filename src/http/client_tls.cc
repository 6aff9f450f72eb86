#include "http/client_tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace bodega::http {

void ExtraCertificates::Free::operator()(X509* certificate) const { X509_free(certificate); }

Result<ExtraCertificates> ExtraCertificates::load(const std::string& path) {
  ExtraCertificates all;
  if (path.empty()) return all;
  struct CloseBio {
    void operator()(BIO* bio) const { BIO_free(bio); }
  };
  const std::unique_ptr<BIO, CloseBio> file(BIO_new_file(path.c_str(), "r"));
  if (file == nullptr) {
    ERR_clear_error();
    return fail(Code::invalid, "the file of extra CA certificates cannot be read", path);
  }
  while (X509* certificate = PEM_read_bio_X509_AUX(file.get(), nullptr, nullptr, nullptr)) all.certificates_.emplace_back(certificate);
  const auto error = ERR_peek_last_error();
  ERR_clear_error();
  if (all.certificates_.empty() || ERR_GET_REASON(error) != PEM_R_NO_START_LINE) {
    return fail(Code::invalid, "the file of extra CA certificates is not a list of PEM certificates", path);
  }
  return all;
}

bool ExtraCertificates::add_to(SSL_CTX* context) const {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const auto& certificate : certificates_) {
    if (X509_STORE_add_cert(store, certificate.get()) != 1) return false;
  }
  return true;
}

}  // namespace bodega::http
