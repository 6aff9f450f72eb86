#include "http/connection.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>
#include <charconv>

#include <boost/asio/post.hpp>

#include "base/text.h"
#include "http/response_writer.h"

namespace bodega::http {

namespace {

// A client that pipelines gets this many answers before the loop looks at others.
constexpr int kMaxInARow = 16;
// A connection that was accepted before a drain but has sent nothing yet: its request is on the way.
constexpr auto kDrainGrace = std::chrono::seconds(1);

std::optional<IpAddress> peer_of(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  if (::getpeername(fd, address, &length) != 0) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (storage.ss_family == AF_INET) {
    bytes = &reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr;
  } else if (storage.ss_family == AF_INET6) {
    bytes = &reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr;
  } else {
    return std::nullopt;
  }
  if (::inet_ntop(storage.ss_family, bytes, text.data(), text.size()) == nullptr) return std::nullopt;
  return IpAddress::parse(text.data());
}

asio::generic::stream_protocol protocol_of(int fd) {
  int family = AF_INET;
  socklen_t length = sizeof family;
  ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length);
  return {family, 0};
}

// Requests whose answer may depend on more than path and class are for the handler. Credentials are not among these reasons: an entry is
// made only of what everybody gets.
bool may_be_hot(const RequestHead& head, const HostRule& hosts) {
  if (head.method != Method::get && head.method != Method::head) return false;
  if (!head.query.empty() || head.has_body()) return false;
  if (head.has(Field::x_devpi_absolute_urls)) return false;
  if (head.repeated(Field::if_none_match) || head.repeated(Field::cache_control)) return false;
  if (list_has(head.first(Field::cache_control), "no-cache")) return false;
  if (!head.has(Field::cache_control) && list_has(head.first(Field::pragma), "no-cache")) return false;
  return !head.browser || hosts.allows(head.host);
}

Conditions conditions_of(const RequestHead& head) {
  Conditions conditions;
  conditions.has_if_none_match = head.has(Field::if_none_match);
  conditions.if_none_match = head.first(Field::if_none_match);
  conditions.if_modified_since = head.first(Field::if_modified_since);
  if (head.method == Method::get && !head.repeated(Field::range)) conditions.range = head.first(Field::range);
  conditions.if_range = head.first(Field::if_range);
  return conditions;
}

int status_in(std::string_view head) {
  int status = 200;
  std::from_chars(head.data() + 9, head.data() + 12, status);  // behind "HTTP/1.1 "
  return status;
}

std::string plain_answer(int status, std::string_view text, std::string_view date) {
  std::string answer;
  append_status_line(answer, status, text);
  append_field(answer, "Content-Type", "text/plain; charset=utf-8");
  append_field(answer, "Content-Length", text.size() + 1);
  append_field(answer, "Cache-Control", "no-store");
  append_field(answer, "Connection", "close");
  answer.append(date).append("\r\n").append(text).append("\n");
  return answer;
}

}  // namespace

Connection::Connection(FrontLoop& front, int fd, Door door)
    : front_(front),
      socket_(front.loop.executor(), protocol_of(fd), fd),
      door_(door),
      peer_(peer_of(fd)),
      peer_text_(peer_ ? peer_->text() : "unix") {
  boost::system::error_code ignored;
  socket_.native_non_blocking(true, ignored);
  trusted_ = peer_ && front.shared.trust.trusts(*peer_);
}

Connection::~Connection() = default;

void Connection::start(FrontLoop::Member member) {
  member_ = member;
  at_ = front_.now();
  enter(Phase::idle, front_.shared.options.head_timeout);
  arm_read();
}

void Connection::enter(Phase phase, Duration limit) {
  phase_ = phase;
  deadline_ = limit == Duration::max() ? MonoTime::max() : at_ + limit;
}

void Connection::arm_read() {
  in_.make_room();
  socket_.async_read_some(
      asio::buffer(in_.space(), in_.room()),
      [self = shared_from_this()](const boost::system::error_code& error, std::size_t count) { self->on_read(error, count); });
}

void Connection::on_read(const boost::system::error_code& error, std::size_t count) {
  if (phase_ != Phase::idle && phase_ != Phase::head) return;
  if (error) {
    close();
    return;
  }
  in_.commit(count);
  at_ = front_.now();
  if (phase_ == Phase::idle) began_ = at_;
  process();
}

void Connection::process() {
  for (int i = 0; i < kMaxInARow; ++i) {
    if (next_request() == Step::wait) return;
  }
  front_.loop.post([self = shared_from_this()] {
    if (!self->is_closed()) self->process();
  });
}

Connection::Step Connection::next_request() {
  const auto& options = front_.shared.options;
  if (in_.empty()) {
    if (served_ > 0 && front_.shared.draining.load(std::memory_order_relaxed)) {
      close();
      return Step::wait;
    }
    in_.shrink();
    enter(Phase::idle, served_ > 0 ? options.idle_timeout : options.head_timeout);
    arm_read();
    return Step::wait;
  }
  HeadFault fault;
  auto& head = front_.head;
  switch (parse_head(in_.bytes(), scanned_, front_.shared.limits, head, fault)) {
    case HeadStatus::need_more:
      if (phase_ != Phase::head) enter(Phase::head, options.head_timeout);
      arm_read();
      return Step::wait;
    case HeadStatus::refused: refuse_head(fault); return Step::wait;
    case HeadStatus::complete: break;
  }
  scanned_ = 0;
  enter(Phase::working, Duration::max());
  keep_ = head.keep_alive && !front_.shared.draining.load(std::memory_order_relaxed);
  minor_version_ = head.minor_version;
  method_ = head.method;
  return answer_hot();
}

Connection::Step Connection::answer_hot() {
  auto& head = front_.head;
  const HotTable::Item* item = nullptr;
  // What a trusted proxy says about the host is for the whole rule, on the cold path.
  if (may_be_hot(head, front_.shared.hosts) && !(trusted_ && head.browser)) {
    item = front_.hot.find(head.path, at_, [this, &head] { return front_.class_of(head); });
  }
  if (item == nullptr) {
    start_cold();
    return Step::wait;
  }
  queue_hot(*item);
  return send_hot();
}

void Connection::queue_hot(const HotTable::Item& item) {
  const auto& head = front_.head;
  const auto& entry = *item.entry;
  Selection chosen{status_in(entry.head), 0, entry.length};
  if (!entry.head_not_modified.empty() || entry.ranges) {
    const Validators validators{entry.etag, entry.last_modified};
    chosen = select(conditions_of(head), validators, entry.ranges ? AcceptRanges::yes : AcceptRanges::no, entry.length);
  }
  std::string_view out_head = entry.head;
  if (chosen.status == 304) out_head = entry.head_not_modified;
  if (chosen.status == 206) out_head = partial_head_ = make_head_206(entry.head, chosen.first, chosen.length, entry.length);
  if (chosen.status == 416) out_head = partial_head_ = make_head_416(entry.length);
  const auto tail = front_.hit_tail(at_, persistence());
  const bool with_body = head.method == Method::get && chosen.status != 304 && chosen.status != 416;
  const auto* memory = std::get_if<std::shared_ptr<const std::string>>(&entry.body);
  std::string_view body;
  if (with_body && memory != nullptr) body = std::string_view(**memory).substr(chosen.first, chosen.length);
  out_.start(out_head, tail, body, item.entry);
  if (const auto* file = std::get_if<FileBody>(&entry.body); with_body && file != nullptr) {
    out_.add_file(*file->source, chosen.first, chosen.length);
  }
  if (trusted_ && front_.logs()) {
    Headers headers;
    for (const auto& field : head.fields) headers.add(std::string(field.name), std::string(field.value));
    client_ = outside_of(headers, head.host, peer_, front_.shared.trust).client;
  }
  hot_ = {item.route, chosen.status, head.method_text, head.target, head.first(Field::user_agent), entry.route, head.bytes};
}

Connection::Step Connection::send_hot() {
  const auto state = out_.pump(socket_.native_handle(), front_.scratch());
  switch (state) {
    case SendState::done:
      account_hot();
      end_request();
      return is_closed() || phase_ == Phase::lingering ? Step::wait : Step::go_on;
    case SendState::broken:
    case SendState::unread:
      failure_ = failure_of(state);
      account_hot();
      reset();
      return Step::wait;
    case SendState::blocked:
      enter(Phase::writing, front_.shared.options.stall_timeout);
      socket_.async_wait(Socket::wait_write,
                         [self = shared_from_this()](const boost::system::error_code& error) { self->on_writable(error); });
      return Step::wait;
    case SendState::yield: front_.loop.post([self = shared_from_this()] { self->on_writable({}); }); return Step::wait;
  }
  return Step::wait;
}

void Connection::on_writable(const boost::system::error_code& error) {
  if (is_closed()) return;
  if (error) {
    reset();
    return;
  }
  at_ = front_.now();
  if (send_hot() == Step::go_on) process();
}

void Connection::account_hot() {
  AccessEvent event;
  event.peer = trusted_ ? client_ : peer_text_;
  event.method = hot_.method;
  event.target = hot_.target;
  event.route = hot_.route_name;
  event.user_agent = hot_.user_agent;
  event.detail = failure_;
  event.status = hot_.status;
  event.outcome = CacheOutcome::hit;
  event.bytes = out_.sent();
  at_ = front_.now();
  front_.account(hot_.route, began_, at_, event);
}

void Connection::end_request() {
  out_.clear();
  in_.consume(hot_.head_bytes);
  hot_ = {};
  ++served_;
  began_ = at_;  // of the next one, if it is here already
  phase_ = Phase::working;
  if (keep_) return;
  if (in_.empty()) {
    close();
  } else {
    spawn(linger_and_close(shared_from_this()));
  }
}

Persistence Connection::persistence() const {
  if (!keep_) return Persistence::close;
  return minor_version_ == 0 ? Persistence::keep_1_0 : Persistence::keep;
}

void Connection::refuse_head(const HeadFault& fault) { spawn(send_fault(shared_from_this(), fault.status, fault.text)); }

Task<void> Connection::send_fault(std::shared_ptr<Connection> self, int status, std::string_view text) {
  self->enter(Phase::working, Duration::max());
  self->keep_ = false;
  auto answer = plain_answer(status, text, self->front_.date(self->at_));
  self->out_.start({}, {}, {}, nullptr);
  self->out_.add_text(std::move(answer));
  const bool sent = co_await self->flush();
  AccessEvent event;
  event.peer = self->peer_text_;
  event.route = "refused";
  event.detail = text;
  event.status = status;
  event.bytes = self->out_.sent();
  self->at_ = self->front_.now();
  self->front_.account(self->front_.counters.route(event.route), self->began_, self->at_, event);
  if (!sent) {
    self->reset();
    co_return;
  }
  auto lingering = linger_and_close(self);
  co_await std::move(lingering);
}

void Connection::expire() {
  at_ = front_.now();
  switch (phase_) {
    case Phase::head: {
      boost::system::error_code ignored;
      phase_ = Phase::working;  // so that the read that is cancelled here is not taken for the end of the connection
      socket_.cancel(ignored);
      refuse_head({408, "the request head took too long"});
      break;
    }
    case Phase::idle: close(); break;
    default: reset(); break;
  }
}

void Connection::drain() {
  if (phase_ != Phase::idle) return;
  char byte = 0;
  const auto waiting = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (waiting > 0) return;  // its request is here: answered with "Connection: close"
  if (served_ > 0 || waiting == 0) {
    close();
    return;
  }
  at_ = front_.now();
  enter(Phase::idle, kDrainGrace);
}

void Connection::close() {
  if (is_closed()) return;
  phase_ = Phase::closed;
  deadline_ = MonoTime::max();
  boost::system::error_code ignored;
  socket_.close(ignored);
  if (const auto call = std::move(call_)) call->abandon();
  front_.shared.open.fetch_sub(1, std::memory_order_relaxed);
  const auto self = shared_from_this();
  front_.remove(member_);
}

void Connection::reset() {
  if (is_closed()) return;
  boost::system::error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

void Connection::abandon() {
  if (const auto call = std::move(call_)) call->abandon();
}

void Connection::spawn(Task<void> task) {
  asio::co_spawn(front_.loop.executor(), std::move(task), [self = shared_from_this()](const std::exception_ptr& error) {
    if (!error) return;
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& bug) {
      self->front_.shared.log.error("http.bug", {{"what", bug.what()}});
    }
    self->reset();
  });
}

}  // namespace bodega::http
