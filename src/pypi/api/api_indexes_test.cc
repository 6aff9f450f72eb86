// Expected answers are those a real devpi-server 6.20 gave, but for the deviations that docs/protocols/devpi.md lists.
#include "pypi/api/api_fixture_for_test.h"

namespace bodega::pypi {
namespace {

constexpr std::string_view kPermissionDenied =
    R"(403 {"message": "Access was denied to this resource.\n\n\nUnauthorized: PyPIView failed permission check\n\n", "code": "403 Forbidden", "title": "Forbidden"})";

std::string index_config(const std::string& options) { return R"(200 {"result":{)" + options + R"(},"type":"indexconfig"})"; }

const std::string kDev = R"("volatile":true,"acl_toxresult_upload":[":ANONYMOUS:"],"mirror_whitelist":[],"acl_upload":["alice"],)"
                         R"("mirror_whitelist_inheritance":"intersection","bases":[],"type":"stage")";

class ApiIndexesTest : public ApiTest {
 protected:
  std::string alice_ = make_alice();
  Call by_alice(std::string method, std::string path, std::string body = {}) { return {method, path, body, "alice", alice_}; }
  void make_dev() { ASSERT_EQ(call(by_alice("PUT", "/alice/dev", "{}")).status, 200); }
};

TEST_F(ApiIndexesTest, Creating) {
  EXPECT_EQ(line({.method = "PUT", .path = "/alice/dev", .body = "{}"}), R"(403 {"message":"no permission to create index alice/dev"})");
  EXPECT_EQ(text(by_alice("PUT", "/alice/dev", "{}")),
            "200 {\n  \"result\": {\n    \"volatile\": true,\n    \"acl_toxresult_upload\": [\n      \":ANONYMOUS:\"\n    ],\n"
            "    \"mirror_whitelist\": [],\n    \"acl_upload\": [\n      \"alice\"\n    ],\n"
            "    \"mirror_whitelist_inheritance\": \"intersection\",\n    \"bases\": [],\n    \"type\": \"stage\"\n  },\n"
            "  \"type\": \"indexconfig\"\n}");
  EXPECT_EQ(line(by_alice("PUT", "/alice/dev", "{}")), R"(409 {"message":"index 'alice/dev' exists"})");
  EXPECT_EQ(line(by_alice("PUT", "/alice/prod/", R"({"volatile": "False", "bases": "alice/dev,root/pypi"})")).substr(0, 34),
            R"(200 {"result":{"volatile":false,"a)");
  EXPECT_EQ(text(by_alice("PUT", "/alice/x+4", "{}")),
            R"(404 {"message": "The resource could not be found.\n\n\n/alice/x+4\n\n", "code": "404 Not Found", "title": "Not Found"})");
  EXPECT_EQ(line(by_alice("PUT", "/alice/x%404$", "{}")),
            R"(400 {"message":"indexname 'x@4$' contains characters that aren't allowed. Any ascii symbol besides -.@_ is blocked."})");
  EXPECT_EQ(line(by_alice("PUT", "/zz/dev", "{}")), R"(404 {"message":"no user 'zz'"})");
  EXPECT_EQ(line(by_alice("PUT", "/root/dev", "{}")), R"(403 {"message":"no permission to create index root/dev"})");
  EXPECT_EQ(line(by_alice("PUT", "/alice/bad", "{")), R"(400 {"message":"Bad request: could not decode json"})");
  EXPECT_EQ(line(by_alice("PUT", "/alice/x1", R"({"bases": ["nope/x", "a/b/c"]})")),
            R"(400 {"message":"base index 'nope/x' does not exist, invalid base index spec: 'a/b/c'"})");
  EXPECT_EQ(line(by_alice("PUT", "/alice/x3", R"({"foo": "bar", "baz": 1})")),
            R"(400 {"message":"indexconfig got unexpected keyword arguments: foo=bar, baz=1"})");
  EXPECT_EQ(
      line(by_alice("PUT", "/alice/mir",
                    R"({"type": "mirror", "mirror_url": "http://localhost:4999/simple/", "mirror_cache_expiry": "60", "title": "M"})")),
      index_config(R"("volatile":true,"mirror_url":"http://localhost:4999/simple/","title":"M","mirror_cache_expiry":60,"type":"mirror")"));
}

TEST_F(ApiIndexesTest, Reading) {
  make_dev();
  EXPECT_EQ(line({.path = "/alice/dev"}), index_config(kDev + R"(,"projects":[])"));
  EXPECT_EQ(line({.path = "/alice/dev/"}), index_config(kDev + R"(,"projects":[])"));
  EXPECT_EQ(line({.path = "/alice/dev?no_projects="}), index_config(kDev));
  EXPECT_EQ(line({.path = "/alice/dev?a=b&no_projects"}), index_config(kDev));
  EXPECT_EQ(line({.path = "/alice/dev", .accept = "*/*"}), index_config(kDev + R"(,"projects":[])"));
  EXPECT_EQ(line({.path = "/alice/dev", .accept = ""}), index_config(kDev + R"(,"projects":[])"));
  EXPECT_EQ(text({.path = "/alice/nope"}), "404 {\n  \"message\": \"The stage alice/nope could not be found.\"\n}");
  EXPECT_EQ(call({.path = "/alice/nope", .accept = "text/html"}).headers.get("Content-Type"), "text/html; charset=UTF-8");
  EXPECT_EQ(call({.method = "HEAD", .path = "/alice/dev"}).status, 200);
  EXPECT_EQ(call({.method = "OPTIONS", .path = "/alice/dev"}).status, 404);
}

TEST_F(ApiIndexesTest, ListsItsProjectsSorted) {
  make_dev();
  ASSERT_TRUE(catalog_->write_now([](catalog::Transaction& t) -> Result<void> {
    for (const std::string name : {"zebra", "apple"}) BODEGA_TRY_VOID(t.put_release({"alice/dev", name, "1.0", "{}"}, name));
    return {};
  }));
  ASSERT_TRUE(catalog_->write_cache_now([](catalog::CacheTransaction& t) -> Result<void> {
    catalog::DocumentRow row;
    row.index = "root/pypi";
    row.name = "flask";
    row.body = "x";
    return t.put_document(row);
  }));
  EXPECT_NE(line({.path = "/alice/dev"}).find(R"("projects":["apple","zebra"])"), std::string::npos);
  EXPECT_NE(line({.path = "/root/pypi"}).find(R"("projects":["flask"])"), std::string::npos);
}

TEST_F(ApiIndexesTest, Modifying) {
  make_dev();
  call({.method = "PUT", .path = "/bob", .body = R"({"password":"b"})"});
  EXPECT_EQ(text({.method = "PATCH", .path = "/alice/dev", .body = R"({"title": "x"})"}), kPermissionDenied);
  EXPECT_EQ(text({"PATCH", "/alice/dev", R"({"title": "x"})", "bob", "b"}), kPermissionDenied);
  EXPECT_EQ(text(by_alice("PATCH", "/alice/nope", "{}")), kPermissionDenied);
  EXPECT_EQ(line(by_alice("PATCH", "/alice/dev", R"({"title": "x", "volatile": true})")), index_config(kDev + R"(,"title":"x")"));
  EXPECT_EQ(line(by_alice("PATCH", "/alice/dev", R"(["title=y", "acl_upload+=bob", "bases=root/pypi"])")),
            index_config(R"("volatile":true,"acl_toxresult_upload":[":ANONYMOUS:"],"mirror_whitelist":[],"acl_upload":["alice","bob"],)"
                         R"("mirror_whitelist_inheritance":"intersection","bases":["root/pypi"],"type":"stage","title":"y")"));
  EXPECT_EQ(line(by_alice("PATCH", "/alice/dev", R"(["acl_upload-=bob", "title-=", "bases="])")), index_config(kDev));
  EXPECT_EQ(line(by_alice("PATCH", "/alice/dev", R"(["acl_upload-=bob"])")),
            R"(400 {"message":"The 'acl_upload' setting doesn't have value 'bob'"})");
  EXPECT_EQ(line(by_alice("PATCH", "/alice/dev", R"(["foo+=bar"])")),
            R"(400 {"message":"indexconfig got unexpected keyword arguments: foo=bar"})");
  EXPECT_EQ(line(by_alice("PATCH", "/alice/dev", R"({"type": "mirror"})")), R"(400 {"message":"the 'type' of an index can't be changed"})");
  EXPECT_EQ(line(by_alice("PATCH", "/alice/dev?error_on_noop", "[]")),
            R"(400 {"message":"The requested modifications resulted in no changes"})");
  const auto serial = catalog_->last_serial();
  EXPECT_EQ(line(by_alice("PATCH", "/alice/dev", R"({"projects": ["a"], "volatile": "yes"})")), index_config(kDev));
  EXPECT_EQ(catalog_->last_serial(), serial);  // nothing changed, nothing written
}

TEST_F(ApiIndexesTest, ConcurrentChangesAllCount) {
  make_dev();
  std::vector<std::unique_ptr<http::Request>> requests;
  std::vector<std::unique_ptr<TextBody>> bodies;
  std::vector<std::unique_ptr<bodega::testing::Running<http::Response>>> running;
  for (int i = 0; i < 20; ++i) {
    auto request = std::make_unique<http::Request>();
    request->method = http::Method::patch;
    request->segments = {"alice", "dev"};
    request->headers.add("X-Devpi-Auth", base64_encode("alice:" + alice_));
    bodies.push_back(std::make_unique<TextBody>(R"(["acl_upload+=u)" + std::to_string(i) + "\"]"));
    request->body = bodies.back().get();
    running.push_back(
        std::make_unique<bodega::testing::Running<http::Response>>(loop_, api_->handle(*request, find_route(request->segments))));
    requests.push_back(std::move(request));
  }
  for (auto& one : running) EXPECT_EQ(one->get().status, 200);
  EXPECT_EQ(registry_->find_index("alice/dev")->acl_upload.size(), 21U);
}

TEST_F(ApiIndexesTest, Deleting) {
  make_dev();
  call(by_alice("PUT", "/alice/prod", R"({"volatile": false, "bases": "alice/dev"})"));
  EXPECT_EQ(line(by_alice("DELETE", "/alice/prod")), R"(403 {"message":"index alice/prod non-volatile, cannot delete"})");
  EXPECT_EQ(text(by_alice("DELETE", "/alice/nope")), kPermissionDenied);
  EXPECT_EQ(text({.method = "DELETE", .path = "/alice/dev"}), kPermissionDenied);
  EXPECT_EQ(text(by_alice("DELETE", "/alice/dev")), "201 {\n  \"message\": \"index alice/dev deleted\"\n}");
  EXPECT_EQ(call({.path = "/alice/dev"}).status, 404);
  EXPECT_EQ(line({.path = "/alice"}).find("\"dev\":"), std::string::npos);
  EXPECT_EQ(call({.path = "/alice/prod"}).status, 200);  // with a base that is gone
}

TEST_F(ApiIndexesTest, MirrorCredentialsAreForManagers) {
  call(by_alice("PUT", "/alice/mir", R"({"type": "mirror", "mirror_url": "https://u:hidden@example.com/simple/"})"));
  for (const std::string path : {"/", "/alice", "/alice/mir"}) {
    EXPECT_EQ(text({.path = path}).find("hidden"), std::string::npos) << path;
    EXPECT_NE(text({"GET", path, "", "root", "secret"}).find("hidden"), std::string::npos) << path;
  }
  EXPECT_NE(text(by_alice("GET", "/alice/mir")).find("u:hidden@"), std::string::npos);
  // A script that reads anonymously and writes back changes nothing.
  const auto seen = Json::parse(std::get<std::string>(call({.path = "/alice/mir"}).body)).value();
  EXPECT_EQ(call(by_alice("PATCH", "/alice/mir", seen.compact())).status, 200);
  EXPECT_EQ(registry_->find_index("alice/mir")->mirror_url->password.reveal(), "hidden");
}

TEST_F(ApiIndexesTest, AnUnreadableIndexDoesNotExist) {
  make_dev();
  // As imported from a devpi with a plugin: the option itself cannot be set by a client.
  ASSERT_TRUE(bodega::testing::run(loop_, registry_->change_index("alice/dev", [](const IndexConfig& now) -> Result<Json> {
    Json options = now.options;
    options.set("acl_pkg_read", Json(std::vector<std::string>{"bob"}));
    return options;
  })));
  call({.method = "PUT", .path = "/bob", .body = R"({"password":"b"})"});
  for (const std::string path : {"/alice/dev", "/alice/dev/+api"}) {
    EXPECT_EQ(line({.path = path}), R"(404 {"message":"The stage alice/dev could not be found."})");
    EXPECT_EQ(call({"GET", path, "", "bob", "b"}).status, 200);
    EXPECT_EQ(call({"GET", path, "", "root", "secret"}).status, 200);
    EXPECT_EQ(call(by_alice("GET", path)).status, 200);
  }
  EXPECT_EQ(line({.path = "/"}).find("dev"), std::string::npos);
  // Not even by "exists already".
  EXPECT_EQ(line({.method = "PUT", .path = "/alice/dev", .body = "{}"}), R"(403 {"message":"no permission to create index alice/dev"})");
}

}  // namespace
}  // namespace bodega::pypi
