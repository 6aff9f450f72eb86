#include "http/server.h"

#include <unistd.h>
#include <csignal>
#include <cstring>

#include <boost/asio/basic_waitable_timer.hpp>

#include "http/front_loop.h"
#include "http/listener.h"

namespace bodega::http {

namespace {

using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

// How often drain() looks whether all connections are gone; it happens once in the life of a process.
constexpr auto kDrainLook = std::chrono::milliseconds(5);

class ServerImpl final : public Server {
 public:
  ServerImpl(ServerOptions options, Handler& handler, Loop& home, const Clock& clock, Log& log)
      : shared_(std::move(options), handler, home, clock, log) {
    shared_.budget.max_bytes = shared_.options.hot_bytes;
    shared_.budget.max_files = shared_.options.hot_files;
    shared_.limits.head_bytes = shared_.options.max_head_bytes;
    shared_.limits.line_bytes = std::min(shared_.limits.line_bytes, shared_.limits.head_bytes);
  }

  ~ServerImpl() override {
    for (const auto& front : fronts_) front->halt();  // all threads first: they hand connections to each other
    acceptor_.reset();
    fronts_.clear();
    for (const auto& listener : listeners_) ::close(listener.fd);
    for (const auto& file : files_) file.remove();
  }

  Result<void> listen() override {
    BODEGA_TRY(shared_.trust, ProxyTrust::parse(shared_.options.trusted_proxies));
    for (const int fd : shared_.options.listen_fds) listeners_.push_back({fd, Door::everybody});
    if (listeners_.empty()) {
      for (const auto& address : shared_.options.listen) {
        BODEGA_TRY(const int fd, open_listener(address));
        listeners_.push_back({fd, Door::everybody});
      }
    }
    for (const auto& listener : listeners_) addresses_.push_back(listener_url(listener.fd));
    for (const auto& socket : shared_.options.listen_unix) {
      BODEGA_TRY(const int fd, open_unix_listener(socket));
      files_.emplace_back(socket.path);
      listeners_.push_back({fd, socket.door});
      if (socket.door == Door::everybody) addresses_.push_back("unix:" + socket.path);
    }
    return {};
  }

  std::vector<std::string> addresses() const override { return addresses_; }

  void start() override {
    std::signal(SIGPIPE, SIG_IGN);  // sendfile has no MSG_NOSIGNAL
    const auto count = std::max<std::size_t>(1, shared_.options.front_loops);
    for (std::size_t i = 0; i < count; ++i) fronts_.push_back(std::make_unique<FrontLoop>(shared_, i));
    acceptor_ = std::make_unique<Acceptor>(
        fronts_[0]->loop, std::exchange(listeners_, {}), [this](int fd, Door door) { take(fd, door); }, shared_.log);
    acceptor_->start();
    for (const auto& front : fronts_) front->start();
  }

  Task<void> drain(Duration limit) override {
    const auto end = std::chrono::steady_clock::now() + limit;
    shared_.draining.store(true);
    for (const auto& file : files_) file.remove();  // whoever comes now finds nobody, or the next server
    if (acceptor_) acceptor_->stop();
    for (const auto& front : fronts_) front->begin_drain();
    Timer timer(shared_.home.executor());
    bool forced = false;
    while (shared_.open.load() > 0) {
      timer.expires_after(kDrainLook);
      co_await timer.async_wait(use_task);
      if (std::chrono::steady_clock::now() < end) continue;
      if (std::exchange(forced, true)) break;
      for (const auto& front : fronts_) front->close_all();
    }
  }

  ServerCounters counters() const override {
    ServerCounters sum;
    LoopCounters::prepare(sum);
    for (const auto& front : fronts_) {
      front->counters.add_to(sum);
      sum.hot_entries += front->hot_entries();
    }
    sum.accepted = shared_.accepted.load();
    sum.open = shared_.open.load();
    sum.refused = shared_.refused.load();
    sum.hot_bytes = shared_.budget.bytes.load();
    return sum;
  }

 private:
  // On the first front loop.
  void take(int fd, Door door) {
    shared_.accepted.fetch_add(1, std::memory_order_relaxed);
    if (door == Door::everybody && shared_.open.load(std::memory_order_relaxed) >= shared_.options.max_connections) {
      shared_.refused.fetch_add(1, std::memory_order_relaxed);
      say_busy_and_close(fd);
      return;
    }
    shared_.open.fetch_add(1, std::memory_order_relaxed);
    fronts_[next_]->adopt(fd, door);
    next_ = (next_ + 1) % fronts_.size();
  }

  ServerShared shared_;
  std::vector<Listener> listeners_;
  std::vector<SocketFile> files_;
  std::vector<std::string> addresses_;
  std::size_t next_ = 0;
  std::vector<std::unique_ptr<FrontLoop>> fronts_;
  std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace

std::unique_ptr<Server> make_server(ServerOptions options, Handler& handler, Loop& home, const Clock& clock, Log& log) {
  return std::make_unique<ServerImpl>(std::move(options), handler, home, clock, log);
}

}  // namespace bodega::http
