#include "http/front_loop.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <random>

#include <fmt/format.h>

#include "http/connection.h"
#include "http/outgoing.h"

namespace bodega::http {

namespace {

// Deadlines are seconds long: looking at them once a second is exact enough. Shorter ones, as tests set them, are looked at more often.
Duration tick_of(const ServerOptions& options) {
  const auto shortest = std::min({options.head_timeout, options.idle_timeout, options.stall_timeout});
  return std::clamp<Duration>(shortest / 4, std::chrono::milliseconds(10), std::chrono::seconds(1));
}

// Forgotten entries looked for per tick: enough to walk the default table in about a minute, cheap enough not to be felt (some 50 µs).
constexpr std::size_t kSweepPerTick = 1024;
// Longer keys than this are asked again each time rather than kept.
constexpr std::size_t kMaxClassKey = 1024;

}  // namespace

FrontLoop::FrontLoop(ServerShared& s, std::size_t index)
    : shared(s),
      loop("front-" + std::to_string(index)),
      hot(s.options.hot_entries, s.budget),
      logs_(s.options.access_log && s.log.wants(LogLevel::info)),
      access_(s.log.json() ? LogFormat::json : LogFormat::text),
      timer_(loop.executor()) {
  std::random_device random;
  id_prefix_ = fmt::format("{:08x}{:x}-", random(), index);  // tells apart runs and loops
  head.fields.reserve(s.limits.fields);
}

FrontLoop::~FrontLoop() {
  halt();
  for (const auto& connection : connections_) connection->abandon();
  connections_.clear();
}

void FrontLoop::start() {
  arm_tick();
  loop.start();
}

void FrontLoop::halt() {
  loop.stop();
  loop.join();
}

void FrontLoop::adopt(int fd, Door door) {
  if (loop.here()) {
    take(fd, door);
    return;
  }
  loop.post([this, fd, door] { take(fd, door); });
}

void FrontLoop::take(int fd, Door door) {
  auto connection = std::make_shared<Connection>(*this, fd, door);
  connections_.push_front(connection);
  connection->start(connections_.begin());
}

void FrontLoop::remove(Member member) { connections_.erase(member); }

void FrontLoop::begin_drain() {
  loop.post([this] {
    const auto all = connections_;
    for (const auto& connection : all) connection->drain();
  });
}

void FrontLoop::close_all() {
  loop.post([this] {
    const auto all = connections_;
    for (const auto& connection : all) connection->reset();
  });
}

char* FrontLoop::scratch() {
  if (scratch_.empty()) scratch_.resize(kScratchSize);
  return scratch_.data();
}

int FrontLoop::class_of(const RequestHead& request) {
  if (!shared.options.classify) return 0;
  std::string_view accept = request.first(Field::accept);
  std::string_view encoding = request.first(Field::accept_encoding);
  const auto agent = request.first(Field::user_agent);
  std::string joined_accept;
  std::string joined_encoding;
  const auto join = [&request](std::string& out, Field wanted) {
    for (const auto& field : request.fields) {
      if (identify_field(field.name) == wanted) out.append(out.empty() ? "" : ", ").append(field.value);
    }
    return std::string_view(out);
  };
  if (request.repeated(Field::accept)) accept = join(joined_accept, Field::accept);
  if (request.repeated(Field::accept_encoding)) encoding = join(joined_encoding, Field::accept_encoding);
  if (accept.size() + encoding.size() + agent.size() > kMaxClassKey) return shared.options.classify(accept, encoding, agent);
  const auto same = [&](const ClassSlot& slot) {
    return slot.used && slot.accept == accept && slot.encoding == encoding && slot.agent == agent;
  };
  if (same(classes_[last_class_])) return classes_[last_class_].value;
  constexpr std::hash<std::string_view> hash;
  last_class_ = (hash(accept) + 3 * hash(encoding) + 5 * hash(agent)) % classes_.size();
  auto& slot = classes_[last_class_];
  if (!same(slot)) {
    slot.value = shared.options.classify(accept, encoding, agent);
    slot.accept = accept;
    slot.encoding = encoding;
    slot.agent = agent;
    slot.used = true;
  }
  return slot.value;
}

void FrontLoop::refresh_date(MonoTime at) {
  base_mono_ = at;
  base_wall_ = shared.clock.wall();
  const auto second = std::chrono::floor<std::chrono::seconds>(base_wall_);
  date_until_ = at + std::chrono::seconds(1) - std::chrono::duration_cast<Duration>(base_wall_ - second);
  date_ = "Date: " + http_date(second) + "\r\n";
  tails_[0] = date_ + "X-Cache: hit\r\n\r\n";
  tails_[1] = date_ + "X-Cache: hit\r\nConnection: keep-alive\r\n\r\n";
  tails_[2] = date_ + "X-Cache: hit\r\nConnection: close\r\n\r\n";
}

std::string_view FrontLoop::date(MonoTime at) {
  if (at >= date_until_) refresh_date(at);
  return date_;
}

std::string_view FrontLoop::hit_tail(MonoTime at, Persistence persistence) {
  if (at >= date_until_) refresh_date(at);
  return tails_[static_cast<std::size_t>(persistence)];
}

void FrontLoop::next_id(std::string& out) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), ++id_count_, 36).ptr;
  out.assign(id_prefix_).append(digits.data(), end);
}

void FrontLoop::account(std::uint32_t route, MonoTime began, MonoTime ended, AccessEvent& event) {
  const double seconds = std::chrono::duration<double>(ended - began).count();
  counters.count(route, event.status, event.outcome, event.bytes, seconds);
  if (!logs_) return;
  if (ended >= date_until_) refresh_date(ended);
  event.milliseconds = seconds * 1000;
  line_.clear();
  const auto time = base_wall_ + std::chrono::duration_cast<std::chrono::microseconds>(ended - base_mono_);
  access_.format(line_, time, event);
  shared.log.write_line(line_);
}

void FrontLoop::insert_hot(std::shared_ptr<const HotEntry> entry) {
  const auto route = counters.route(entry->route);
  hot.insert(std::move(entry), route);
  hot_entries_.store(hot.size(), std::memory_order_relaxed);
}

void FrontLoop::arm_tick() {
  timer_.expires_after(tick_of(shared.options));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    tick();
    arm_tick();
  });
}

void FrontLoop::tick() {
  const auto at = now();
  hot.sweep(at, kSweepPerTick);
  hot_entries_.store(hot.size(), std::memory_order_relaxed);
  for (auto next = connections_.begin(); next != connections_.end();) {
    const auto connection = *next++;  // expire() may take it out of the list
    if (connection->deadline() <= at) connection->expire();
  }
}

}  // namespace bodega::http
