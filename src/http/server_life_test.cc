// Time limits, limits on connections, draining and destruction, over real sockets.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "http/server.h"
#include "testing/http_live_file.h"
#include "testing/http_raw_client.h"
#include "testing/http_served.h"

namespace bodega::http {
namespace {

using testing::LiveFile;
using testing::RawClient;
using testing::Served;

const std::string kGet = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

Task<Response> until(std::shared_ptr<LiveFile> gate) {
  auto waiting = gate->wait_beyond(0);
  const auto opened = co_await std::move(waiting);
  Response response;
  response.body = std::string(opened ? "opened" : "broken");
  co_return response;
}

ServerOptions hasty() {
  ServerOptions options;
  options.head_timeout = std::chrono::milliseconds(60);
  options.idle_timeout = std::chrono::milliseconds(80);
  return options;
}

TEST(Deadlines, ASlowHeadGets408) {
  Served served(hasty());
  RawClient client(served.url);
  client.send("GET / HTTP/1.1\r\nHo");
  const auto answer = client.answer();
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.headers.at("connection"), "close");
  client.end_sending();
  EXPECT_FALSE(client.receive_some());
}

TEST(Deadlines, IdleConnectionsAreClosedInSilence) {
  Served served(hasty());
  RawClient fresh(served.url);
  EXPECT_EQ(fresh.receive_all(), "");
  RawClient used(served.url);
  used.send(kGet);
  EXPECT_EQ(used.answer().status, 404);
  EXPECT_EQ(used.receive_all(), "");
  EXPECT_FALSE(used.was_reset());
}

TEST(Limits, OneConnectionTooManyIsToldSo) {
  ServerOptions options;
  options.max_connections = 2;
  Served served(std::move(options));
  RawClient first(served.url);
  RawClient second(served.url);
  first.send(kGet);
  second.send(kGet);
  EXPECT_EQ(first.answer().status, 404);
  EXPECT_EQ(second.answer().status, 404);
  {
    RawClient third(served.url);
    EXPECT_EQ(third.answer().status, 503);
  }
  EXPECT_EQ(served.server->counters().refused, 1U);
  first.close();
  while (served.server->counters().open > 1) std::this_thread::yield();
  RawClient fourth(served.url);
  fourth.send(kGet);
  EXPECT_EQ(fourth.answer().status, 404);
}

// All descriptors of this process taken but those that are held here.
class Starved {
 public:
  Starved() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit low = before_;
    low.rlim_cur = std::min<rlim_t>(before_.rlim_cur, 500);
    ::setrlimit(RLIMIT_NOFILE, &low);
    for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) taken_.push_back(fd);
  }
  ~Starved() {
    for (const int fd : taken_) ::close(fd);
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }
  Starved(const Starved&) = delete;
  Starved& operator=(const Starved&) = delete;

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

TEST(Limits, WithoutDescriptorsEveryClientStillGetsAnAnswer) {
  Served served;
  std::vector<int> sockets;
  for (int i = 0; i < 20; ++i) sockets.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(served.url.substr(served.url.rfind(':') + 1))));
  {
    const Starved starved;
    for (const int fd : sockets) {
      ASSERT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
      std::array<char, 200> answer{};
      ASSERT_GT(::recv(fd, answer.data(), answer.size(), 0), 0);
      EXPECT_TRUE(std::string_view(answer.data()).starts_with("HTTP/1.1 503 ")) << answer.data();
    }
  }
  for (const int fd : sockets) ::close(fd);
  EXPECT_NE(served.log.wait_line("http.out_of_descriptors"), "");
  RawClient client(served.url);
  client.send(kGet);
  EXPECT_EQ(client.answer().status, 404);
}

TEST(Drain, RequestsFinishAndIdleConnectionsClose) {
  Served served;
  const auto gate = std::make_shared<LiveFile>();
  served.handler.on("/wait", [gate](Request&) { return until(gate); });
  RawClient idle(served.url);
  idle.send(kGet);
  idle.answer();
  RawClient busy(served.url);
  busy.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  while (served.handler.calls < 2) std::this_thread::yield();
  RawClient half(served.url);
  half.send("GET /x HTTP/1.1\r\n");
  while (served.server->counters().open < 3) std::this_thread::yield();
  auto drained = std::async(std::launch::async, [&served] { served.drain(std::chrono::seconds(20)); });
  EXPECT_EQ(idle.receive_all(), "");
  EXPECT_FALSE(idle.was_reset());
  half.send("Host: a\r\n\r\n");
  EXPECT_EQ(half.answer().headers.at("connection"), "close");
  gate->grow("x");
  const auto answer = busy.answer();
  EXPECT_EQ(answer.body, "opened");
  EXPECT_EQ(answer.headers.at("connection"), "close");
  drained.get();
  EXPECT_EQ(served.server->counters().open, 0U);
  EXPECT_THROW(RawClient late(served.url), std::runtime_error);
}

TEST(Drain, WhatWaitsInTheQueueIsServed) {
  Served served;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(std::make_unique<RawClient>(served.url));
    clients.back()->send(kGet);
  }
  served.drain(std::chrono::seconds(20));
  for (const auto& client : clients) EXPECT_EQ(client->answer().status, 404);
}

TEST(Drain, TheLimitBreaksWhatIsLeft) {
  Served served;
  const auto gate = std::make_shared<LiveFile>();
  served.handler.on("/wait", [gate](Request&) { return until(gate); });
  RawClient client(served.url);
  client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  while (served.handler.calls < 1) std::this_thread::yield();
  served.drain(std::chrono::milliseconds(20));
  EXPECT_FALSE(client.answer().complete);
  gate->break_off();
}

TEST(Destruction, AServerMayGoWhileHandlersRun) {
  const auto gate = std::make_shared<LiveFile>();
  auto served = std::make_unique<Served>();
  served->handler.on("/wait", [gate](Request&) { return until(gate); });
  RawClient client(served->url);
  client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  while (served->handler.calls < 1) std::this_thread::yield();
  served->server.reset();
  EXPECT_FALSE(client.answer().complete);
  gate->grow("x");  // the handler ends into nothing
  std::promise<void> turned;
  served->home.post([&turned] { turned.set_value(); });
  turned.get_future().get();
}

Task<Response> read_all(Request& request, std::shared_ptr<std::promise<std::string>> seen) {
  while (true) {
    auto reading = request.body->read();
    const auto piece = co_await std::move(reading);
    if (!piece || piece->empty()) {
      seen->set_value(piece ? "end" : std::string(to_string(piece.error().code)));
      co_return Response{};
    }
  }
}

TEST(Destruction, ABodyThatIsBeingReadIsCancelled) {
  const auto seen = std::make_shared<std::promise<std::string>>();
  auto result = seen->get_future();
  Served served;
  served.handler.on("/read", [seen](Request& request) { return read_all(request, seen); });
  RawClient client(served.url);
  client.send("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
  while (served.handler.calls < 1) std::this_thread::yield();
  served.server.reset();
  EXPECT_EQ(result.get(), "cancelled");
}

TEST(Disconnect, AClientThatLeavesDoesNotStopTheHandler) {
  Served served;
  const auto gate = std::make_shared<LiveFile>();
  served.handler.on("/wait", [gate](Request&) { return until(gate); });
  {
    RawClient client(served.url);
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    while (served.handler.calls < 1) std::this_thread::yield();
    client.reset();
  }
  gate->grow("x");
  EXPECT_NE(served.log.wait_line("http.request"), "");
  while (served.server->counters().open > 0) std::this_thread::yield();
}

}  // namespace
}  // namespace bodega::http
