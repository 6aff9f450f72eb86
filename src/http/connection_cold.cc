// What a connection does with a request that its loop cannot answer alone.
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <boost/asio/redirect_error.hpp>

#include "http/cold_answer.h"
#include "http/connection.h"
#include "http/cross_site.h"
#include "http/error_response.h"
#include "http/response_writer.h"
#include "http/target.h"

namespace bodega::http {

namespace {

std::string chunk_head(std::uint64_t length, bool first) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), length, 16).ptr;
  std::string head = first ? "" : "\r\n";  // the end of the chunk before
  head.append(digits.data(), end).append("\r\n");
  return head;
}

// The segments without those of the outside URL's path, where the proxy has left them.
std::vector<std::string> below(std::string_view mount, std::vector<std::string> segments) {
  if (mount.empty()) return segments;
  const auto outer = split_path(mount);
  if (!outer || outer->segments.size() > segments.size()) return segments;
  const auto size = static_cast<std::ptrdiff_t>(outer->segments.size());
  if (std::equal(outer->segments.begin(), outer->segments.end(), segments.begin()))
    segments.erase(segments.begin(), segments.begin() + size);
  return segments;
}

}  // namespace

void Connection::start_cold() {
  const auto& head = front_.head;
  auto call = std::make_shared<ColdCall>(front_.shared.home, front_.shared.handler);
  fill_request(head, call->request);
  begin_body(head, call);
  auto ready = refuse_early(head, call->request);
  in_.consume(head.bytes);
  call_ = call;
  failure_.clear();
  spawn(serve(shared_from_this(), std::move(call), std::move(ready)));
}

void Connection::fill_request(const RequestHead& head, Request& request) {
  front_.next_id(request.id);
  request.method = head.method;
  request.method_text = head.method_text;
  request.target = head.target;
  request.path = head.path;
  request.query = head.query;
  for (const auto& field : head.fields) request.headers.add(std::string(field.name), std::string(field.value));
  auto outside = outside_of(request.headers, head.host, peer_, front_.shared.trust);
  request.peer = {peer_text_, std::move(outside.client), !peer_ || peer_->is_loopback(), door_ == Door::administrator};
  request.scheme = std::move(outside.scheme);
  request.host = std::move(outside.host);
  request.mount = outside.path.empty() ? front_.shared.options.public_path : std::move(outside.path);
  request.accept_class = front_.class_of(head);
  request.received = began_;
}

std::optional<Response> Connection::refuse_early(const RequestHead& head, Request& request) {
  const auto& shared = front_.shared;
  std::optional<Response> refusal;
  const bool foreign_scripts = head.browser && door_ == Door::everybody;  // no browser opens a socket of the file system
  if (foreign_scripts && !shared.hosts.allows(request.host)) {
    refusal = error_response(421, Error{Code::invalid, HostRule::refusal(request.host), {}, {}}, request);
  } else if (foreign_scripts && !is_safe(request.method) && from_another_site(request.headers, request.host)) {
    refusal = error_response(Error{Code::forbidden, "a page of another site may not change anything here", {}, {}}, request);
  } else if (head.content_length.value_or(0) > shared.options.max_body_bytes) {
    const auto text = "the body is larger than the " + std::to_string(shared.options.max_body_bytes) + " bytes this server takes";
    refusal = error_response(Error{Code::too_large, text, {}, {}}, request);
  } else {
    auto path = split_path(request.path);
    if (path) {
      request.segments = below(request.mount, std::move(path->segments));
      request.trailing_slash = path->trailing_slash;
    } else {
      refusal = error_response(path.error(), request);
    }
  }
  if (refusal) refusal->route = "refused";
  return refusal;
}

Task<void> Connection::serve(std::shared_ptr<Connection> self, std::shared_ptr<ColdCall> call, std::optional<Response> ready) {
  const auto id = call->request.id;
  const auto target = call->request.target;
  if (ready) {
    call->response = std::move(*ready);
  } else {
    auto run = ColdCall::run(call);
    co_await std::move(run);
  }
  self->at_ = self->front_.now();
  if (self->is_closed()) {
    self->account_abandoned(id, target);
    co_return;
  }
  if (!call->bug.empty()) {
    self->front_.shared.log.error("http.bug", {{"id", call->request.id}, {"path", call->request.path}, {"what", call->bug}});
    call->response = error_response(Error{Code::io, "an internal error; the log has the details", call->bug, {}}, call->request);
    call->response.route = "bug";
  }
  auto sending = self->send_response(call);
  const bool sent = co_await std::move(sending);
  self->call_.reset();
  self->out_.clear();
  if (self->is_closed()) co_return;
  if (!sent) {
    self->reset();
    co_return;
  }
  auto ending = finish_cold(self);
  co_await std::move(ending);
}

Task<void> Connection::finish_cold(std::shared_ptr<Connection> self) {
  ++self->served_;
  if (!self->keep_) {
    if (self->body_.done && self->in_.empty()) {
      self->close();
      co_return;
    }
    auto lingering = linger_and_close(self);
    co_await std::move(lingering);
    co_return;
  }
  auto draining = self->drain_body();
  const bool drained = co_await std::move(draining);
  if (self->is_closed()) co_return;
  if (!drained) {
    self->close();
    co_return;
  }
  self->enter(Phase::working, Duration::max());
  self->began_ = self->at_;
  // Not called from here: requests that wait in the buffer would each nest into the one before.
  self->front_.loop.post([self] {
    if (!self->is_closed()) self->process();
  });
}

Task<bool> Connection::send_response(std::shared_ptr<ColdCall> call) {
  auto& response = call->response;
  const bool draining = front_.shared.draining.load(std::memory_order_relaxed);
  if (response.hot && !draining) front_.insert_hot(response.hot);
  auto answer = shape_answer(call->request, response, minor_version_);
  keep_ = keep_ && !response.close && !draining && body_can_end() && answer.framing != Framing::until_close;
  answer.head += front_.date(at_);
  if (response.outcome != CacheOutcome::none) append_field(answer.head, "X-Cache", to_string(response.outcome));
  append_field(answer.head, "X-Request-Id", call->request.id);
  if (persistence() == Persistence::close) append_field(answer.head, "Connection", "close");
  if (persistence() == Persistence::keep_1_0) append_field(answer.head, "Connection", "keep-alive");
  answer.head += "\r\n";

  std::string_view memory;
  if (const auto* text = std::get_if<std::string>(&response.body)) memory = *text;
  if (const auto* shared = std::get_if<std::shared_ptr<const std::string>>(&response.body); shared != nullptr && *shared) memory = **shared;
  if (answer.framing != Framing::length) memory = {};
  if (!memory.empty()) memory = memory.substr(answer.first, *answer.length);
  out_.start(answer.head, {}, memory, nullptr);  // all bytes belong to this frame and to `call`
  bool sent = false;
  if (answer.framing != Framing::none && std::holds_alternative<FileBody>(response.body)) {
    auto file = std::get<FileBody>(response.body);
    const auto end = answer.length ? answer.first + *answer.length : UINT64_MAX;
    auto sending = send_file(std::move(file), answer.first, end, answer.framing);
    sent = co_await std::move(sending);
  } else {
    sent = co_await flush();
  }
  at_ = front_.now();
  account_cold(*call, answer.status);
  co_return sent;
}

Task<bool> Connection::send_file(FileBody file, std::uint64_t offset, std::uint64_t end, Framing framing) {
  const auto& source = *file.source;
  bool first = true;
  while (offset < end) {
    auto available = source.available();
    if (available <= offset) {
      // Nothing to send for now: the head, or what it follows, must not wait for it.
      const bool flushed = co_await flush();
      if (!flushed) co_return false;
      auto waiting = source.wait_beyond(offset);
      const auto grown = co_await std::move(waiting);
      at_ = front_.now();
      if (is_closed()) co_return false;
      if (!grown) {
        failure_ = "the file broke off: " + grown.error().describe();
        co_return false;
      }
      if (*grown <= offset) break;  // the file ended here
      available = *grown;
    }
    const auto upto = std::min(available, end);
    if (framing == Framing::chunked) out_.add_text(chunk_head(upto - offset, std::exchange(first, false)));
    out_.add_file(source, offset, upto - offset);
    const bool flushed = co_await flush();
    if (!flushed) co_return false;
    offset = upto;
  }
  if (framing == Framing::length && offset < end) {
    failure_ = "the file is shorter than announced";
    co_return false;
  }
  if (framing != Framing::chunked) co_return true;
  out_.add_text(first ? "0\r\n\r\n" : "\r\n0\r\n\r\n");
  co_return co_await flush();
}

Task<bool> Connection::flush() {
  while (true) {
    if (is_closed()) co_return false;
    const auto state = out_.pump(socket_.native_handle(), front_.scratch());
    if (state == SendState::done) co_return true;
    if (state == SendState::broken || state == SendState::unread) {
      failure_ = failure_of(state);
      co_return false;
    }
    boost::system::error_code error;
    if (state == SendState::blocked) {
      enter(Phase::writing, front_.shared.options.stall_timeout);
      co_await socket_.async_wait(Socket::wait_write, asio::redirect_error(use_task, error));
      at_ = front_.now();
      if (error || is_closed()) co_return false;
      enter(Phase::working, Duration::max());
    } else {
      co_await asio::post(front_.loop.executor(), use_task);
      at_ = front_.now();
    }
  }
}

// The request itself belongs to the handler still.
void Connection::account_abandoned(std::string_view id, std::string_view target) {
  AccessEvent event;
  event.id = id;
  event.peer = peer_text_;
  event.target = target;
  event.route = "abandoned";
  event.detail = "the connection ended before the answer";
  event.status = 499;  // as nginx: the client left
  front_.account(front_.counters.route(event.route), began_, at_, event);
}

void Connection::account_cold(const ColdCall& call, int status) {
  const auto& response = call.response;
  const std::string detail =
      response.log_detail.empty() || failure_.empty() ? response.log_detail + failure_ : response.log_detail + "; " + failure_;
  AccessEvent event;
  event.id = call.request.id;
  event.peer = call.request.peer.client;
  event.method = call.request.method_text;
  event.target = call.request.target;
  event.route = response.route.empty() ? std::string_view("none") : std::string_view(response.route);
  event.user_agent = call.request.headers.get("User-Agent");
  event.detail = detail;
  event.status = status;
  event.outcome = response.outcome;
  event.bytes = out_.sent();
  front_.account(front_.counters.route(event.route), call.request.received, at_, event);
}

}  // namespace bodega::http
