#include "http/client_error.h"

#include <curl/curl.h>

#include <cerrno>

#include "base/text.h"

namespace bodega::http {
namespace {

Code code_of(FetchFailure kind) {
  switch (kind) {
    case FetchFailure::timeout: return Code::upstream_timeout;
    case FetchFailure::cancelled: return Code::cancelled;
    case FetchFailure::resolve:
    case FetchFailure::connect:
    case FetchFailure::tls:
    case FetchFailure::cut:
    case FetchFailure::protocol:
    case FetchFailure::policy:
    case FetchFailure::too_large:  // whose fault it is, is not the client's
    case FetchFailure::other: return Code::upstream_failed;
  }
  return Code::upstream_failed;
}

// "SSL certificate problem: certificate has expired" -> "certificate has expired". Names host names at most, no paths and no secrets.
std::string certificate_reason(std::string_view text) {
  for (const std::string_view prefix : {"SSL certificate problem: ", "SSL: "}) {
    if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  }
  return text.empty() ? "it cannot be verified" : std::string(text);
}

struct Meaning {
  FetchFailure kind;
  std::string message;
};

Meaning connect_meaning(const CurlFailure& failure, const std::string& who) {
  switch (failure.os_errno) {
    case ECONNREFUSED: return {FetchFailure::connect, who + " refused the connection"};
    case ENETUNREACH:
    case EHOSTUNREACH: return {FetchFailure::connect, who + " cannot be reached from here: no route"};
    default: return {FetchFailure::connect, who + " could not be connected to"};
  }
}

Meaning meaning_of(const CurlFailure& failure, const std::string& host) {
  const std::string who = "the upstream " + host;
  switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_HOST: return {FetchFailure::resolve, who + " could not be resolved"};
    case CURLE_COULDNT_RESOLVE_PROXY: return {FetchFailure::resolve, "the proxy for " + host + " could not be resolved"};
    case CURLE_COULDNT_CONNECT: return connect_meaning(failure, who);
    case CURLE_PROXY: return {FetchFailure::connect, "the proxy for " + host + " failed"};
    case CURLE_OPERATION_TIMEDOUT: return {FetchFailure::timeout, who + " did not answer in time"};
    case CURLE_SSL_CONNECT_ERROR: return {FetchFailure::connect, "no TLS connection to " + host + " came about"};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return {FetchFailure::tls, "the certificate of " + host + " is not valid: " + certificate_reason(failure.curl_text)};
    case CURLE_SSL_CACERT_BADFILE: return {FetchFailure::tls, "the certificate of " + host + " cannot be checked: no CA certificates here"};
    case CURLE_GOT_NOTHING: return {FetchFailure::cut, who + " closed the connection without an answer"};
    case CURLE_PARTIAL_FILE: return {FetchFailure::cut, who + " cut its answer off"};
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      // Also what a refusing proxy looks like: curl then says "CONNECT tunnel failed, response 403".
      if (failure.curl_text.starts_with("CONNECT tunnel failed")) {
        return {FetchFailure::connect, "the proxy refuses to connect to " + host};
      }
      return {FetchFailure::cut, who + " broke the connection"};
    case CURLE_HTTP2_STREAM: return {FetchFailure::cut, who + " reset the stream"};
    case CURLE_HTTP2:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9: the answer does not begin like one
    case CURLE_BAD_CONTENT_ENCODING: return {FetchFailure::protocol, who + " answered in broken HTTP"};
    default: return {FetchFailure::other, who + " could not be asked"};
  }
}

}  // namespace

std::string_view to_string(FetchFailure kind) {
  switch (kind) {
    case FetchFailure::resolve: return "resolve";
    case FetchFailure::connect: return "connect";
    case FetchFailure::timeout: return "timeout";
    case FetchFailure::tls: return "tls";
    case FetchFailure::cut: return "cut";
    case FetchFailure::protocol: return "protocol";
    case FetchFailure::policy: return "policy";
    case FetchFailure::too_large: return "too_large";
    case FetchFailure::cancelled: return "cancelled";
    case FetchFailure::other: return "other";
  }
  return "other";
}

std::string upstream_name(const Url& url) {
  const std::string origin = url.origin();
  return origin.substr(origin.find("://") + 3);
}

Error fetch_error(FetchFailure kind, std::string message, std::string_view detail) {
  return Error{code_of(kind), std::move(message), std::string(to_string(kind)) + ": " + std::string(detail), std::nullopt};
}

FetchFailure failure_of(const Error& error) {
  const std::string_view word = std::string_view(error.context).substr(0, error.context.find(':'));
  for (const auto kind : kFetchFailures) {
    if (word == to_string(kind)) return kind;
  }
  for (const auto kind : {FetchFailure::timeout, FetchFailure::cancelled}) {
    if (error.code == code_of(kind)) return kind;
  }
  return FetchFailure::other;
}

Error curl_error(const CurlFailure& failure, const Url& url) {
  Meaning meaning = meaning_of(failure, upstream_name(url));
  std::string detail = "curl " + std::to_string(failure.code);
  if (!failure.curl_text.empty()) detail += " " + failure.curl_text;
  return fetch_error(meaning.kind, std::move(meaning.message), detail);
}

}  // namespace bodega::http
