// One thread of connections, with everything they share on it: the hot table, the counters, the clock's last look, buffers.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/basic_waitable_timer.hpp>

#include "async/loop.h"
#include "http/access_log.h"
#include "http/forwarded.h"
#include "http/head_parser.h"
#include "http/host_rule.h"
#include "http/hot_table.h"
#include "http/loop_counters.h"
#include "http/server.h"

namespace bodega::http {

class Connection;

// What all loops see. The options and rules never change; the rest is atomic.
struct ServerShared {
  ServerShared(ServerOptions o, Handler& h, Loop& l, const Clock& c, Log& g)
      : options(std::move(o)), handler(h), home(l), clock(c), log(g), hosts(options.public_host, options.allowed_hosts) {}
  ServerOptions options;
  Handler& handler;
  Loop& home;
  const Clock& clock;
  Log& log;
  HostRule hosts;
  ProxyTrust trust;  // set by listen()
  HotBudget budget;
  HeadLimits limits;
  std::atomic<bool> draining{false};
  std::atomic<std::uint64_t> open{0};
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> refused{0};
};

enum class Persistence { keep, keep_1_0, close };

class FrontLoop {
 public:
  FrontLoop(ServerShared& shared, std::size_t index);
  ~FrontLoop();  // halt(), and abandons what still runs

  void start();
  void halt();                    // ends the thread
  void adopt(int fd, Door door);  // from any thread; takes the connected, non-blocking socket
  void begin_drain();             // from any thread: closes idle connections, the others after their answer
  void close_all();               // from any thread: breaks what is left

  // The rest on the loop's own thread.
  ServerShared& shared;
  Loop loop;
  HotTable hot;
  LoopCounters counters;
  RequestHead head;  // of the request being looked at; overwritten by the next

  char* scratch();  // kScratchSize bytes, good until the next suspension
  MonoTime now() const { return shared.clock.mono(); }
  int class_of(const RequestHead& head);
  // Date, X-Cache of a hit, Connection where needed, and the blank line.
  std::string_view hit_tail(MonoTime at, Persistence persistence);
  std::string_view date(MonoTime at);
  void next_id(std::string& out);
  void account(std::uint32_t route, MonoTime began, MonoTime ended, AccessEvent& event);
  bool logs() const { return logs_; }

  using Member = std::list<std::shared_ptr<Connection>>::iterator;
  void remove(Member member);
  std::uint64_t hot_entries() const { return hot_entries_.load(std::memory_order_relaxed); }
  void insert_hot(std::shared_ptr<const HotEntry> entry);

 private:
  struct ClassSlot {
    std::string accept;
    std::string encoding;
    std::string agent;
    int value = 0;
    bool used = false;
  };
  void take(int fd, Door door);
  void arm_tick();
  void tick();
  void refresh_date(MonoTime at);

  bool logs_;
  AccessFormatter access_;
  std::string line_;
  std::vector<char> scratch_;
  std::list<std::shared_ptr<Connection>> connections_;
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor> timer_;
  std::atomic<std::uint64_t> hot_entries_{0};
  std::array<ClassSlot, 64> classes_;  // clients of one kind send the same three fields; more kinds than that are rare at once
  std::size_t last_class_ = 0;         // in classes_: requests of one client come in a row
  std::string id_prefix_;
  std::uint64_t id_count_ = 0;
  MonoTime date_until_{};
  MonoTime base_mono_{};
  WallTime base_wall_{};
  std::string date_;
  std::array<std::string, 3> tails_;
};

}  // namespace bodega::http
