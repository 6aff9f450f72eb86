#include "http/cross_site.h"

#include <gtest/gtest.h>

namespace bodega::http {
namespace {

TEST(CrossSite, ProgramsArePagesOfNobody) {
  EXPECT_FALSE(from_another_site({{"User-Agent", "pip/24.0"}}, "pkg.example.com"));
  EXPECT_FALSE(from_another_site({}, ""));
}

TEST(CrossSite, SecFetchSiteDecidesAlone) {
  for (const char* site : {"same-origin", "none", "Same-Origin"}) {
    EXPECT_FALSE(from_another_site({{"Sec-Fetch-Site", site}, {"Origin", "https://evil.test"}}, "pkg.example.com")) << site;
  }
  for (const char* site : {"cross-site", "same-site", "", "anything"}) {
    EXPECT_TRUE(from_another_site({{"Sec-Fetch-Site", site}, {"Origin", "https://pkg.example.com"}}, "pkg.example.com")) << site;
  }
}

TEST(CrossSite, OriginMustBeTheHostThatWasAsked) {
  struct Row {
    const char* origin;
    const char* host;
    bool another;
  };
  for (const auto& row : {
           Row{"http://127.0.0.1:3141", "127.0.0.1:3141", false},
           Row{"http://[::1]:3141", "[::1]:3141", false},
           Row{"https://pkg.example.com", "pkg.example.com", false},
           Row{"https://PKG.example.com", "pkg.EXAMPLE.com:443", false},
           Row{"http://pkg.example.com:80", "pkg.example.com", false},
           Row{"http://pkg.example.com:8080", "pkg.example.com", true},
           Row{"http://127.0.0.1:8000", "127.0.0.1:3141", true},
           Row{"http://127.0.0.1:3141.evil.test", "127.0.0.1:3141", true},
           Row{"http://127.0.0.1:3141@evil.test", "127.0.0.1:3141", true},
           Row{"http://127.0.0.1:3141/x", "127.0.0.1:3141", false},
           Row{"https://evil.test", "pkg.example.com", true},
           Row{"https://pkg.example.com.evil.test", "pkg.example.com", true},
           Row{"null", "pkg.example.com", true},
           Row{"", "pkg.example.com", true},
           Row{"chrome-extension://abcdef", "pkg.example.com", true},
           Row{"https://pkg.example.com", "", true},
       }) {
    EXPECT_EQ(from_another_site({{"Origin", row.origin}}, row.host), row.another) << row.origin << " " << row.host;
  }
}

TEST(CrossSite, LookingIsSafe) {
  for (const auto method : {Method::get, Method::head, Method::options}) EXPECT_TRUE(is_safe(method));
  for (const auto method : {Method::post, Method::put, Method::patch, Method::del, Method::push, Method::other})
    EXPECT_FALSE(is_safe(method));
}

}  // namespace
}  // namespace bodega::http
