// Tokens of our own in the whole server: role by scope by address, revocation, the administrator's addresses, rotation of the secret.
#include <fstream>

#include <gtest/gtest.h>

#include "base/text.h"
#include "pypi/format/json_value.h"
#include "testing/hermetic/hermetic_server.h"

namespace bodega::testing {
namespace {

using pypi::Json;

class TokensTest : public ::testing::Test {
 protected:
  TokensTest() {
    EXPECT_EQ(admin("PUT", "/alice", R"({"password": "123"})").status, 201);
    EXPECT_EQ(admin("PUT", "/alice/dev", R"({"bases": "root/pypi"})").status, 200);
    EXPECT_EQ(admin("PUT", "/alice/prod", "{}").status, 200);
    alice_ = login("alice", "123");
  }
  static http::Header basic(const std::string& user, const std::string& secret) {
    return {"Authorization", "Basic " + base64_encode(user + ":" + secret)};
  }
  Got admin(std::string method, std::string path, std::string body = {}) {
    return server_.ask({std::move(method), std::move(path), {{"Accept", "application/json"}}, std::move(body), true});
  }
  Got as(const std::string& secret, std::string method, std::string path, std::string body = {}) {
    return server_.ask({std::move(method), std::move(path), {{"Accept", "application/json"}, basic("alice", secret)}, std::move(body)});
  }
  std::string login(const std::string& user, const std::string& password) {
    const auto got = server_.ask({"POST", "/+login", {}, R"({"user": ")" + user + R"(", "password": ")" + password + "\"}"});
    EXPECT_EQ(got.status, 200) << got.body;
    return std::string(result(got).text("password"));
  }
  static Json result(const Got& got) {
    const auto json = Json::parse(got.body);
    EXPECT_TRUE(json) << got.body;
    const auto* found = json ? json->find("result") : nullptr;
    return found != nullptr ? *found : Json();
  }
  // {"scope": ...}; gives the whole answer's result.
  Json make(const std::string& wish) {
    const auto got = as(alice_, "POST", "/+token", wish);
    EXPECT_EQ(got.status, 201) << got.body;
    EXPECT_EQ(got.header("Cache-Control"), "no-store");
    return result(got);
  }
  std::string token(const std::string& wish) { return std::string(make(wish).text("token")); }
  int upload(const std::string& secret, const std::string& index) {
    const std::string body =
        "--b\r\nContent-Disposition: form-data; name=\":action\"\r\n\r\nsubmit\r\n--b\r\nContent-Disposition: form-data; "
        "name=\"name\"\r\n\r\n"
        "hello\r\n--b\r\nContent-Disposition: form-data; name=\"version\"\r\n\r\n1.0\r\n--b--\r\n";
    return server_.ask({"POST", "/" + index + "/", {{"Content-Type", "multipart/form-data; boundary=b"}, basic("__token__", secret)}, body})
        .status;
  }

  HermeticServer server_;
  std::string alice_;  // her login token
};

TEST_F(TokensTest, ScopeByAddressByMethod) {
  const auto read = token(R"({"scope": "read"})");
  const auto write = token(R"({"scope": "upload"})");
  const auto bounded = token(R"({"scope": "upload", "index": "alice/dev"})");
  for (const auto& secret : {read, write, bounded}) {
    EXPECT_EQ(as(secret, "GET", "/alice/dev?no_projects=").status, 200);
    EXPECT_EQ(server_.get("/alice/prod/+simple/", {basic("__token__", secret)}).status, 200);
    // Nothing that manages: not the own account, indexes, tokens, files, nor what even anybody may.
    EXPECT_EQ(as(secret, "PATCH", "/alice", R"({"title": "x"})").status, 403);
    EXPECT_EQ(as(secret, "PATCH", "/alice", R"({"password": "new"})").status, 403);
    EXPECT_EQ(as(secret, "DELETE", "/alice").status, 403);
    EXPECT_EQ(as(secret, "PUT", "/carol", R"({"password": "x"})").status, 403);
    EXPECT_EQ(as(secret, "PUT", "/alice/more", "{}").status, 403);
    EXPECT_EQ(as(secret, "PATCH", "/alice/dev", R"(["volatile=False"])").status, 403);
    EXPECT_EQ(as(secret, "DELETE", "/alice/dev").status, 403);
    EXPECT_EQ(as(secret, "DELETE", "/alice/dev/hello/1.0").status, 403);
    EXPECT_EQ(as(secret, "DELETE", "/alice/dev/hello").status, 403);
    EXPECT_EQ(as(secret, "GET", "/+token").status, 403);
    EXPECT_EQ(as(secret, "POST", "/+token", R"({"scope": "read"})").status, 403);
    EXPECT_EQ(as(secret, "GET", "/+admin/tokens").status, 404);
    EXPECT_EQ(as(secret, "POST", "/+login", R"({"user": "alice", "password": ")" + secret + "\"}").status, 401);
    server_.advance(std::chrono::minutes(6));  // a refused login counts; they are not to add up
  }
  EXPECT_EQ(upload(read, "alice/dev"), 403);
  EXPECT_EQ(upload(read, "alice/prod"), 403);
  EXPECT_EQ(upload(write, "alice/dev"), 200);
  EXPECT_EQ(upload(write, "alice/prod"), 200);
  EXPECT_EQ(upload(bounded, "alice/dev"), 200);
  EXPECT_EQ(upload(bounded, "alice/prod"), 403);
}

TEST_F(TokensTest, EverybodySeesAndRevokesTheirOwn) {
  EXPECT_EQ(admin("PUT", "/bob", R"({"password": "456"})").status, 201);
  const auto bob = login("bob", "456");
  const auto made = make(R"({"scope": "upload", "index": "alice/dev", "comment": "the build", "expires": 3600})");
  EXPECT_EQ(made.text("user"), "alice");
  EXPECT_EQ(made.text("index"), "alice/dev");
  EXPECT_EQ(made.text("comment"), "the build");
  EXPECT_EQ(made.text("expires"), rfc3339(std::chrono::floor<std::chrono::seconds>(server_.clock().wall() + std::chrono::hours(1))));
  const std::string id(made.text("id"));
  const std::string secret(made.text("token"));
  const auto as_bob = [&](std::string method, std::string path) {
    return server_.ask({std::move(method), std::move(path), {basic("bob", bob)}, {}});
  };
  EXPECT_TRUE(result(as_bob("GET", "/+token")).items().empty());
  EXPECT_EQ(as_bob("DELETE", "/+token/" + id).status, 404);
  EXPECT_EQ(upload(secret, "alice/dev"), 200);

  const auto listed = result(as(alice_, "GET", "/+token"));
  ASSERT_EQ(listed.items().size(), 1U);
  EXPECT_EQ(listed.items()[0].text("id"), id);
  EXPECT_EQ(listed.items()[0].find("token"), nullptr);
  EXPECT_FALSE(listed.items()[0].text("last_used").empty());

  EXPECT_EQ(as(alice_, "DELETE", "/+token/" + id).status, 200);
  EXPECT_EQ(upload(secret, "alice/dev"), 401);
  EXPECT_EQ(as(alice_, "DELETE", "/+token/" + id).status, 404);
  server_.restart();
  EXPECT_EQ(upload(secret, "alice/dev"), 401);
}

TEST_F(TokensTest, TokensAndTheirLastUseOutliveTheProcess) {
  const auto secret = token(R"({"scope": "upload"})");
  server_.advance(std::chrono::minutes(10));
  EXPECT_EQ(upload(secret, "alice/dev"), 200);
  const auto used = rfc3339(std::chrono::floor<std::chrono::seconds>(server_.clock().wall()));
  server_.restart();
  EXPECT_EQ(result(admin("GET", "/+admin/tokens")).items().at(0).text("last_used"), used);
  EXPECT_EQ(upload(secret, "alice/dev"), 200);
}

TEST_F(TokensTest, ATokenGoesWithItsUserAndDoesNotComeBackWithTheName) {
  const auto secret = token(R"({"scope": "upload"})");
  EXPECT_EQ(admin("DELETE", "/alice").status, 200);
  EXPECT_EQ(admin("PUT", "/alice", R"({"password": "123"})").status, 201);
  EXPECT_EQ(admin("PUT", "/alice/dev", "{}").status, 200);
  EXPECT_EQ(upload(secret, "alice/dev"), 401);
  EXPECT_TRUE(result(admin("GET", "/+admin/tokens")).items().empty());
}

TEST_F(TokensTest, AnIndexThatIsMadeAnewKeepsTheBound) {
  const auto secret = token(R"({"scope": "upload", "index": "alice/dev"})");
  EXPECT_EQ(admin("DELETE", "/alice/dev").status, 201);
  EXPECT_EQ(upload(secret, "alice/prod"), 403);
  EXPECT_EQ(admin("PUT", "/alice/dev", "{}").status, 200);
  EXPECT_EQ(upload(secret, "alice/dev"), 200);
}

TEST_F(TokensTest, NonsenseIsRefusedWithAMessage) {
  const auto refused = [&](const std::string& body) {
    const auto got = as(alice_, "POST", "/+token", body);
    EXPECT_EQ(got.status, 400) << body << got.body;
    EXPECT_NE(got.body.find("\"message\""), std::string::npos) << got.body;
  };
  for (const char* body : {"", "{}", "[]", "1", R"({"scope": "admin"})", R"({"scope": 1})", R"({"scope": "read", "index": "alice/none"})",
                           R"({"scope": "read", "index": 5})", R"({"scope": "read", "expires": 0})", R"({"scope": "read", "expires": -5})",
                           R"({"scope": "read", "expires": "soon"})", R"({"scope": "read", "expires": 9223372036854775807})",
                           R"({"scope": "read", "expires": "2001-01-01T00:00:00Z"})", R"({"scope": "read", "comment": []})"}) {
    refused(body);
  }
  EXPECT_EQ(server_.ask({"POST", "/+token", {}, R"({"scope": "read"})"}).status, 401);
  EXPECT_EQ(server_.ask({"POST", "/+token", {basic("alice", "wrong")}, R"({"scope": "read"})"}).status, 401);
  EXPECT_EQ(as(alice_, "PUT", "/+token", "{}").status, 404);
  EXPECT_EQ(as(alice_, "GET", "/+token/x").status, 404);
}

TEST_F(TokensTest, TheAdministratorsAddressesAreForNobodyElse) {
  const auto root = login("root", kRootPassword);
  for (const auto* path : {"/+admin", "/+admin/tokens", "/+admin/status", "/+admin/rotate-secret"}) {
    for (const auto* method : {"GET", "POST", "DELETE"}) {
      const auto got = server_.ask({method, path, {basic("root", root), {"X-Forwarded-For", "unix"}, {"Forwarded", "for=unix"}}, "{}"});
      EXPECT_EQ(got.status, 404) << method << path;
    }
  }
  EXPECT_EQ(admin("GET", "/+admin/status").status, 200);
  EXPECT_EQ(admin("GET", "/+admin/nothing").status, 404);
  EXPECT_EQ(admin("POST", "/+admin/tokens", R"({"user": "nobody", "scope": "read"})").status, 404);
  const auto made = result(admin("POST", "/+admin/tokens", R"({"user": "alice", "scope": "upload"})"));
  EXPECT_EQ(upload(std::string(made.text("token")), "alice/dev"), 200);
  EXPECT_EQ(admin("DELETE", "/+admin/tokens/" + std::string(made.text("id"))).status, 200);
  EXPECT_EQ(upload(std::string(made.text("token")), "alice/dev"), 401);
}

TEST_F(TokensTest, RotationEndsLoginsAndNothingElse) {
  const auto secret = token(R"({"scope": "upload"})");
  EXPECT_EQ(as(alice_, "GET", "/+token").status, 200);
  EXPECT_EQ(admin("POST", "/+admin/rotate-secret").status, 200);
  EXPECT_EQ(as(alice_, "GET", "/+token").status, 401);
  EXPECT_EQ(upload(secret, "alice/dev"), 200);
  const auto again = login("alice", "123");
  server_.restart();
  EXPECT_EQ(as(alice_, "GET", "/+token").status, 401);
  EXPECT_EQ(as(again, "GET", "/+token").status, 200);
  EXPECT_EQ(upload(secret, "alice/dev"), 200);
}

TEST_F(TokensTest, AKeyThatComesFromAFileIsForItsOwnerToRotate) {
  const auto path = server_.data() / "key";
  std::ofstream(path) << std::string(64, 'a') << "\n";
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);
  server_.config().token_key_file = path;
  server_.restart();
  const auto got = admin("POST", "/+admin/rotate-secret");
  EXPECT_EQ(got.status, 409);
  EXPECT_NE(got.body.find("token-key-file"), std::string::npos) << got.body;
}

TEST_F(TokensTest, RotationEndsImportedLoginsToo) {
  const std::string setting = "00112233445566778899aabbccddeeff";
  const auto stored = [&] {
    std::string out;
    EXPECT_TRUE(server_.application().catalog().read_now([&](catalog::Reader& reader) -> Result<void> {
      if (auto value = reader.setting("devpi-token-key")) out = *value;
      return {};
    }));
    return out;
  };
  EXPECT_TRUE(
      server_.application().catalog().write_now([&](catalog::Transaction& t) { return t.set_setting("devpi-token-key", setting); }));
  server_.restart();
  EXPECT_EQ(stored(), setting);
  EXPECT_EQ(admin("POST", "/+admin/rotate-secret").status, 200);
  EXPECT_EQ(stored(), "");
}

TEST_F(TokensTest, NoLogHoldsASecret) {
  const auto secret = token(R"({"scope": "upload"})");
  upload(secret, "alice/dev");
  as(secret, "POST", "/+login", R"({"user": "alice", "password": ")" + secret + "\"}");
  for (const auto& event : server_.log().events()) {
    for (const auto& [name, value] : event.fields) EXPECT_EQ(value.find(secret.substr(20)), std::string::npos) << event.name;
  }
}

TEST_F(TokensTest, RestrictModifyBindsRootAndOwnersButNotTheLocalAdministrator) {
  server_.config().restrict_modify = {{"alice"}};
  server_.restart();
  const auto root = login("root", kRootPassword);
  const auto as_root = [&](std::string method, std::string path, std::string body) {
    return server_.ask({std::move(method), std::move(path), {basic("root", root)}, std::move(body)}).status;
  };
  EXPECT_EQ(as_root("PUT", "/dave", R"({"password": "1"})"), 403);
  EXPECT_EQ(as_root("PUT", "/root/more", "{}"), 403);
  EXPECT_EQ(server_.ask({"PUT", "/dave", {}, R"({"password": "1"})"}).status, 403);
  EXPECT_EQ(as(alice_, "PUT", "/dave", R"({"password": "1"})").status, 201);
  EXPECT_EQ(admin("PUT", "/erin", R"({"password": "1"})").status, 201);
}

}  // namespace
}  // namespace bodega::testing
