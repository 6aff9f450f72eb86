#include "http/client_thread.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/check.h"

namespace bodega::http {
namespace {

// Only a net under forgotten wake-ups; every event wakes the thread by itself.
constexpr auto kLongestPoll = std::chrono::seconds(10);

MonoTime now_mono() { return std::chrono::steady_clock::now(); }

Error stopping_error() { return fetch_error(FetchFailure::cancelled, "the server is stopping", "the upstream client has ended"); }

void set(CURLM* multi, CURLMoption option, long value) {
  BODEGA_CHECK(curl_multi_setopt(multi, option, value) == CURLM_OK, "libcurl takes the option");
}

// OpenSSL writes to sockets without MSG_NOSIGNAL. Blocked here, it gets EPIPE.
void block_sigpipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

bool Mailbox::post(Command command) {
  const std::lock_guard lock(mutex_);
  if (multi_ == nullptr) return false;
  commands_.push_back(std::move(command));
  if (commands_.size() == 1) curl_multi_wakeup(multi_);
  return true;
}

std::vector<Mailbox::Command> Mailbox::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(commands_, {});
}

void Mailbox::request_stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  curl_multi_wakeup(multi_);
}

bool Mailbox::stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void Mailbox::close() {
  const std::lock_guard lock(mutex_);
  multi_ = nullptr;
}

UpstreamThread::UpstreamThread(const CurlOptions& options, ExtraCertificates extra_certificates)
    : settings_{options.user_agent, std::move(extra_certificates), options.head_bytes}, multi_(curl_multi_init()) {
  BODEGA_CHECK(multi_ != nullptr, "libcurl has memory for its multi handle");
  set(multi_.get(), CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
  set(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(options.connections_per_host));
  set(multi_.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(options.connections));
  set(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(options.idle_connections));
  mailbox_ = std::make_shared<Mailbox>(multi_.get());
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "upstream");
    block_sigpipe();
    run();
  });
}

UpstreamThread::~UpstreamThread() {
  mailbox_->request_stop();
  thread_.join();
  mailbox_->close();
  for (const auto& command : mailbox_->take()) command.inbox->finish(stopping_error());
  while (!exchanges_.empty()) {
    exchanges_.begin()->second->cancel(stopping_error());
    end(exchanges_.begin()->first);
  }
}

void UpstreamThread::run() {
  while (!mailbox_->stopping()) {
    for (auto& command : mailbox_->take()) obey(std::move(command), now_mono());
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    const MonoTime now = now_mono();
    collect_finished();  // first: their readers wake once for the last piece and the end
    for (const auto& entry : exchanges_) {
      if (entry.second->flush(now)) next_deadline_ = now;
    }
    if (now >= next_deadline_) end_overdue(now);
    const auto until = std::clamp<Duration>(next_deadline_ - now, Duration::zero(), kLongestPoll);
    const auto wait_ms = std::chrono::ceil<std::chrono::milliseconds>(until).count();
    curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(wait_ms), nullptr);
  }
}

void UpstreamThread::obey(Mailbox::Command command, MonoTime now) {
  using Kind = Mailbox::Command::Kind;
  Inbox* key = command.inbox.get();
  if (command.kind == Kind::start) {
    auto exchange = std::make_unique<Exchange>(std::move(command.inbox), std::move(*command.request), settings_, now);
    BODEGA_CHECK(curl_multi_add_handle(multi_.get(), exchange->easy()) == CURLM_OK, "libcurl takes the handle");
    exchanges_.emplace(key, std::move(exchange));
    next_deadline_ = now;  // asked for its deadlines after it has begun
    return;
  }
  const auto found = exchanges_.find(key);
  if (found == exchanges_.end()) return;  // ended meanwhile
  if (command.kind == Kind::cancel) {
    found->second->cancel(fetch_error(FetchFailure::cancelled, "the transfer was given up", "the reader left"));
    end(key);
  } else {
    next_deadline_ = now;
    if (found->second->go_on(now)) end(key);
  }
}

void UpstreamThread::collect_finished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    Exchange* exchange = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
    if (exchange->done(code)) end(&exchange->inbox());
  }
}

void UpstreamThread::end_overdue(MonoTime now) {
  next_deadline_ = MonoTime::max();
  std::vector<Inbox*> ended;
  for (const auto& entry : exchanges_) {
    if (entry.second->overdue(now, next_deadline_)) ended.push_back(entry.first);
  }
  for (Inbox* inbox : ended) end(inbox);
}

void UpstreamThread::end(Inbox* inbox) {
  const auto found = exchanges_.find(inbox);
  curl_multi_remove_handle(multi_.get(), found->second->easy());
  exchanges_.erase(found);
}

}  // namespace bodega::http
