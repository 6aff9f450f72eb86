#include "pypi/api/api_fixture_for_test.h"

namespace bodega::pypi {
namespace {

constexpr std::string_view kFeatures = R"("features":["push-no-docs","push-only-docs","push-register-project","server-keyvalue-parsing"])";

std::string api_config(const std::string& authstatus, const std::string& more = {}) {
  return R"(200 {"result":{"login":"http://localhost:4141/+login","authstatus":)" + authstatus + "," + std::string(kFeatures) + more +
         R"(},"type":"apiconfig"})";
}

const std::string kNobody = R"(["noauth","",[]])";

TEST_F(ApiTest, TheApiDescription) {
  EXPECT_EQ(
      text({.path = "/+api"}),
      "200 {\n  \"result\": {\n    \"login\": \"http://localhost:4141/+login\",\n    \"authstatus\": [\n      \"noauth\",\n      \"\",\n"
      "      []\n    ],\n    \"features\": [\n      \"push-no-docs\",\n      \"push-only-docs\",\n      \"push-register-project\",\n"
      "      \"server-keyvalue-parsing\"\n    ]\n  },\n  \"type\": \"apiconfig\"\n}");
  EXPECT_EQ(line({.path = "/nouser/+api"}), api_config(kNobody));
  EXPECT_EQ(line({.path = "/+api", .accept = ""}), api_config(kNobody));
  EXPECT_EQ(line({.method = "POST", .path = "/+api"}), api_config(kNobody));
  EXPECT_EQ(line({.path = "/root/pypi/+api"}),
            api_config(kNobody, R"(,"index":"http://localhost:4141/root/pypi","simpleindex":"http://localhost:4141/root/pypi/+simple/")"));
  EXPECT_EQ(line({.path = "/root/nope/+api"}), R"(404 {"message":"The stage root/nope could not be found."})");
  EXPECT_EQ(text({.path = "/+api", .accept = "text/html"}),
            "404 <html>\n <head>\n  <title>404 Not Found</title>\n </head>\n <body>\n  <h1>404 Not Found</h1>\n"
            "  The resource could not be found.<br/><br/>\n/+api\n\n\n </body>\n</html>");
  EXPECT_EQ(text({.path = "/+api/"}),
            R"(404 {"message": "The resource could not be found.\n\n\n/+api/\n\n", "code": "404 Not Found", "title": "Not Found"})");
  EXPECT_EQ(text({.path = "/+api/", .accept = "text/plain"}), "404 404 Not Found\n\nThe resource could not be found.\n\n\n/+api/\n");
}

TEST_F(ApiTest, StagesSayWhereToUpload) {
  const auto token = make_alice();
  call({"PUT", "/alice/dev", "{}", "alice", token});
  EXPECT_EQ(line({"GET", "/alice/dev/+api", "", "alice", token}),
            api_config(R"(["ok","alice",[]])",
                       R"(,"index":"http://localhost:4141/alice/dev","simpleindex":"http://localhost:4141/alice/dev/+simple/",)"
                       R"("pypisubmit":"http://localhost:4141/alice/dev/")"));
}

TEST_F(ApiTest, ThePublicUrlWins) {
  ApiOptions options;
  options.public_url = "https://packages.example/pypi";
  make_api(std::move(options));
  const auto answer = line({.path = "/root/pypi/+api"});
  EXPECT_NE(answer.find(R"("login":"https://packages.example/pypi/+login")"), std::string::npos) << answer;
  EXPECT_NE(answer.find(R"("simpleindex":"https://packages.example/pypi/root/pypi/+simple/")"), std::string::npos) << answer;
}

TEST_F(ApiTest, LoggingIn) {
  const auto post = [this](std::string body, std::string accept = "application/json") {
    return text({.method = "POST", .path = "/+login", .body = std::move(body), .accept = std::move(accept)});
  };
  EXPECT_EQ(post(R"({"user": "root", "password": "secret"})"),
            "200 {\n  \"result\": {\n    \"password\": \"TOKEN\",\n    \"expiration\": 36000\n  },\n  \"type\": \"proxyauth\",\n"
            "  \"message\": \"login successful\"\n}");
  EXPECT_EQ(post(R"({"user": "root", "password": "bad"})"), "401 {\n  \"message\": \"user 'root' could not be authenticated\"\n}");
  EXPECT_EQ(post(R"({"user": "nobody", "password": "x"})"), "401 {\n  \"message\": \"user 'nobody' could not be authenticated\"\n}");
  EXPECT_EQ(post(R"({"user": "root", "password": ""})"), "401 {\n  \"message\": \"user 'root' could not be authenticated\"\n}");
  EXPECT_EQ(post(R"({"user": "root"})"), "400 {\n  \"message\": \"Bad request: no user/password specified\"\n}");
  EXPECT_EQ(post(R"({"user": 1, "password": []})"), "400 {\n  \"message\": \"Bad request: no user/password specified\"\n}");
  EXPECT_EQ(post("[]"), "400 {\n  \"message\": \"Bad request: no user/password specified\"\n}");
  EXPECT_EQ(post("notjson"), "400 {\n  \"message\": \"Bad request: could not decode json\"\n}");
  EXPECT_EQ(post("notjson", "text/html").substr(0, 50), "404 <html>\n <head>\n  <title>404 Not Found</title>\n");
  EXPECT_EQ(text({.path = "/+login"}),
            R"(404 {"message": "The resource could not be found.\n\n\npredicate mismatch for view PyPIView (request_method = POST)\n\n", )"
            R"("code": "404 Not Found", "title": "Not Found"})");
}

TEST_F(ApiTest, WhoIsLoggedIn) {
  const auto token = login("root", "secret");
  const std::string root = R"(["ok","root",[]])";
  EXPECT_EQ(line({"GET", "/+api", "", "root", token}), api_config(root));
  EXPECT_EQ(line({"GET", "/+api", "", "root", "secret"}), api_config(root));
  EXPECT_EQ(line({"GET", "/+api", "", "root", "bad"}), api_config(kNobody));
  EXPECT_EQ(line({"GET", "/+api", "", "alice", token}), api_config(kNobody));
  clock_.advance(std::chrono::hours(10));
  EXPECT_EQ(line({"GET", "/+api", "", "root", token}), api_config(kNobody));
}

TEST_F(ApiTest, ElevenBadLoginsAreOneTooMany) {
  const Call bad{.method = "POST", .path = "/+login", .body = R"({"user": "root", "password": "bad"})"};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(call(bad).status, 401);
  const auto response = call(bad);
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.headers.get("Retry-After"), "300");
  // The right password does not help, reads go on as nobody's, writes are told.
  EXPECT_EQ(call({.method = "POST", .path = "/+login", .body = R"({"user": "root", "password": "secret"})"}).status, 429);
  EXPECT_EQ(line({"GET", "/+api", "", "root", "secret"}), api_config(kNobody));
  EXPECT_EQ(call({"PUT", "/root/dev", "{}", "root", "secret"}).status, 429);
  clock_.advance(std::chrono::minutes(5));
  EXPECT_EQ(call({"PUT", "/root/dev", "{}", "root", "secret"}).status, 200);
}

TEST_F(ApiTest, AWeakHashIsMadeAnewAtLogin) {
  access::PasswordHasher strong(*pool_, {{64, 1, 1}, 2, 8});
  Api api({*catalog_, *registry_, *authenticator_, strong, clock_, log_}, {});
  access::Authenticator strict(*registry_, strong, clock_, {});
  strict.set_token_key(registry_->token_secret());
  Api renewing({*catalog_, *registry_, strict, strong, clock_, log_}, {});
  http::Request request;
  request.method = http::Method::post;
  TextBody body(R"({"user": "root", "password": "secret"})");
  request.body = &body;
  request.segments = {"+login"};
  EXPECT_EQ(registry_->find_user("root")->row.password_hash.substr(0, 27), "$argon2id$v=19$m=8,t=1,p=1$");
  EXPECT_EQ(bodega::testing::run(loop_, renewing.handle(request, find_route(request.segments))).status, 200);
  EXPECT_EQ(registry_->find_user("root")->row.password_hash.substr(0, 28), "$argon2id$v=19$m=64,t=1,p=1$");
  login("root", "secret");
}

TEST_F(ApiTest, TheStatus) {
  ApiOptions options;
  options.host = "127.0.0.1";
  options.port = 3141;
  options.metrics = [] { return std::vector<ApiOptions::Metric>{{"bodega_hits", "counter", 3}}; };
  make_api(std::move(options));
  const auto answer = Json::parse(std::get<std::string>(call({.path = "/+status"}).body)).value();
  EXPECT_EQ(answer.text("type"), "status");
  std::vector<std::string> keys;
  for (const auto& [key, value] : answer.find("result")->members()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"serverdir", "uuid", "versioninfo", "server-code", "host", "port", "outside-url", "serial",
                                            "last-commit-timestamp", "event-serial", "event-serial-timestamp", "event-serial-in-sync-at",
                                            "metrics", "role", "polling_replicas"}));
  EXPECT_EQ(answer.find("result")->find("versioninfo")->text("devpi-server"), "6.20.3");
  EXPECT_EQ(answer.find("result")->text("role"), "MASTER");
  EXPECT_EQ(answer.find("result")->find("metrics")->compact(), R"([["bodega_hits","counter",3.0]])");
}

TEST(AcceptQuality, MostSpecificWins) {
  EXPECT_EQ(accept_quality("", "text/html"), 1000);
  EXPECT_EQ(accept_quality("*/*", "text/html"), 1000);
  EXPECT_EQ(accept_quality("text/html;q=0.5, */*;q=0.1", "text/html"), 500);
  EXPECT_EQ(accept_quality("text/*;q=0.3, */*", "text/html"), 300);
  EXPECT_EQ(accept_quality("TEXT/HTML ; Q=0.25", "text/html"), 250);
  EXPECT_EQ(accept_quality("application/json", "text/html"), 0);
  EXPECT_EQ(accept_quality("application/json;q=0, */*", "application/json"), 0);
  EXPECT_EQ(accept_quality("text/html;q=x", "text/html"), 0);
  EXPECT_EQ(accept_quality("text/html;q=9", "text/html"), 1000);
  EXPECT_EQ(accept_quality("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"), 800);
}

}  // namespace
}  // namespace bodega::pypi
