// Unix sockets: their files, whom they tell apart, and what commands use to talk over them.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>

#include "http/local_client.h"
#include "http/server.h"
#include "testing/fault_file_system.h"
#include "testing/http_raw_client.h"
#include "testing/http_served.h"

namespace bodega::http {
namespace {

using testing::RawClient;
using testing::Served;

namespace fs = std::filesystem;

// Says who came, and what was sent.
Task<Response> who(Request& request) {
  Response response;
  response.body = request.method_text + (request.peer.administrator ? " administrator " : " somebody ") + request.peer.client;
  if (request.body != nullptr) {
    auto piece = co_await request.body->read();
    std::get<std::string>(response.body) += " " + (piece ? *piece : piece.error().describe());
  }
  co_return response;
}

class UnixTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) { return (scratch_.path() / name).string(); }
  std::unique_ptr<Served> serve(std::vector<UnixSocket> sockets, ServerOptions options = {}) {
    options.listen_unix = std::move(sockets);
    auto served = std::make_unique<Served>(std::move(options));
    served->handler.on("/who", who);
    return served;
  }
  static unsigned mode_of(const std::string& file) {
    struct stat there {};
    return ::lstat(file.c_str(), &there) == 0 ? there.st_mode & 07777U : 0U;
  }
  // A socket file whose owner is gone.
  static void leave_stale(const std::string& file) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    file.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::close(fd);
  }
  std::string refusal(UnixSocket socket) {
    ServerOptions options;
    options.listen_unix = {std::move(socket)};
    const auto server = make_server(std::move(options), handler_, home_, clock_, log_);
    const auto done = server->listen();
    return done ? "" : done.error().message;
  }

  testing::ScratchDirectory scratch_;
  Loop home_{"home"};
  SystemClock clock_;
  testing::LinesLog log_;
  testing::ServedHandler handler_;
};

TEST_F(UnixTest, OnlyTheAdministratorsSocketIsTheAdministrators) {
  auto served = serve({{path("admin"), 0600, Door::administrator}, {path("open"), 0666, Door::everybody}});
  EXPECT_EQ(mode_of(path("admin")), 0600U);
  EXPECT_EQ(mode_of(path("open")), 0666U);
  const auto admin = call_local(path("admin"), {"GET", "/who"});
  ASSERT_TRUE(admin) << admin.error().describe();
  EXPECT_EQ(admin->status, 200);
  EXPECT_EQ(admin->body, "GET administrator unix");
  EXPECT_EQ(call_local(path("open"), {"GET", "/who"})->body, "GET somebody unix");
  EXPECT_EQ(call_local(path("open"), {"PUT", "/who", "{}"})->body, "PUT somebody unix {}");
  EXPECT_EQ(served->server->addresses().size(), 2U);  // the administrator's is not announced
  EXPECT_EQ(served->server->addresses()[1], "unix:" + path("open"));
}

TEST_F(UnixTest, NoHeaderMakesAnAdministratorOfATcpClient) {
  ServerOptions options;
  options.trusted_proxies = {"127.0.0.0/8"};
  auto served = serve({{path("admin"), 0600, Door::administrator}}, std::move(options));
  RawClient client(served->url);
  client.send(
      "GET /who HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: unix\r\nForwarded: for=unix\r\nX-Forwarded-Host: unix\r\n"
      "X-Bodega-Administrator: 1\r\n\r\n");
  const auto answer = client.answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body.starts_with("GET somebody 127.0.0.1")) << answer.body;
}

TEST_F(UnixTest, RulesForBrowsersDoNotHoldTheAdministratorUp) {
  auto served = serve({{path("admin"), 0600, Door::administrator}, {path("open"), 0600, Door::everybody}});
  const std::string foreign =
      "DELETE /who HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nSec-Fetch-Site: cross-site\r\nConnection: close\r\n\r\n";
  RawClient admin("unix:" + path("admin"));
  admin.send(foreign);
  EXPECT_EQ(admin.answer().status, 200);
  RawClient other("unix:" + path("open"));
  other.send(foreign);
  EXPECT_EQ(other.answer().status, 403);
}

TEST_F(UnixTest, NeitherHostRuleNorConnectionLimitHoldTheAdministratorUp) {
  ServerOptions options;
  options.max_connections = 1;
  auto served = serve({{path("admin"), 0600, Door::administrator}, {path("open"), 0600, Door::everybody}}, std::move(options));
  RawClient first(served->url);
  first.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(first.answer().status, 404);
  const std::string browser = "GET /who HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\nConnection: close\r\n\r\n";
  RawClient admin("unix:" + path("admin"));
  admin.send(browser);
  EXPECT_EQ(admin.answer().status, 200);
  RawClient other("unix:" + path("open"));
  EXPECT_EQ(other.answer().status, 503);
  first.close();
  while (served->server->counters().open > 0) std::this_thread::yield();
  RawClient late("unix:" + path("open"));
  late.send(browser);
  EXPECT_EQ(late.answer().status, 421);
}

TEST_F(UnixTest, FilesGoWithTheServerAndStaleOnesAreReplaced) {
  leave_stale(path("s"));
  {
    auto served = serve({{path("s")}});
    EXPECT_EQ(call_local(path("s"), {"GET", "/who"})->status, 200);
    served->drain(std::chrono::seconds(1));
    EXPECT_FALSE(fs::exists(path("s")));
  }
  {
    auto served = serve({{path("s")}});
    EXPECT_TRUE(fs::exists(path("s")));
  }
  EXPECT_FALSE(fs::exists(path("s")));
}

TEST_F(UnixTest, AnotherServersFileIsLeftAlone) {
  auto served = serve({{path("s")}});
  fs::remove(path("s"));
  leave_stale(path("s"));
  served.reset();
  EXPECT_TRUE(fs::exists(path("s")));
}

TEST_F(UnixTest, WhatIsInTheWayIsNamedWithTheNextStep) {
  std::ofstream(path("file")) << "precious";
  EXPECT_NE(refusal({path("file")}).find("is no socket; remove it"), std::string::npos);
  EXPECT_EQ(fs::file_size(path("file")), 8U);
  auto served = serve({{path("s")}});
  EXPECT_NE(refusal({path("s")}).find("another program listens"), std::string::npos);
  EXPECT_EQ(call_local(path("s"), {"GET", "/who"})->status, 200);
  EXPECT_NE(refusal({path(std::string(200, 'x'))}).find("choose a shorter one"), std::string::npos);
  EXPECT_NE(refusal({path("none/s")}).find("cannot listen on the socket"), std::string::npos);
}

TEST_F(UnixTest, CallsTellWhyThereIsNoAnswer) {
  EXPECT_EQ(call_local(path("none"), {}).error().code, Code::not_found);
  leave_stale(path("stale"));
  EXPECT_EQ(call_local(path("stale"), {}).error().code, Code::not_found);
  EXPECT_EQ(call_local(path(std::string(200, 'x')), {}).error().code, Code::not_found);
}

}  // namespace
}  // namespace bodega::http
