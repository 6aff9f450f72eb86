// How bodies flow: early heads, back-pressure, cancelling, many at once, speed.
#include <gtest/gtest.h>

#include <cstdio>
#include <latch>

#include <boost/asio/steady_timer.hpp>

#include "http/client_test_server.h"

namespace bodega::http {
namespace {

using Connection = RawServer::Connection;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// Endless or long bodies of zeros.
void send_zeros(Connection& c, std::uint64_t bytes) {
  const std::string piece(1024 * 1024, '\0');
  while (bytes > 0 && c.send(std::string_view(piece).substr(0, std::min<std::uint64_t>(bytes, piece.size())))) {
    bytes -= std::min<std::uint64_t>(bytes, piece.size());
  }
}

void answer_zeros(Connection& c, std::uint64_t bytes) {
  c.read_head();
  c.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n");
  send_zeros(c, bytes);
  c.wait_closed();
}

Task<Result<std::uint64_t>> count_bytes(FetchBody* body) {
  std::uint64_t bytes = 0;
  for (;;) {
    auto piece = co_await body->read();
    if (!piece) co_return fail(piece.error());
    if (piece->empty()) co_return bytes;
    bytes += piece->size();
  }
}

Task<Result<std::string>> read_one(FetchBody* body) {
  auto piece = co_await body->read();
  co_return piece;
}

Task<int> pause_for(Loop* home, Duration time) {
  asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> timer(home->context());
  timer.expires_after(time);
  co_await timer.async_wait(use_task);
  co_return 0;
}

// Waits for something another thread does, without an upper bound of its own: ctest has one.
template <class Condition>
void until(Condition condition) {
  while (!condition()) std::this_thread::yield();
}

class ClientFlow : public ClientTest {
 protected:
  ~ClientFlow() override { destroy(std::move(held)); }
  // Bodies go where they live.
  void destroy(std::unique_ptr<FetchBody> body) {
    std::promise<void> gone;
    home.post([&gone, body = std::move(body)]() mutable {
      body.reset();
      gone.set_value();
    });
    gone.get_future().wait();
  }
  std::unique_ptr<FetchBody> held;
};

TEST_F(ClientFlow, TheHeadComesBeforeTheBody) {
  std::promise<void> seen;
  RawServer server([&seen](Connection& c) {
    c.read_head();
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
    seen.get_future().wait();
    c.send("abc");
    c.send("def");
  });
  auto response = fetch_head(get(server.url()));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->content_length, 6U);
  held = std::move(response->body);
  seen.set_value();
  std::string body;
  EXPECT_TRUE(wait(read_to_end(held.get(), &body)));
  EXPECT_EQ(body, "abcdef");
}

TEST_F(ClientFlow, TheFirstBytesComeBeforeTheLast) {
  std::promise<void> seen;
  RawServer server([&seen](Connection& c) {
    c.read_head();
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
    seen.get_future().wait();
    c.send("def");
  });
  auto response = fetch_head(get(server.url()));
  ASSERT_TRUE(response);
  held = std::move(response->body);
  EXPECT_EQ(*wait(read_one(held.get())), "abc");
  seen.set_value();
  EXPECT_EQ(*wait(read_one(held.get())), "def");
  EXPECT_EQ(*wait(read_one(held.get())), "");
  EXPECT_EQ(*wait(read_one(held.get())), "");  // the end stays the end
}

// The first byte of a file was held until 256 KiB of it had come.
TEST_F(ClientFlow, TheBeginningOfALongBodyIsGivenOutAlone) {
  constexpr std::uint64_t kBytes = 3'000'000;
  RawServer server([](Connection& c) { answer_zeros(c, kBytes); });
  auto response = fetch_head(get(server.url()));
  ASSERT_TRUE(response);
  held = std::move(response->body);
  const auto first = wait(read_one(held.get()));
  ASSERT_TRUE(first);
  EXPECT_GT(first->size(), 0U);
  EXPECT_LE(first->size(), 16U * 1024);
  const auto rest = wait(count_bytes(held.get()));
  ASSERT_TRUE(rest);
  EXPECT_EQ(first->size() + *rest, kBytes);
}

TEST_F(ClientFlow, ASlowReaderHoldsTheUpstreamBackAndIsNoStall) {
  constexpr std::uint64_t kBytes = 64'000'000;
  RawServer server([](Connection& c) { answer_zeros(c, kBytes); });
  auto request = get(server.url());
  request.stall_timeout = milliseconds(100);
  auto response = fetch_head(request);
  ASSERT_TRUE(response);
  held = std::move(response->body);
  wait(pause_for(&home, milliseconds(400)));
  // Our buffer, curl's, and the kernel's on both sides.
  EXPECT_LT(server.bytes_sent, 24'000'000U);
  const auto bytes = wait(count_bytes(held.get()));
  ASSERT_TRUE(bytes) << bytes.error().describe();
  EXPECT_EQ(*bytes, kBytes);
}

TEST_F(ClientFlow, ADroppedBodyEndsItsTransfer) {
  RawServer server([](Connection& c) { answer_zeros(c, 1'000'000'000); });
  auto response = fetch_head(get(server.url()));
  ASSERT_TRUE(response);
  EXPECT_GT(wait(read_one(response->body.get()))->size(), 0U);
  destroy(std::move(response->body));
  until([&] { return server.closed_by_client == 1; });
  EXPECT_LT(server.bytes_sent, 100'000'000U);
}

TEST_F(ClientFlow, ABodyDroppedUnreadAtItsEndKeepsTheConnection) {
  RawServer server(with_length("x"));
  for (int i = 0; i < 5; ++i) {
    auto response = fetch_head(get(server.url()));
    ASSERT_TRUE(response);
    wait(read_one(response->body.get()));
    destroy(std::move(response->body));
  }
  EXPECT_EQ(server.connections, 1);
}

TEST_F(ClientFlow, WhenTheClientGoesEverybodyHearsOfIt) {
  RawServer server([](Connection& c) {
    const std::string head = c.read_head();
    if (head.starts_with("GET /body ")) c.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    c.wait_closed();
  });
  make_client();
  auto response = fetch_head(get(server.url("/body")));
  ASSERT_TRUE(response);
  held = std::move(response->body);
  auto reading = begin(read_one(held.get()));
  auto waiting = begin(fetch_whole(client.get(), get(server.url("/never"))));
  until([&] { return server.heads().size() == 2; });
  client.reset();
  EXPECT_EQ(reading.get().error().code, Code::cancelled);
  EXPECT_EQ(waiting.get().error->code, Code::cancelled);
  EXPECT_EQ(wait(read_one(held.get())).error().code, Code::cancelled);  // and again, long after
  until([&] { return server.closed_by_client == 2; });
}

TEST_F(ClientFlow, AClientWithoutWorkEndsAtOnce) {
  for (int i = 0; i < 20; ++i) {
    make_client();
    client.reset();
  }
}

TEST_F(ClientFlow, ManyAtOnce) {
  constexpr int kMany = 64;
  // Nobody gets an answer before everybody has asked: they do travel at once.
  std::latch all_asked(kMany);
  RawServer server([&all_asked](Connection& c) {
    const std::string head = c.read_head();
    if (head.empty()) return;
    all_asked.arrive_and_wait();
    const std::string number = head.substr(5, head.find(' ', 5) - 5);
    c.send(with_length(std::string(300'000, number.back()) + number));
    c.wait_closed();
  });
  make_client();
  std::vector<std::future<Whole>> all;
  for (int i = 0; i < kMany; ++i) all.push_back(begin(fetch_whole(client.get(), get(server.url("/" + std::to_string(i))))));
  for (int i = 0; i < kMany; ++i) {
    const auto got = all[static_cast<std::size_t>(i)].get();
    ASSERT_FALSE(got.error) << got.error->describe();
    const std::string number = std::to_string(i);
    EXPECT_TRUE(got.body == std::string(300'000, number.back()) + number) << i;
  }
  EXPECT_EQ(server.connections, kMany);
}

TEST_F(ClientFlow, BeyondTheConnectionLimitRequestsWaitTheirTurn) {
  RawServer server(with_length(std::string(10'000, 'x')));
  CurlOptions options;
  options.connections_per_host = 4;
  make_client(std::move(options));
  std::vector<std::future<Whole>> all;
  for (int i = 0; i < 200; ++i) all.push_back(begin(fetch_whole(client.get(), get(server.url()))));
  for (auto& one : all) EXPECT_EQ(one.get().body.size(), 10'000U);
  EXPECT_LE(server.connections, 4);
}

TEST_F(ClientFlow, OneBrokenTransferDoesNotHarmTheOthers) {
  RawServer server([](Connection& c) {
    for (std::string head = c.read_head(); !head.empty(); head = c.read_head()) {
      if (head.starts_with("GET /bad ")) {
        c.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx");
        c.reset();
        return;
      }
      c.send(with_length(std::string(500'000, 'g')));
    }
  });
  make_client();
  std::vector<std::future<Whole>> all;
  for (int i = 0; i < 40; ++i) all.push_back(begin(fetch_whole(client.get(), get(server.url(i % 2 == 0 ? "/bad" : "/good")))));
  for (int i = 0; i < 40; ++i) {
    const auto got = all[static_cast<std::size_t>(i)].get();
    EXPECT_EQ(got.error.has_value(), i % 2 == 0);
    EXPECT_EQ(got.body.size(), i % 2 == 0 ? 1U : 500'000U);
  }
}

Task<Result<std::uint64_t>> fetch_and_count(Client* client, FetchRequest request) {
  auto response = co_await client->fetch(std::move(request));
  if (!response) co_return fail(response.error());
  auto bytes = co_await count_bytes(response->body.get());
  co_return bytes;
}

TEST_F(ClientFlow, AHundredMegabytesFlow) {
  constexpr std::uint64_t kBytes = 100'000'000;
  RawServer server([](Connection& c) {
    while (!c.read_head().empty()) {
      c.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kBytes) + "\r\n\r\n");
      send_zeros(c, kBytes);
    }
  });
  make_client();
  double best = 0;
  for (int i = 0; i < 5; ++i) {
    const auto began = Clock::now();
    const auto bytes = wait(fetch_and_count(client.get(), get(server.url())));
    ASSERT_TRUE(bytes);
    EXPECT_EQ(*bytes, kBytes);
    const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
    best = std::max(best, static_cast<double>(kBytes) / 1e6 / seconds);
  }
  std::printf("throughput: %.0f MB/s\n", best);
  RecordProperty("megabytes_per_second", static_cast<int>(best));
}

Task<std::int64_t> time_to_head(Client* client, FetchRequest request) {
  const auto began = Clock::now();
  auto response = co_await client->fetch(std::move(request));
  const auto head = Clock::now();
  auto bytes = co_await count_bytes(response->body.get());
  EXPECT_TRUE(bytes);
  co_return std::chrono::duration_cast<std::chrono::microseconds>(head - began).count();
}

TEST_F(ClientFlow, TheHeadComesSoon) {
  RawServer server(with_length("hello"));
  make_client();
  std::vector<std::int64_t> times;
  for (int i = 0; i < 300; ++i) times.push_back(wait(time_to_head(client.get(), get(server.url()))));
  std::sort(times.begin(), times.end());
  std::printf("head after: median %ld us, 99%% %ld us\n", static_cast<long>(times[150]), static_cast<long>(times[297]));
  RecordProperty("head_microseconds", static_cast<int>(times[150]));
  EXPECT_LT(times[150], 50'000);  // a hop that waits for a poll to time out would show
}

}  // namespace
}  // namespace bodega::http
