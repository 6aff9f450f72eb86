#include "pypi/upload/upload_answers.h"

#include <utility>

#include "http/error_response.h"

namespace bodega::pypi {

using http::Request;
using http::Response;

namespace {

Error sentence(Code code, std::string message) { return {code, std::move(message), {}, std::nullopt}; }

}  // namespace

Response upload_done() {
  Response response;
  response.headers.add("Content-Type", "text/html; charset=UTF-8");
  response.body = std::string();
  return response;
}

Response identical_upload(const Request& request) {
  return http::error_response(200, sentence(Code::conflict, "Upload of identical file to non volatile index."), request);
}

Response already_exists(const std::string& filename, const Request& request) {
  const std::string phrase = filename + " already exists in non-volatile index";
  // "File already exists" is what twine and others look for; the phrase alone is devpi's.
  auto response = http::error_response(
      409, sentence(Code::conflict, "File already exists: " + phrase + ", with other content. Upload a new version instead."), request);
  response.reason = phrase;
  return response;
}

Response login_needed(std::string why, const Request& request) {
  auto response = http::error_response(sentence(Code::unauthorized, std::move(why)), request);
  // Scripts look for the standard's word, people for the reason.
  response.reason = "Unauthorized: " + response.reason;
  response.headers.set("WWW-Authenticate", "Basic realm=\"pypi\"");
  return response;
}

Response too_many_attempts(std::chrono::seconds wait, const Request& request) {
  return http::error_response(429, {Code::busy, "too many failed logins; try again later", {}, wait}, request);
}

}  // namespace bodega::pypi
