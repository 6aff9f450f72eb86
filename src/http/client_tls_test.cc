// Certificates: who is believed, and what is said when not.
#include "http/client_tls.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "http/client_test_server.h"

namespace bodega::http {
namespace {

using Connection = RawServer::Connection;

// A certificate that signs itself, for the names given ("DNS:localhost,IP:127.0.0.1"), made anew by each test.
struct SelfSigned {
  explicit SelfSigned(const std::string& names, long valid_for_seconds = 3600) : key(EVP_EC_gen("P-256")), certificate(X509_new()) {
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
    X509_gmtime_adj(X509_getm_notAfter(certificate), valid_for_seconds);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    EXPECT_GT(X509_sign(certificate, key, EVP_sha256()), 0);
  }
  ~SelfSigned() {
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  SelfSigned(const SelfSigned&) = delete;
  SelfSigned& operator=(const SelfSigned&) = delete;
  std::string pem() const {
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(memory, certificate);
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(memory);
    return text;
  }
  EVP_PKEY* key;
  X509* certificate;
};

enum class Goodbye { proper, abrupt };

// Answers one request on each connection, over TLS; `abrupt` closes without TLS's own end.
class TlsServer {
 public:
  TlsServer(const SelfSigned& identity, std::string answer, Goodbye goodbye = Goodbye::proper, int highest = TLS1_3_VERSION)
      : context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate(context_, identity.certificate);
    SSL_CTX_use_PrivateKey(context_, identity.key);
    SSL_CTX_set_security_level(context_, 0);
    SSL_CTX_set_max_proto_version(context_, highest);
    server_ = std::make_unique<RawServer>([this, answer, goodbye](Connection& c) {
      sigset_t pipe;  // OpenSSL's writes raise it when the client has gone
      sigemptyset(&pipe);
      sigaddset(&pipe, SIGPIPE);
      pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
      SSL* tls = SSL_new(context_);
      SSL_set_fd(tls, c.fd());
      char buffer[4096];
      if (SSL_accept(tls) == 1 && SSL_read(tls, buffer, sizeof buffer) > 0) {
        ++asked;
        SSL_write(tls, answer.data(), static_cast<int>(answer.size()));
        if (goodbye == Goodbye::proper) SSL_shutdown(tls);
      }
      SSL_free(tls);
    });
  }
  ~TlsServer() {
    server_.reset();
    SSL_CTX_free(context_);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  std::string url(const std::string& host) const { return "https://" + host + ":" + std::to_string(server_->port()) + "/"; }
  std::atomic<int> asked{0};

 private:
  SSL_CTX* context_;
  std::unique_ptr<RawServer> server_;
};

class ClientTls : public ClientTest {
 protected:
  ~ClientTls() override { std::filesystem::remove(path); }
  void trust(const std::string& pem) {
    std::ofstream(path) << pem;
    CurlOptions options;
    options.extra_ca_file = path;
    make_client(std::move(options));
  }
  std::string path = ::testing::TempDir() + "bodega-ca-" + std::to_string(getpid()) + ".pem";
};

TEST_F(ClientTls, AnUnknownCertificateIsRefusedByName) {
  const SelfSigned identity("DNS:localhost");
  TlsServer server(identity, with_length("secret"));
  const auto got = fetch(server.url("localhost"));
  EXPECT_EQ(kind_of(got), FetchFailure::tls);
  EXPECT_EQ(got.error->code, Code::upstream_failed);
  EXPECT_NE(got.error->message.find("the certificate of localhost:"), std::string::npos) << got.error->message;
  EXPECT_NE(got.error->message.find("self-signed"), std::string::npos) << got.error->message;
  EXPECT_EQ(server.asked, 0);
}

TEST_F(ClientTls, TheExtraFileIsTrusted) {
  const SelfSigned other("DNS:elsewhere");
  const SelfSigned identity("DNS:localhost,IP:127.0.0.1");
  TlsServer server(identity, with_length("ours"));
  trust(other.pem() + "# ours\n" + identity.pem());
  for (int i = 0; i < 3; ++i) {
    const auto got = fetch(server.url("localhost"));
    ASSERT_FALSE(got.error) << got.error->describe();
    EXPECT_EQ(got.body, "ours");
  }
  EXPECT_EQ(fetch(server.url("127.0.0.1")).body, "ours");
}

TEST_F(ClientTls, AnotherNameIsRefused) {
  const SelfSigned identity("DNS:elsewhere.example");
  TlsServer server(identity, with_length("x"));
  trust(identity.pem());
  const auto got = fetch(server.url("localhost"));
  EXPECT_EQ(kind_of(got), FetchFailure::tls);
  EXPECT_EQ(server.asked, 0);
}

TEST_F(ClientTls, AnExpiredCertificateIsRefused) {
  const SelfSigned identity("DNS:localhost", -3600);
  TlsServer server(identity, with_length("x"));
  trust(identity.pem());
  const auto got = fetch(server.url("localhost"));
  EXPECT_EQ(kind_of(got), FetchFailure::tls);
  EXPECT_NE(got.error->message.find("expired"), std::string::npos) << got.error->message;
}

TEST_F(ClientTls, OldTlsIsRefused) {
  const SelfSigned identity("DNS:localhost");
  TlsServer server(identity, with_length("x"), Goodbye::proper, TLS1_1_VERSION);
  trust(identity.pem());
  EXPECT_EQ(kind_of(fetch(server.url("localhost"))), FetchFailure::connect);
}

// libcurl takes a TLS connection that just breaks off for the end of a body without a length: end_is_marked is all that tells.
TEST_F(ClientTls, AnUnmarkedEndSaysSoOverTlsToo) {
  const SelfSigned identity("DNS:localhost");
  TlsServer whole(identity, "HTTP/1.1 200 OK\r\n\r\nall of it");
  TlsServer cut(identity, "HTTP/1.1 200 OK\r\n\r\nhalf of", Goodbye::abrupt);
  TlsServer marked(identity, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of", Goodbye::abrupt);
  trust(identity.pem());
  EXPECT_FALSE(fetch(whole.url("localhost")).end_is_marked);
  EXPECT_FALSE(fetch(cut.url("localhost")).end_is_marked);
  EXPECT_EQ(kind_of(fetch(marked.url("localhost"))), FetchFailure::cut);
}

TEST_F(ClientTls, ARedirectFromHttpsToHttpIsRefused) {
  RawServer plain(with_length("eavesdropped"));
  const SelfSigned identity("DNS:localhost");
  TlsServer server(identity, with_length("", "Location: " + plain.url() + "\r\n", "302 Found"));
  trust(identity.pem());
  EXPECT_EQ(kind_of(fetch(server.url("localhost"))), FetchFailure::policy);
  EXPECT_EQ(plain.connections, 0);
}

TEST_F(ClientTls, PlainHttpOnATlsPortIsNoConnection) {
  RawServer plain([](Connection& c) {
    c.read_some();
    c.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  const auto got = fetch("https://127.0.0.1:" + std::to_string(plain.port()) + "/");
  EXPECT_EQ(kind_of(got), FetchFailure::connect);
}

TEST_F(ClientTls, ABrokenExtraFileIsSaidAtTheStart) {
  const SelfSigned identity("DNS:localhost");
  const auto starts = [this](const std::string& file) {
    CurlOptions options;
    options.extra_ca_file = file;
    return make_curl_client(std::move(options), home, log);
  };
  EXPECT_EQ(starts("/no/such/file").error().code, Code::invalid);
  for (const std::string& text : {std::string(), std::string("not a certificate"), identity.pem() + identity.pem().substr(0, 100),
                                  identity.pem() + "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"}) {
    std::ofstream(path) << text;
    EXPECT_EQ(starts(path).error().code, Code::invalid) << text;
  }
  std::ofstream(path) << identity.pem();
  EXPECT_TRUE(starts(path));
}

}  // namespace
}  // namespace bodega::http
