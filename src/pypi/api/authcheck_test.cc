#include "pypi/api/authcheck.h"

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

TEST(Authcheck, KnowsWhereAProxyWasAsked) {
  struct Row {
    const char* uri;
    const char* base;
    Place place;
    const char* key;
  };
  for (const auto& row : {
           Row{"/alice/dev/+simple/six/", "", Place::simple_project, "alice/dev"},
           Row{"/alice/dev/+simple/six/?x=/+f/", "", Place::simple_project, "alice/dev"},
           Row{"http://devpi.test:3141/alice/dev/+f/994/3ede2ae659545/a-1.0.tar.gz", "", Place::file, "alice/dev"},
           Row{"https://devpi.test/sub/alice/dev", "/sub", Place::index, "alice/dev"},
           Row{"/alice/dev", "/sub", Place::index, "alice/dev"},
           Row{"/subway/dev", "/sub", Place::index, "subway/dev"},
           Row{"/sub", "/sub", Place::root, "/"},
           Row{"http://devpi.test", "", Place::root, "/"},
           Row{"", "", Place::root, "/"},
           Row{"/alice/+api", "", Place::api, "alice/"},
           Row{"/+login", "", Place::login, "/"},
           Row{"/+login/", "", Place::unknown, "/"},
           Row{"/+nonexistent/x/y/z/w", "", Place::unknown, "/"},
           Row{"/alice/dev/+simple/../../root/pypi/+simple/", "", Place::unknown, "/"},
           Row{"/alice/dev/%2Bf/994/3ede2ae659545/a-1.0.tar.gz", "", Place::file, "alice/dev"},
           Row{"/alice/dev/+f/%00", "", Place::unknown, "/"},
           Row{"no path at all", "", Place::unknown, "/"},
       }) {
    const auto route = original_route(row.uri, row.base);
    EXPECT_EQ(route.place, row.place) << row.uri;
    EXPECT_EQ(route.place == Place::unknown ? "/" : route.key(), row.key) << row.uri;
  }
}

TEST(Authcheck, AsksInstallersForCredentialsAndTellsDevpiNo) {
  const http::Headers pip{{"User-Agent", "pip/24.0"}};
  const http::Headers devpi{{"User-Agent", "devpi-client/7.3.0 (py3.11.2; linux)"}};
  for (const auto entry : {Entry::open, Entry::granted, Entry::absent}) EXPECT_EQ(authcheck_status(entry, pip), 200);
  for (const auto entry : {Entry::hidden, Entry::limited}) EXPECT_EQ(authcheck_status(entry, pip), 403);
  for (const auto entry : {Entry::login_needed, Entry::wrong_login}) {
    EXPECT_EQ(authcheck_status(entry, pip), 401);
    EXPECT_EQ(authcheck_status(entry, devpi), 403);
  }
}

}  // namespace
}  // namespace bodega::pypi
