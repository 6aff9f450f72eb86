// Why a fetch failed, in the words a client may see, and the kind a caller decides by (retry, breaker, metrics).
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/url.h"

namespace bodega::http {

enum class FetchFailure {
  resolve,    // the name has no address, or the resolver failed
  connect,    // refused, unreachable, TLS handshake broken off
  timeout,    // connect, head, stall or total
  tls,        // a certificate that is not valid, or no way to check it
  cut,        // the connection ended too early: no answer, or a body shorter than announced
  protocol,   // not HTTP, broken framing or encoding, too many headers
  policy,     // we refused: redirects, private addresses
  too_large,  // over max_bytes, or a decompression bomb
  cancelled,  // the client is stopping
  other,
};
inline constexpr std::array kFetchFailures{FetchFailure::resolve,   FetchFailure::connect,  FetchFailure::timeout, FetchFailure::tls,
                                           FetchFailure::cut,       FetchFailure::protocol, FetchFailure::policy,  FetchFailure::too_large,
                                           FetchFailure::cancelled, FetchFailure::other};
std::string_view to_string(FetchFailure kind);

// "pypi.org", "127.0.0.1:8080": how messages name an upstream. Never paths or user information.
std::string upstream_name(const Url& url);

// `message` is for clients; `detail` for the log. The kind travels as the first word of Error::context ("tls: ..."), because Error is the
// same for everybody; failure_of() reads it back, also after further context frames.
Error fetch_error(FetchFailure kind, std::string message, std::string_view detail);
FetchFailure failure_of(const Error& error);

// Message and kind for a CURLcode. `curl_text` is curl's error buffer; it reaches the client only for certificate errors.
struct CurlFailure {
  int code = 0;
  long os_errno = 0;
  std::string curl_text;
};
Error curl_error(const CurlFailure& failure, const Url& url);

}  // namespace bodega::http
