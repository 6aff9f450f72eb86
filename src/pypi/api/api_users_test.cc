// Expected answers are those a real devpi-server 6.20 gave, byte by byte, but for the deviations that docs/protocols/devpi.md lists.
#include "pypi/api/api_fixture_for_test.h"

namespace bodega::pypi {
namespace {

constexpr std::string_view kPermissionDenied =
    R"(403 {"message": "Access was denied to this resource.\n\n\nUnauthorized: PyPIView failed permission check\n\n", "code": "403 Forbidden", "title": "Forbidden"})";

class ApiUsersTest : public ApiTest {
 protected:
  std::string alice_ = make_alice();
  Call by_alice(std::string method, std::string path, std::string body = {}) { return {method, path, body, "alice", alice_}; }
  Call by_root(std::string method, std::string path, std::string body = {}) { return {method, path, body, "root", "secret"}; }
};

TEST_F(ApiTest, EveryAnswerTellsVersionsAndTheSerial) {
  for (const std::string path : {"/", "/+api", "/nobody", "/root/nothing", "/+login", "/a+b", "/+status"}) {
    const auto response = call({.path = path});
    EXPECT_EQ(response.headers.get("X-Devpi-Api-Version"), "2") << path;
    EXPECT_EQ(response.headers.get("X-Devpi-Server-Version"), "6.20.3") << path;
    EXPECT_EQ(response.headers.get("X-Bodega-Version"), "0.1.0") << path;
    EXPECT_EQ(response.headers.get("X-Devpi-Uuid"), registry_->uuid()) << path;
    EXPECT_EQ(response.headers.get("X-Devpi-Master-Uuid"), registry_->uuid()) << path;
    EXPECT_EQ(response.headers.get("X-Devpi-Primary-Uuid"), registry_->uuid()) << path;
    EXPECT_EQ(response.headers.get("X-Devpi-Serial"), std::to_string(catalog_->last_serial())) << path;
  }
  EXPECT_EQ(registry_->uuid().size(), 32U);
  const auto before = catalog_->last_serial();
  const auto response = call({.method = "PUT", .path = "/alice", .body = R"({"password":""})"});
  EXPECT_EQ(response.headers.get("X-Devpi-Serial"), std::to_string(before + 1));
}

TEST_F(ApiTest, TheFirstStartHasRootAndItsMirror) {
  EXPECT_EQ(text({.path = "/root"}),
            "200 {\n  \"result\": {\n    \"created\": \"2026-11-21T02:57:48Z\",\n    \"indexes\": {\n      \"pypi\": {\n"
            "        \"type\": \"mirror\",\n        \"volatile\": false,\n        \"title\": \"PyPI\",\n"
            "        \"mirror_url\": \"https://pypi_host.example/simple/\",\n"
            "        \"mirror_web_url_fmt\": \"https://pypi_host.example/project/{name}/\"\n      }\n    },\n"
            "    \"username\": \"root\"\n  },\n  \"type\": \"userconfig\"\n}");
}

TEST_F(ApiTest, CreatingUsers) {
  EXPECT_EQ(text({.method = "PUT", .path = "/alice", .body = R"({"email": "a@x"})"}),
            "400 {\n  \"message\": \"password needs to be set\"\n}");
  EXPECT_EQ(text({.method = "PUT", .path = "/alice", .body = R"({"password": "123", "email": "alice@example.com"})"}),
            "201 {\n  \"result\": {\n    \"email\": \"alice@example.com\",\n    \"created\": \"2026-11-21T02:57:48Z\",\n"
            "    \"indexes\": {},\n    \"username\": \"alice\"\n  },\n  \"type\": \"userconfig\"\n}");
  EXPECT_EQ(text({.method = "PUT", .path = "/alice", .body = R"({"password": "123"})"}),
            "409 {\n  \"message\": \"user already exists\"\n}");
  EXPECT_EQ(
      line({.method = "PUT", .path = "/bob/", .body = R"({"password": "", "title": "T", "description": "D", "custom_data": {"a": 1}})"}),
      R"(201 {"result":{"title":"T","description":"D","custom_data":{"a":1},"created":"2026-11-21T02:57:48Z","indexes":{},"username":"bob"},"type":"userconfig"})");
  EXPECT_EQ(text({.method = "PUT", .path = "/b+d", .body = R"({"password": "1"})"}),
            R"(404 {"message": "The resource could not be found.\n\n\n/b+d\n\n", "code": "404 Not Found", "title": "Not Found"})");
  EXPECT_EQ(line({.method = "PUT", .path = "/b%20d", .body = R"({"password": "1"})"}),
            R"(400 {"message":"username 'b d' contains characters that aren't allowed. Any ascii symbol besides -.@_ is blocked."})");
  EXPECT_EQ(line({.method = "PUT", .path = "/carol", .body = R"({"password": "1", "foo": 1})"}),
            R"(400 {"message":"Unknown keys in user config: foo"})");
  EXPECT_EQ(text({.method = "PUT", .path = "/%C3%BCser", .body = R"({"password": "1"})"}),
            "201 {\n  \"result\": {\n    \"created\": \"2026-11-21T02:57:48Z\",\n    \"indexes\": {},\n"
            "    \"username\": \"\\u00fcser\"\n  },\n  \"type\": \"userconfig\"\n}");
  EXPECT_EQ(line({.method = "PUT", .path = "/dave", .body = "{bad"}), R"(400 {"message":"Bad request: could not decode json"})");
  EXPECT_EQ(line({.method = "PUT", .path = "/dave", .body = "[]"}), R"(400 {"message":"Bad request: could not decode json"})");
  EXPECT_EQ(call({.method = "PUT", .path = "/dave"}).status, 400);
  EXPECT_EQ(call({.method = "PUT", .path = "/dave", .body = R"({"password": 5})"}).status, 400);
  EXPECT_EQ(call({.method = "PUT", .path = "/dave", .body = R"({"password": null, "pwhash": "md5"})"}).status, 400);
  EXPECT_EQ(call({.path = "/dave"}).status, 404);
}

TEST_F(ApiUsersTest, ReadingUsers) {
  EXPECT_EQ(line({.path = "/alice"}), line({.path = "/alice/"}));
  EXPECT_EQ(text({.path = "/zz"}), "404 {\n  \"message\": \"no user 'zz'\"\n}");
  EXPECT_EQ(text({.path = "/zz", .accept = ""}),
            "404 <html>\n <head>\n  <title>404 Not Found</title>\n </head>\n <body>\n  <h1>404 Not Found</h1>\n"
            "  no user &#x27;zz&#x27;<br/><br/>\n\n\n\n </body>\n</html>");
  EXPECT_EQ(line({.path = "/"}).substr(0, 24), R"(200 {"result":{"alice":{)");
  EXPECT_NE(line({.path = "/"}).find(R"("username":"root"}},"type":"list:userconfig"})"), std::string::npos);
  EXPECT_EQ(line({.path = "/"}).find("argon2"), std::string::npos);
  EXPECT_EQ(call({.method = "HEAD", .path = "/alice"}).status, 200);
}

TEST_F(ApiUsersTest, OtherMethodsAreNotFound) {
  EXPECT_EQ(text({.method = "POST", .path = "/alice", .body = "{}"}),
            R"(404 {"message": "The resource could not be found.\n\n\n\n\n", "code": "404 Not Found", "title": "Not Found"})");
  for (const std::string method : {"OPTIONS", "PUSH", "TRACE"}) EXPECT_EQ(call({.method = method, .path = "/alice"}).status, 404) << method;
  for (const std::string method : {"OPTIONS", "PUT", "POST", "DELETE"})
    EXPECT_EQ(call({.method = method, .path = "/"}).status, 404) << method;
}

TEST_F(ApiUsersTest, ModifyingIsForTheUserAndRoot) {
  call({.method = "PUT", .path = "/bob", .body = R"({"password":""})"});
  EXPECT_EQ(line({.method = "PATCH", .path = "/alice", .body = R"({"email": "n@x"})"}),
            R"(403 {"message":"no permission to modify user alice"})");
  EXPECT_EQ(line({.method = "PATCH", .path = "/alice", .body = R"({"password": "456"})"}),
            R"(403 {"message":"no permission to change password for user alice"})");
  EXPECT_EQ(line(by_alice("PATCH", "/bob", R"({"email": "z"})")), R"(403 {"message":"no permission to modify user bob"})");
  EXPECT_EQ(text(by_alice("PATCH", "/alice", R"({"email": "n@x", "title": "Al"})")), "200 {\n  \"message\": \"user updated\"\n}");
  EXPECT_EQ(text(by_root("PATCH", "/alice", R"({"email": "r@x"})")), "200 {\n  \"message\": \"user updated\"\n}");
  EXPECT_EQ(line(by_root("PATCH", "/zz", R"({"email": "n@x"})")), R"(404 {"message":"no user 'zz'"})");
  EXPECT_EQ(line(by_root("PATCH", "/alice", "[1]")), R"(400 {"message":"Bad request: could not decode json"})");
}

TEST_F(ApiUsersTest, AnEmptyValueDropsTheKeyAndUnknownOnesAreIgnored) {
  EXPECT_EQ(line(by_alice("PATCH", "/alice", R"({"email": "n@x", "title": "Al"})")), R"(200 {"message":"user updated"})");
  clock_.advance(std::chrono::seconds(2));
  EXPECT_EQ(line(by_alice("PATCH", "/alice", R"({"title": "", "foo": "bar", "indexes": {}, "username": "zz", "created": "x"})")),
            R"(200 {"message":"user updated"})");
  EXPECT_EQ(
      line({.path = "/alice"}),
      R"(200 {"result":{"email":"n@x","created":"2026-11-21T02:57:48Z","indexes":{},"modified":"2026-11-21T02:57:50Z","username":"alice"},"type":"userconfig"})");
  const auto serial = catalog_->last_serial();
  clock_.advance(std::chrono::seconds(2));
  EXPECT_EQ(line(by_alice("PATCH", "/alice", R"({"title": "", "email": "n@x"})")), R"(200 {"message":"user updated"})");
  EXPECT_EQ(catalog_->last_serial(), serial);  // nothing changed
}

TEST_F(ApiUsersTest, ChangingThePassword) {
  EXPECT_EQ(text(by_alice("PATCH", "/alice", R"({"password": "456"})")),
            "200 {\n  \"result\": {\n    \"password\": \"TOKEN\",\n    \"expiration\": 36000\n  },\n"
            "  \"type\": \"userpassword\",\n  \"message\": \"user updated, new proxy auth\"\n}");
  const std::string failed = R"(401 {"message":"user 'alice' could not be authenticated"})";
  EXPECT_EQ(line({.method = "POST", .path = "/+login", .body = R"({"user": "alice", "password": "123"})"}), failed);
  login("alice", "456");
  // Tokens are stateless, as devpi's: an open session lives on.
  EXPECT_EQ(call(by_alice("PATCH", "/alice", R"({"title": "still me"})")).status, 200);
  EXPECT_EQ(line(by_root("PATCH", "/alice", R"({"pwhash": "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"})")),
            R"(200 {"message":"user updated"})");
  EXPECT_EQ(line({.method = "POST", .path = "/+login", .body = R"({"user": "alice", "password": "456"})"}), failed);
  EXPECT_EQ(call(by_root("PATCH", "/alice", R"({"password": "123"})")).status, 200);
  login("alice", "123");
}

TEST_F(ApiUsersTest, ARememberedPasswordEndsWithItsChange) {
  const Call old{"PATCH", "/alice", R"({"title": "x"})", "alice", "123"};
  EXPECT_EQ(call(old).status, 200);
  EXPECT_EQ(call(by_root("PATCH", "/alice", R"({"password": "new"})")).status, 200);
  EXPECT_EQ(call(old).status, 403);
}

TEST_F(ApiUsersTest, DeletingUsers) {
  call({.method = "PUT", .path = "/bob", .body = R"({"password":""})"});
  EXPECT_EQ(text(by_root("DELETE", "/root")), kPermissionDenied);
  EXPECT_EQ(line(by_root("DELETE", "/zz")), R"(404 {"message":"no user 'zz'"})");
  EXPECT_EQ(text(by_alice("DELETE", "/bob")), kPermissionDenied);
  EXPECT_EQ(text({.method = "DELETE", .path = "/bob"}), kPermissionDenied);
  EXPECT_EQ(call(by_alice("PUT", "/alice/prod", R"({"volatile": false})")).status, 200);
  EXPECT_EQ(line(by_alice("DELETE", "/alice")), R"(403 {"message":"user 'alice' has non-volatile index: prod"})");
  EXPECT_EQ(call(by_alice("PATCH", "/alice/prod", R"({"volatile": true})")).status, 200);
  EXPECT_EQ(line(by_alice("DELETE", "/alice")), R"(200 {"message":"user 'alice' deleted"})");
  EXPECT_EQ(call({.path = "/alice"}).status, 404);
  EXPECT_EQ(call({.path = "/alice/prod"}).status, 404);
  // Somebody else takes the name: the old token is nobody's.
  clock_.advance(std::chrono::seconds(1));
  make_alice();
  EXPECT_EQ(call(by_alice("PATCH", "/alice", R"({"title": "thief"})")).status, 403);
}

TEST_F(ApiUsersTest, RestrictModifyReservesIt) {
  ApiOptions options;
  options.restrict_modify = std::vector<std::string>{"root"};
  make_api(std::move(options));
  EXPECT_EQ(text({.method = "PUT", .path = "/carol", .body = R"({"password":""})"}), kPermissionDenied);
  EXPECT_EQ(call(by_root("PUT", "/carol", R"({"password":""})")).status, 201);
  EXPECT_EQ(call(by_alice("PATCH", "/alice", R"({"email":"x"})")).status, 403);
  EXPECT_EQ(call(by_alice("PATCH", "/alice", R"({"password":"x"})")).status, 200);
  EXPECT_EQ(call(by_alice("PUT", "/alice/dev", "{}")).status, 403);
}

TEST_F(ApiUsersTest, LargeBodiesAreRefused) {
  const std::string large = R"({"title": ")" + std::string(2 << 20, 'x') + "\"}";
  EXPECT_EQ(call(by_alice("PATCH", "/alice", large)).status, 413);
}

TEST_F(ApiUsersTest, EverythingIsThereAfterARestart) {
  call(by_alice("PATCH", "/alice", R"({"title": "T", "custom_data": {"b": 1, "a": [2]}})"));
  call(by_alice("PUT", "/alice/dev", R"({"bases": "root/pypi"})"));
  const auto before = text({.path = "/"});
  const auto uuid = registry_->uuid();
  close();
  open();
  EXPECT_EQ(text({.path = "/"}), before);
  EXPECT_EQ(registry_->uuid(), uuid);
  EXPECT_EQ(call(by_alice("PATCH", "/alice", R"({"title": "still logged in"})")).status, 200);
}

}  // namespace
}  // namespace bodega::pypi
