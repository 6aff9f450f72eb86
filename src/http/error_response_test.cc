#include "http/error_response.h"

#include <gtest/gtest.h>

namespace bodega::http {
namespace {

Request from(const char* accept, const char* agent = "") {
  Request request;
  if (*accept != '\0') request.headers.add("Accept", accept);
  if (*agent != '\0') request.headers.add("User-Agent", agent);
  return request;
}

Response answer(Code code, const Request& request, std::string message = "the project <x> does not exist") {
  return error_response(Error{code, std::move(message), "internal/path", {}}, request);
}

std::string body(const Response& response) { return std::get<std::string>(response.body); }

TEST(ErrorResponse, EveryReaderGetsTheReason) {
  const auto pip =
      answer(Code::not_found, from("application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.1", "pip/23"));
  EXPECT_EQ(pip.status, 404);
  EXPECT_EQ(pip.reason, "the project <x> does not exist");
  EXPECT_EQ(pip.headers.get("Content-Type"), "application/problem+json");
  EXPECT_EQ(body(pip), R"({"title":"Not Found","status":404,"detail":"the project <x> does not exist"})");
  EXPECT_EQ(pip.headers.get("Cache-Control"), "no-store");
  EXPECT_EQ(pip.headers.get("Retry-After"), "");
  EXPECT_EQ(pip.log_detail, "the project <x> does not exist (internal/path)");

  const auto uv = answer(Code::forbidden, from("*/*", "uv/0.12.5"));
  EXPECT_EQ(uv.headers.get("Content-Type"), "application/problem+json");

  const auto devpi = answer(Code::conflict, from("application/json", "devpi-client/7"));
  EXPECT_EQ(devpi.status, 409);
  EXPECT_EQ(body(devpi), "{\n  \"message\": \"the project <x> does not exist\"\n}\n");

  const auto browser = answer(Code::not_found, from("text/html,*/*;q=0.8", "Mozilla/5.0"));
  EXPECT_EQ(browser.headers.get("Content-Type"), "text/html; charset=utf-8");
  EXPECT_NE(body(browser).find("&lt;x&gt;"), std::string::npos);
  EXPECT_EQ(body(browser).find("<x>"), std::string::npos);
  EXPECT_EQ(body(browser).find("internal"), std::string::npos);

  const auto curl = answer(Code::not_found, from("*/*", "curl/7.88"));
  EXPECT_EQ(body(curl), "the project <x> does not exist\n");
}

TEST(ErrorResponse, CodesHaveStatusesAndLaterOnesSayWhen) {
  const auto request = from("");
  EXPECT_EQ(answer(Code::invalid, request).status, 400);
  EXPECT_EQ(answer(Code::too_large, request).status, 413);
  EXPECT_EQ(answer(Code::no_space, request).status, 507);
  EXPECT_EQ(answer(Code::io, request).status, 500);
  EXPECT_EQ(answer(Code::gone, request).status, 410);
  EXPECT_EQ(answer(Code::unauthorized, request).headers.get("WWW-Authenticate"), "Basic realm=\"bodega\"");
  for (const auto code : {Code::upstream_failed, Code::upstream_busy, Code::upstream_timeout, Code::busy}) {
    EXPECT_EQ(answer(code, request).headers.get("Retry-After"), "5");
    EXPECT_NE(answer(code, request).status, 404);
  }
  const auto slow = error_response(Error{Code::busy, "x", "", std::chrono::seconds(30)}, request);
  EXPECT_EQ(slow.headers.get("Retry-After"), "30");
  EXPECT_EQ(error_response(421, Error{Code::invalid, "x", "", {}}, request).status, 421);
}

TEST(ErrorResponse, ReasonsFitATerminalLine) {
  const auto request = from("");
  EXPECT_EQ(answer(Code::invalid, request, "a\r\nb\x1b[2J").reason, "a b[2J");
  EXPECT_EQ(answer(Code::invalid, request, "caf\xc3\xa9").reason, "caf?");
  std::string text;
  for (int i = 0; i < 100; ++i) text += "word ";
  const auto cut = answer(Code::invalid, request, text).reason;
  EXPECT_LE(cut.size(), 200U);
  EXPECT_TRUE(cut.ends_with("word..."));
  EXPECT_LE(answer(Code::invalid, request, std::string(999, 'x')).reason.size(), 200U);
  EXPECT_EQ(answer(Code::invalid, request, "").reason, "Bad Request");
}

}  // namespace
}  // namespace bodega::http
