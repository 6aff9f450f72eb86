// A real server on a free loopback port, with a handler made of the test's own functions, and a log that keeps what it is told.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>

#include "async/loop.h"
#include "http/server.h"

namespace bodega::testing {

class LinesLog final : public Log {
 public:
  void write(LogLevel, std::string_view event, std::initializer_list<LogField> fields) override {
    std::string line(event);
    for (const auto& field : fields) line.append(" ").append(field.name).append("=").append(to_string(field.value));
    write_line(line);
  }
  void write_line(std::string_view line) override {
    {
      const std::lock_guard lock(mutex_);
      lines_.emplace_back(line);
    }
    changed_.notify_all();
  }
  bool json() const override { return false; }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  // The first line with this text, waited for: lines of a request may come after its answer.
  std::string wait_line(std::string_view text) {
    std::unique_lock lock(mutex_);
    std::string found;
    const auto look = [&] {
      const auto at =
          std::find_if(lines_.begin(), lines_.end(), [&](const std::string& line) { return line.find(text) != std::string::npos; });
      if (at != lines_.end()) found = *at;
      return at != lines_.end();
    };
    changed_.wait_for(lock, std::chrono::seconds(10), look);
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

// Handlers by path. A function may be a coroutine, but no capturing lambda may be one.
class ServedHandler final : public http::Handler {
 public:
  using Function = std::function<Task<http::Response>(http::Request&)>;
  void on(std::string path, Function function) { functions_[std::move(path)] = std::move(function); }
  Task<http::Response> handle(http::Request& request) override {
    ++calls;
    const auto found = functions_.find(request.path);
    return found == functions_.end() ? missing() : found->second(request);
  }
  std::atomic<int> calls{0};

 private:
  static Task<http::Response> missing() {
    http::Response response;
    response.status = 404;
    response.body = std::string("nothing here\n");
    response.route = "missing";
    co_return response;
  }
  std::map<std::string, Function> functions_;
};

class Served {
 public:
  explicit Served(http::ServerOptions options = {}) : home("home") {
    options.listen = {"127.0.0.1:0"};
    home.start();
    server = http::make_server(std::move(options), handler, home, clock, log);
    const auto listening = server->listen();
    if (!listening) throw std::runtime_error(listening.error().message);
    server->start();
    url = server->addresses().at(0);
  }
  // As the program does it: the server goes while the home loop still runs.
  ~Served() { server.reset(); }

  void drain(Duration limit) {
    auto task = server->drain(limit);
    asio::co_spawn(home.executor(), std::move(task), asio::use_future).get();
  }

  Loop home;
  SystemClock clock;
  LinesLog log;
  ServedHandler handler;
  std::unique_ptr<http::Server> server;
  std::string url;
};

}  // namespace bodega::testing
