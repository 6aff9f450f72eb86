// For the client's tests: a server that says exactly the bytes a test wants, on a port of its own, and a client on a home loop of its own.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "async/loop.h"
#include "http/client.h"
#include "http/client_error.h"
#include "http/client_options.h"
#include "testing/memory_log.h"

// At -O1, as the sanitizers build, GCC 12 inlines only one half of Asio's frame allocation and calls the halves mismatched.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace bodega::http {

class RawServer {
 public:
  // One accepted connection, on a thread of its own.
  class Connection {
   public:
    Connection(RawServer& server, int fd) : server_(server), fd_(fd) {}
    // The next request's head with its empty line; "" when the client has gone. Bodies stay unread in `rest`.
    std::string read_head() {
      for (;;) {
        if (const auto end = rest.find("\r\n\r\n"); end != std::string::npos) {
          std::string head = rest.substr(0, end + 4);
          rest.erase(0, end + 4);
          server_.record(head);
          return head;
        }
        if (!read_some()) return {};
      }
    }
    bool read_some() {
      char buffer[65536];
      const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
      if (got <= 0) return false;
      rest.append(buffer, static_cast<std::size_t>(got));
      return true;
    }
    // False when the client has gone.
    bool send(std::string_view bytes) {
      while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        server_.bytes_sent += static_cast<std::uint64_t>(sent);
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      }
      return true;
    }
    // Until the client closes; what it still sends is dropped.
    void wait_closed() {
      while (read_some()) rest.clear();
      server_.closed_by_client.fetch_add(1);
    }
    bool closed_within(std::chrono::milliseconds time) {
      pollfd wait{fd_, POLLIN, 0};
      return ::poll(&wait, 1, static_cast<int>(time.count())) > 0 && !read_some();
    }
    void reset() {
      const linger hard{1, 0};
      setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    }
    int fd() const { return fd_; }
    std::string rest;

   private:
    RawServer& server_;
    int fd_;
  };
  using Serve = std::function<void(Connection&)>;

  explicit RawServer(Serve serve) : serve_(std::move(serve)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(listen(listener_, 256), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  // The same answer to every request of every connection.
  explicit RawServer(std::string answer)
      : RawServer([answer](Connection& c) {
          while (!c.read_head().empty() && c.send(answer)) {
          }
        }) {}
  ~RawServer() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : open_) shutdown(fd, SHUT_RDWR);
    }
    for (auto& thread : threads_) thread.join();
    close(listener_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url(std::string_view path = "/", std::string_view host = "127.0.0.1") const {
    return "http://" + std::string(host) + ":" + std::to_string(port_) + std::string(path);
  }
  std::vector<std::string> heads() const {
    const std::lock_guard lock(mutex_);
    return heads_;
  }
  std::atomic<int> connections{0};
  std::atomic<int> closed_by_client{0};
  std::atomic<std::uint64_t> bytes_sent{0};

 private:
  void accept_all() {
    for (int fd = 0; (fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      ++connections;
      const std::lock_guard lock(mutex_);
      open_.insert(fd);
      threads_.emplace_back([this, fd] {
        Connection connection(*this, fd);
        serve_(connection);
        const std::lock_guard inner(mutex_);
        open_.erase(fd);
        close(fd);
      });
    }
  }
  void record(const std::string& head) {
    const std::lock_guard lock(mutex_);
    heads_.push_back(head);
  }

  Serve serve_;
  int listener_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> heads_;
  std::set<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

inline std::string with_length(std::string_view body, std::string_view more = "", std::string_view status = "200 OK") {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(more) + "\r\n" +
         std::string(body);
}

// Everything that came of one fetch.
struct Whole {
  std::optional<Error> error;  // of the head or the body
  bool has_head = false;
  int status = 0;
  Headers headers;
  Url final_url;
  std::optional<std::uint64_t> content_length;
  bool end_is_marked = true;
  std::string body;
};

inline Task<Result<std::string>> read_to_end(FetchBody* body, std::string* into) {
  for (;;) {
    auto piece = co_await body->read();
    if (!piece) co_return fail(piece.error());
    if (piece->empty()) co_return std::string();
    *into += *piece;
  }
}

inline Task<Whole> fetch_whole(Client* client, FetchRequest request) {
  Whole whole;
  auto response = co_await client->fetch(std::move(request));
  if (!response) {
    whole.error = response.error();
    co_return whole;
  }
  whole.has_head = true;
  whole.status = response->status;
  whole.headers = response->headers;
  whole.final_url = response->final_url;
  whole.content_length = response->content_length;
  whole.end_is_marked = response->end_is_marked;
  auto ended = co_await read_to_end(response->body.get(), &whole.body);
  if (!ended) whole.error = ended.error();
  co_return whole;
}

inline FetchRequest get(const std::string& url) {
  FetchRequest request;
  request.url = *Url::parse(url);
  return request;
}

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() { home.start(); }
  ~ClientTest() override { client.reset(); }

  void make_client(CurlOptions options = {}) {
    options.user_agent = "bodega/test";
    if (!options.proxies) options.proxies = ProxySettings();
    auto made = make_curl_client(std::move(options), home, log);
    ASSERT_TRUE(made) << made.error().describe();
    client = std::move(*made);
  }
  // On the home loop; the test waits.
  template <class T>
  T wait(Task<T> task) {
    return asio::co_spawn(home.executor(), std::move(task), asio::use_future).get();
  }
  template <class T>
  std::future<T> begin(Task<T> task) {
    return asio::co_spawn(home.executor(), std::move(task), asio::use_future);
  }
  Whole fetch(FetchRequest request) {
    if (!client) make_client();
    return wait(fetch_whole(client.get(), std::move(request)));
  }
  Whole fetch(const std::string& url) { return fetch(get(url)); }
  Result<FetchResponse> fetch_head(FetchRequest request) {
    if (!client) make_client();
    return wait(client->fetch(std::move(request)));
  }

  Loop home{"home"};
  testing::MemoryLog log;
  std::unique_ptr<Client> client;
};

inline FetchFailure kind_of(const Whole& whole) {
  EXPECT_TRUE(whole.error) << "status " << whole.status << ", " << whole.body.size() << " bytes";
  return whole.error ? failure_of(*whole.error) : FetchFailure::other;
}

}  // namespace bodega::http
