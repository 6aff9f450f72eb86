#include "web/error_page.h"

#include <gtest/gtest.h>

#include "http/error_response.h"
#include "pypi/api/api_answer.h"

namespace bodega::web {
namespace {

http::Request request_of(const std::string& accept) {
  http::Request request;
  request.path = "/some/where";
  request.segments = {"some", "where"};
  request.headers.add("Accept", accept);
  return request;
}

// Every form an error has, and what must be read out of it.
TEST(ErrorPage, ReadsWhatAnErrorSaysFromEveryForm) {
  const std::string message = "it's <b>\"wrong\" & so on";
  const Error error{Code::conflict, message, {}, {}};
  for (const auto* accept : {"text/html", "application/json", "*/*", "application/problem+json", "text/plain"}) {
    EXPECT_EQ(message_of(http::error_response(error, request_of(accept))), message) << accept;
    EXPECT_EQ(message_of(pypi::api_abort(request_of(accept), 409, message)), message) << accept;
  }
  EXPECT_EQ(message_of(pypi::api_message(409, message)), message);
}

TEST(ErrorPage, LeavesOutWhatTheStatusSays) {
  for (const auto* accept : {"text/html", "application/json"}) {
    EXPECT_EQ(message_of(pypi::no_such_view(request_of(accept))), "") << accept;
  }
}

TEST(ErrorPage, EscapesTheMessage) {
  auto request = request_of("text/html");
  const Site site{"1", "/+static-1/"};
  const PageRequest asked{request, {}, site, {}, {}, {}};
  const auto response = error_page(asked, 404, "no user <script>alert(1)</script>");
  const auto& body = std::get<std::string>(response.body);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(body.find("<script>alert"), std::string::npos);
  EXPECT_NE(body.find("&lt;script&gt;"), std::string::npos);
  EXPECT_NE(body.find("/+manage/login?back=/some/where"), std::string::npos);
  EXPECT_FALSE(response.headers.has("ETag"));
}

}  // namespace
}  // namespace bodega::web
