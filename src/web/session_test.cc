#include "web/session.h"

#include <gtest/gtest.h>

namespace bodega::web {
namespace {

const Secret kKey("a key");
const std::string kToken = "ws1.616c696365.1.ab.cd";

http::Request request_with(const std::string& cookies, const std::string& scheme = "http") {
  http::Request request;
  request.scheme = scheme;
  if (!cookies.empty()) request.headers.add("Cookie", cookies);
  return request;
}

TEST(Session, FindsItsCookieAmongOthers) {
  EXPECT_EQ(session_text_of(request_with("a=b; bodega-session=" + kToken + "; c=d")), kToken);
  EXPECT_EQ(session_text_of(request_with("")), "");
  EXPECT_EQ(session_text_of(request_with("xbodega-session=" + kToken)), "");
  EXPECT_EQ(session_text_of(request_with("bodega-session=")), "");
}

TEST(Session, BehindHttpsOnlyThePrefixedCookieCounts) {
  EXPECT_EQ(session_text_of(request_with("bodega-session=" + kToken, "https")), "");
  EXPECT_EQ(session_text_of(request_with("__Host-bodega-session=" + kToken, "https")), kToken);
  const auto cookie = session_cookie(request_with("", "https"), kToken);
  EXPECT_TRUE(cookie.starts_with("__Host-bodega-session=" + kToken + "; Path=/; "));
  EXPECT_NE(cookie.find("; Secure"), std::string::npos);
  EXPECT_NE(cookie.find("; HttpOnly"), std::string::npos);
  EXPECT_NE(cookie.find("; SameSite=Lax"), std::string::npos);
  EXPECT_EQ(session_cookie(request_with(""), kToken).find("Secure"), std::string::npos);
}

TEST(Session, TheFormsWordIsOfThisSessionAndThisServer) {
  const auto word = csrf_of(kKey, kToken);
  EXPECT_EQ(word, csrf_of(kKey, kToken));
  EXPECT_NE(word, csrf_of(Secret("another"), kToken));
  EXPECT_NE(word, csrf_of(kKey, "ws1.626f62.1.ab.cd"));
  EXPECT_EQ(kToken.find(word), std::string::npos);
}

TEST(Session, ANoticeComesBackAsItWas) {
  const std::string text = "deleted; \"x\", \xc3\xa4\r\nSet-Cookie: a=b";
  const auto cookie = notice_cookie(request_with(""), text);
  EXPECT_EQ(cookie.find('\n'), std::string::npos);
  EXPECT_EQ(notice_of(request_with(cookie.substr(0, cookie.find(';')))), text);
  EXPECT_EQ(notice_of(request_with("bodega-notice=zz")), "");
}

}  // namespace
}  // namespace bodega::web
