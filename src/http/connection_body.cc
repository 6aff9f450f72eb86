// How a connection reads, or gets rid of, the body of a request.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <boost/asio/redirect_error.hpp>

#include "http/connection.h"

namespace bodega::http {

namespace {

// Up to this much unread body it is cheaper to read on than to make the client connect again.
constexpr std::uint64_t kMaxDrain = 256 * 1024;
// As nginx (lingering_time, lingering_timeout): clients that send gigabytes before they read need the time to notice.
constexpr auto kLingerTotal = std::chrono::seconds(30);
constexpr auto kLingerPause = std::chrono::seconds(5);

// A body must bring this much in each stall_timeout: 68 bytes a second with the default, which every modem does and no attack by drips can
// afford to forget.
constexpr std::uint64_t kMinProgress = 4096;

ssize_t receive(int socket, char* space, std::size_t size) {
  ssize_t got = 0;
  do {
    got = ::recv(socket, space, size, MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  return got;
}

}  // namespace

void Connection::begin_body(const RequestHead& head, const std::shared_ptr<ColdCall>& call) {
  body_ = {};
  if (!head.has_body()) return;
  body_.done = false;
  body_.wants_continue = head.expect_continue;
  body_.chunked = head.chunked;
  body_.left = head.content_length.value_or(0);
  body_.patience = front_.shared.options.stall_timeout;
  // Weak, and never locked there: the home loop must not be the one to destroy a connection.
  auto ask = [executor = front_.loop.executor(), weak = weak_from_this(), weak_call = std::weak_ptr(call)] {
    asio::post(executor, [weak, weak_call] {
      const auto self = weak.lock();
      const auto wanted = weak_call.lock();
      if (self && wanted) self->spawn(read_piece(self, wanted));
    });
  };
  call->body = std::make_unique<BodyPipe>(head.content_length, std::move(ask));
  call->request.body = call->body.get();
}

bool Connection::body_can_end() const {
  if (body_.done) return true;
  return !body_.broken && !body_.wants_continue && !body_.chunked && body_.left <= kMaxDrain;
}

Task<void> Connection::read_piece(std::shared_ptr<Connection> self, std::shared_ptr<ColdCall> call) {
  auto reading = self->next_piece();
  auto piece = co_await std::move(reading);
  call->body->deliver(std::move(piece));
}

Task<Result<std::string>> Connection::next_piece() {
  std::string piece;
  while (true) {
    if (is_closed() || body_.broken) co_return fail(Code::cancelled, "the request's body was cut off");
    if (body_.done) co_return piece;
    if (std::exchange(body_.wants_continue, false) && in_.empty()) {
      out_.start("HTTP/1.1 100 Continue\r\n\r\n", {}, {}, nullptr);
      const bool sent = co_await flush();
      if (!sent) co_return fail(Code::cancelled, "the client left");
    }
    auto taken = take_piece(piece);
    if (!taken) {
      body_.broken = true;
      co_return fail(std::move(taken).error());
    }
    if (!piece.empty()) co_return piece;
    if (*taken == Taken::nothing) {
      auto waiting = wait_for_body();
      const bool more = co_await std::move(waiting);
      if (!more) co_return fail(Code::cancelled, "the client left, or sent too little for too long");
    }
  }
}

Result<Connection::Taken> Connection::take_piece(std::string& piece) {
  if (!in_.empty()) {
    BODEGA_TRY(const auto used, decode(in_.bytes(), piece));
    in_.consume(used);
    return Taken::something;
  }
  const auto want = body_.chunked ? kScratchSize : static_cast<std::size_t>(std::min<std::uint64_t>(body_.left, kScratchSize));
  char* const space = front_.scratch();
  const auto got = receive(socket_.native_handle(), space, want);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Taken::nothing;
  if (got <= 0) return fail(Code::cancelled, "the client left before the end of the request's body");
  body_.progress += static_cast<std::uint64_t>(got);
  const std::string_view input(space, static_cast<std::size_t>(got));
  BODEGA_TRY(const auto used, decode(input, piece));
  if (used < input.size()) in_.append(input.substr(used));  // the head of the next request
  return Taken::something;
}

Result<std::size_t> Connection::decode(std::string_view input, std::string& piece) {
  std::size_t used = 0;
  if (!body_.chunked) {
    used = static_cast<std::size_t>(std::min<std::uint64_t>(body_.left, input.size()));
    piece.append(input.substr(0, used));
    body_.left -= used;
    body_.done = body_.left == 0;
    return used;
  }
  while (used < input.size() && !body_.decoder.done()) {
    BODEGA_TRY(const auto step, body_.decoder.next(input.substr(used)));
    used += step.consumed;
    piece.append(step.data);
    body_.received += step.data.size();
    if (body_.received > front_.shared.options.max_body_bytes) {
      return fail(Code::too_large,
                  "the body is larger than the " + std::to_string(front_.shared.options.max_body_bytes) + " bytes this server takes");
    }
  }
  body_.done = body_.decoder.done();
  return used;
}

Task<bool> Connection::drain_body() {
  std::string piece;
  while (!body_.done) {
    piece.clear();
    const auto taken = take_piece(piece);
    if (!taken) co_return false;
    if (*taken == Taken::nothing) {
      auto waiting = wait_readable(Phase::body, kLingerPause);
      const bool more = co_await std::move(waiting);
      if (!more) co_return false;
    }
  }
  co_return true;
}

// Time that the handler takes between its reads does not count.
Task<bool> Connection::wait_for_body() {
  if (body_.progress >= kMinProgress) {
    body_.patience = front_.shared.options.stall_timeout;
    body_.progress = 0;
  }
  const auto began = front_.now();
  auto waiting = wait_readable(Phase::body, body_.patience);
  const bool more = co_await std::move(waiting);
  body_.patience -= at_ - began;
  co_return more;
}

Task<bool> Connection::wait_readable(Phase phase, Duration limit) {
  boost::system::error_code error;
  at_ = front_.now();
  enter(phase, limit);
  co_await socket_.async_wait(Socket::wait_read, asio::redirect_error(use_task, error));
  at_ = front_.now();
  if (error || is_closed()) co_return false;
  enter(Phase::working, Duration::max());
  co_return true;
}

// Closing a socket with unread bytes sends a reset, which can destroy the answer on its way. So: end our side, read on for a while.
Task<void> Connection::linger_and_close(std::shared_ptr<Connection> self) {
  self->at_ = self->front_.now();
  self->phase_ = Phase::lingering;
  const auto end = self->at_ + kLingerTotal;
  boost::system::error_code ignored;
  self->socket_.shutdown(Socket::shutdown_send, ignored);
  while (!self->is_closed() && self->at_ < end) {
    const auto got = receive(self->socket_.native_handle(), self->front_.scratch(), kScratchSize);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) break;
    if (got > 0) {
      co_await asio::post(self->front_.loop.executor(), use_task);
      self->at_ = self->front_.now();
      continue;
    }
    auto waiting = self->wait_readable(Phase::lingering, kLingerPause);
    const bool more = co_await std::move(waiting);
    if (!more) break;
  }
  self->close();
}

}  // namespace bodega::http
