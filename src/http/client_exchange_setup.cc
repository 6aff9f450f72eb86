// How an exchange is set up in libcurl: every option and callback in one place.
#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>

#include "base/check.h"
#include "base/text.h"
#include "http/client_address.h"
#include "http/client_exchange.h"

namespace bodega::http {
namespace {

// One recv(2). Measured on loopback: 64 KiB is slower by a tenth, more brings nothing.
constexpr long kReceiveBytes = 256 * 1024;
// One pread(2) and send(2) of a file that goes out: few enough that other transfers of the thread do not wait for a slow disk.
constexpr long kSendBytes = 128 * 1024;

template <class T>
void set(CURL* easy, CURLoption option, T value) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  BODEGA_CHECK(code == CURLE_OK, curl_easy_strerror(code));
}

long to_ms(Duration duration) { return static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(duration).count()); }

// Ours to set, whatever the request carries.
bool is_reserved(std::string_view name) {
  for (const std::string_view own : {"Host", "User-Agent", "Accept-Encoding", "Content-Length", "Transfer-Encoding", "Connection"}) {
    if (iequals(name, own)) return true;
  }
  return false;
}

}  // namespace

Exchange::Exchange(std::shared_ptr<Inbox> inbox, ExchangeRequest request, const ExchangeSettings& settings, MonoTime now)
    : inbox_(std::move(inbox)), request_(std::move(request)), settings_(settings), easy_(curl_easy_init()) {
  BODEGA_CHECK(easy_ != nullptr, "libcurl has memory for a handle");
  restart_window(now);
  configure();
  configure_request();
  configure_connection();
}

Exchange::~Exchange() = default;

void Exchange::configure() {
  CURL* easy = easy_.get();
  set(easy, CURLOPT_PRIVATE, this);
  set(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_NOPROGRESS, 1L);
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);  // client_redirect.h decides
  set(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
  set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(easy, CURLOPT_BUFFERSIZE, kReceiveBytes);
  set(easy, CURLOPT_HEADERFUNCTION, &Exchange::header_callback);
  set(easy, CURLOPT_HEADERDATA, this);
  set(easy, CURLOPT_WRITEFUNCTION, &Exchange::write_callback);
  set(easy, CURLOPT_WRITEDATA, this);
  set(easy, CURLOPT_OPENSOCKETFUNCTION, &Exchange::open_socket_callback);
  set(easy, CURLOPT_OPENSOCKETDATA, this);
  set(easy, CURLOPT_PREREQFUNCTION, &Exchange::prerequest_callback);
  set(easy, CURLOPT_PREREQDATA, this);
}

void Exchange::configure_request() {
  CURL* easy = easy_.get();
  const auto& fetch = request_.fetch;
  const auto add = [this](const std::string& line) {
    curl_slist* list = curl_slist_append(headers_.get(), line.c_str());
    BODEGA_CHECK(list != nullptr, "libcurl has memory for a header");
    static_cast<void>(headers_.release());
    headers_.reset(list);
  };
  for (const auto& field : fetch.headers.all()) {
    if (!is_reserved(field.name)) add(field.value.empty() ? field.name + ";" : field.name + ": " + field.value);
  }
  add("Accept-Encoding: " + std::string(fetch.decode ? kAcceptEncoding : "identity"));
  set(easy, CURLOPT_URL, fetch.url.text().c_str());
  set(easy, CURLOPT_PATH_AS_IS, 1L);
  set(easy, CURLOPT_USERAGENT, settings_.user_agent.c_str());
  if (fetch.method == "HEAD") {
    set(easy, CURLOPT_NOBODY, 1L);
  } else if (fetch.method != "GET") {
    set(easy, CURLOPT_POST, 1L);
    configure_body();
    if (fetch.method != "POST") set(easy, CURLOPT_CUSTOMREQUEST, fetch.method.c_str());
    if (!fetch.headers.has("Expect")) add("Expect:");              // curl would wait a second for a 100 that many never send
    if (!fetch.headers.has("Content-Type")) add("Content-Type:");  // curl would call it a form
  }
  set(easy, CURLOPT_HTTPHEADER, headers_.get());
  if (fetch.credentials && fetch.credentials->origin == fetch.url.origin()) {
    set(easy, CURLOPT_USERNAME, fetch.credentials->user.c_str());
    set(easy, CURLOPT_PASSWORD, std::string(fetch.credentials->password.reveal()).c_str());
  }
}

void Exchange::configure_body() {
  CURL* easy = easy_.get();
  const auto& fetch = request_.fetch;
  if (!fetch.body_file) {
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(fetch.body.size()));
    set(easy, CURLOPT_POSTFIELDS, fetch.body.data());
    return;
  }
  send_bytes_ = fetch.body.size() + fetch.body_file->available() + fetch.body_end.size();
  set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(send_bytes_));
  set(easy, CURLOPT_UPLOAD_BUFFERSIZE, kSendBytes);
  set(easy, CURLOPT_READFUNCTION, &Exchange::read_callback);
  set(easy, CURLOPT_READDATA, this);
  set(easy, CURLOPT_SEEKFUNCTION, &Exchange::seek_callback);
  set(easy, CURLOPT_SEEKDATA, this);
}

void Exchange::configure_connection() {
  CURL* easy = easy_.get();
  const bool tls = request_.fetch.url.scheme == "https";
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, to_ms(request_.fetch.connect_timeout));
  set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(easy, CURLOPT_PIPEWAIT, tls ? 1L : 0L);        // one HTTP/2 connection instead of many that race to be the first
  set(easy, CURLOPT_PROXY, request_.proxy.c_str());  // "" is: none, whatever the environment says
  set(easy, CURLOPT_NOPROXY, "");
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  // With a CA directory libcurl parses the system's bundle for every connection (20 ms); without, once.
  const char* bundle = nullptr;
  curl_easy_getinfo(easy, CURLINFO_CAINFO, &bundle);
  if (bundle != nullptr) set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  if (!settings_.extra_certificates.empty()) {
    set(easy, CURLOPT_SSL_CTX_FUNCTION, &Exchange::tls_callback);
    set(easy, CURLOPT_SSL_CTX_DATA, this);
  }
}

std::size_t Exchange::header_callback(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<Exchange*>(self)->on_header({data, size * count}) ? size * count : CURL_WRITEFUNC_ERROR;
}

std::size_t Exchange::write_callback(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<Exchange*>(self)->on_body({data, size * count});
}

std::size_t Exchange::read_callback(char* into, std::size_t size, std::size_t count, void* self) {
  return static_cast<Exchange*>(self)->send_some(into, size * count);
}

// An idle connection that the other end had closed: curl sends everything again on a new one.
int Exchange::seek_callback(void* self, curl_off_t offset, int origin) {
  auto* exchange = static_cast<Exchange*>(self);
  if (origin != SEEK_SET || offset < 0 || static_cast<std::uint64_t>(offset) > exchange->send_bytes_) return CURL_SEEKFUNC_FAIL;
  exchange->sent_bytes_ = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

// The address itself is checked, not the name: a name may resolve to anything, and to something else the next time.
curl_socket_t Exchange::open_socket_callback(void* self, curlsocktype, curl_sockaddr* address) {
  auto* exchange = static_cast<Exchange*>(self);
  if (exchange->request_.reach != Reach::anywhere && exchange->request_.proxy.empty()) {
    std::array<char, NI_MAXHOST> text{};
    const int failed =
        getnameinfo(&address->addr, address->addrlen, text.data(), static_cast<socklen_t>(text.size()), nullptr, 0, NI_NUMERICHOST);
    const char* refusal = failed != 0 ? " has an address of an unknown kind" : refusal_of(exchange->request_.reach, text.data());
    if (refusal != nullptr) {
      exchange->give_up(FetchFailure::policy, refusal, text.data());
      return CURL_SOCKET_BAD;
    }
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// Runs before each request, also on a connection that another request opened and was allowed to.
int Exchange::prerequest_callback(void* self, char* peer, char*, int, int) {
  auto* exchange = static_cast<Exchange*>(self);
  if (exchange->request_.reach == Reach::anywhere || !exchange->request_.proxy.empty()) return CURL_PREREQFUNC_OK;
  const char* refusal = peer == nullptr ? " has no address" : refusal_of(exchange->request_.reach, peer);
  if (refusal == nullptr) {
    // One of several addresses of the name was refused, another answered.
    exchange->failure_.reset();
    return CURL_PREREQFUNC_OK;
  }
  exchange->give_up(FetchFailure::policy, refusal, peer == nullptr ? "" : peer);
  return CURL_PREREQFUNC_ABORT;
}

CURLcode Exchange::tls_callback(CURL*, void* context, void* self) {
  const auto* exchange = static_cast<Exchange*>(self);
  return exchange->settings_.extra_certificates.add_to(static_cast<SSL_CTX*>(context)) ? CURLE_OK : CURLE_ABORTED_BY_CALLBACK;
}

}  // namespace bodega::http
