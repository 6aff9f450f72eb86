// An upstream made of a script: answers by URL, bodies that wait until the test lets them go, failures at a chosen byte, and a record of
// every question, so that tests can also say that nobody was asked. One thread: the loop that the test polls.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/signal.h"
#include "base/text.h"
#include "http/client.h"
#include "http/client_error.h"

namespace bodega::testing {

// Closed until the test opens it; then open for good. Shared by the script and the answers that wait.
class Gate {
 public:
  void open() {
    open_ = true;
    changed_.notify_all();
  }
  bool is_open() const { return open_; }
  // Those who wait get cancelled: at the end of a test nothing waits for ever.
  void abandon() {
    abandoned_ = true;
    changed_.notify_all();
  }
  // False when abandoned.
  Task<bool> wait() {
    auto closed = [this] { return !open_ && !abandoned_; };
    while (closed()) co_await changed_.wait(closed);
    co_return open_;
  }

 private:
  bool open_ = false;
  bool abandoned_ = false;
  Signal changed_;
};
inline std::shared_ptr<Gate> make_gate() { return std::make_shared<Gate>(); }

struct Answer {
  int status = 200;
  http::Headers headers;
  std::string body;
  std::size_t piece_bytes = 256 * 1024;  // of one read()
  bool send_length = true;               // content_length and a Content-Length header
  bool end_is_marked = true;
  // With status 200: a Range of the request gets 206 or 416, unless If-Range names another ETag; If-None-Match with the same ETag gets 304.
  bool ranges = true;
  bool conditional = true;
  std::optional<Error> error;       // instead of an answer
  bool never = false;               // no answer, ever (until the asker goes)
  std::shared_ptr<Gate> hold_head;  // the answer waits for it
  std::shared_ptr<Gate> hold_body;  // the body waits for it, once `hold_at` bytes are out
  std::size_t hold_at = 0;
  std::optional<std::size_t> fail_at;  // the body breaks off after so many of the bytes that are sent
  Error fail_with = http::fetch_error(http::FetchFailure::cut, "the upstream cut its answer off", "scripted");
  std::optional<Url> final_url;  // as after redirects
};

inline Answer answer(std::string body, std::string etag = {}) {
  Answer made;
  made.body = std::move(body);
  if (!etag.empty()) made.headers.add("ETag", std::move(etag));
  return made;
}
inline Answer answer_status(int status, std::string body = {}) {
  Answer made;
  made.status = status;
  made.body = std::move(body);
  return made;
}
inline Answer answer_error(http::FetchFailure kind) {
  Answer made;
  made.error = http::fetch_error(kind, "the upstream failed as scripted", "scripted");
  return made;
}

class ScriptedBody final : public http::FetchBody {
 public:
  // `alive` is counted down when the body goes: tests see transfers that were given up.
  ScriptedBody(Answer script, std::shared_ptr<int> alive) : script_(std::move(script)), alive_(std::move(alive)) { ++*alive_; }
  ~ScriptedBody() override { --*alive_; }

  Task<Result<std::string>> read() override {
    if (script_.hold_body && at_ >= script_.hold_at) {
      const auto gate = script_.hold_body;
      const bool opened = co_await gate->wait();
      if (!opened) co_return fail(http::fetch_error(http::FetchFailure::cancelled, "the test is over", "abandoned"));
    }
    if (script_.fail_at && at_ >= *script_.fail_at) co_return fail(script_.fail_with);
    std::size_t end = std::min(script_.body.size(), at_ + script_.piece_bytes);
    if (script_.hold_body && !script_.hold_body->is_open()) end = std::min(end, script_.hold_at);
    if (script_.fail_at) end = std::min(end, *script_.fail_at);
    std::string piece = script_.body.substr(at_, end - at_);
    at_ = end;
    co_return piece;
  }

 private:
  Answer script_;
  std::shared_ptr<int> alive_;
  std::size_t at_ = 0;
};

// The loop must outlive it.
class ScriptedClient final : public http::Client {
 public:
  ScriptedClient() = default;
  ~ScriptedClient() override { abandon_waiting(); }
  ScriptedClient(const ScriptedClient&) = delete;
  ScriptedClient& operator=(const ScriptedClient&) = delete;

  using Make = std::function<Answer(const http::FetchRequest&)>;

  // Always for this URL (as Url::text()).
  void on(const std::string& url, Answer answer) {
    always_[url] = [answer = std::move(answer)](const http::FetchRequest&) { return answer; };
  }
  void on(const std::string& url, Make make) { always_[url] = std::move(make); }
  // Once, in order, before what on() says.
  void once(const std::string& url, Answer answer) { queued_[url].push_back(std::move(answer)); }
  // For every URL that nothing else is said of. Without it: a failure of kind policy, which nobody retries.
  void otherwise(Make make) { otherwise_ = std::move(make); }

  const std::vector<http::FetchRequest>& requests() const { return requests_; }
  std::size_t count() const { return requests_.size(); }
  std::size_t count(std::string_view url) const {
    return static_cast<std::size_t>(
        std::count_if(requests_.begin(), requests_.end(), [&](const auto& request) { return request.url.text() == url; }));
  }
  void forget_requests() { requests_.clear(); }
  // Bodies handed out and not yet destroyed; fetches that wait for their head.
  int bodies_alive() const { return *bodies_alive_; }
  int waiting() const { return *waiting_; }
  // Everything that waits at a gate, or for ever, fails with cancelled at the next poll.
  void abandon_waiting() {
    for (const auto& gate : gates_) gate->abandon();
  }

  Task<Result<http::FetchResponse>> fetch(http::FetchRequest request) override {
    requests_.push_back(request);
    Answer script = next_answer(request);
    const Waiting waiting(waiting_);
    if (script.never) script.hold_head = make_gate();
    if (script.hold_head) gates_.push_back(script.hold_head);
    if (script.hold_body) gates_.push_back(script.hold_body);
    if (script.hold_head) {
      const auto gate = script.hold_head;
      const bool opened = co_await gate->wait();
      if (!opened) co_return fail(http::fetch_error(http::FetchFailure::cancelled, "the test is over", "abandoned"));
    }
    if (script.error) co_return fail(*script.error);
    fit_to(request, script);
    co_return respond(request, std::move(script));
  }

 private:
  struct Waiting {
    explicit Waiting(std::shared_ptr<int> shared) : count(std::move(shared)) { ++*count; }
    ~Waiting() { --*count; }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    std::shared_ptr<int> count;
  };

  Answer next_answer(const http::FetchRequest& request) {
    const std::string url = request.url.text();
    if (auto& queue = queued_[url]; !queue.empty()) {
      Answer first = std::move(queue.front());
      queue.pop_front();
      return first;
    }
    if (const auto found = always_.find(url); found != always_.end()) return found->second(request);
    if (otherwise_) return otherwise_(request);
    Answer none;
    none.error = http::fetch_error(http::FetchFailure::policy, "nothing is scripted for " + url, "scripted");
    return none;
  }

  // Makes a whole 200 fit the request's conditions and range, as a decent upstream does.
  static void fit_to(const http::FetchRequest& request, Answer& script) {
    if (script.status != 200) return;
    const auto etag = script.headers.get("ETag");
    if (script.conditional && !etag.empty() && request.headers.get("If-None-Match") == etag) {
      script.status = 304;
      script.body.clear();
      return;
    }
    const auto range = request.headers.get("Range");
    const auto if_range = request.headers.get("If-Range");
    if (!script.ranges || !range.starts_with("bytes=") || (!if_range.empty() && if_range != etag)) return;
    const auto dash = range.find('-');
    const auto first = parse_u64(range.substr(6, dash - 6));
    const auto last = parse_u64(range.substr(dash + 1));
    const std::size_t size = script.body.size();
    if (!first) return;  // suffix ranges: nobody here asks for them
    if (*first >= size || (last && *last < *first)) {
      script.status = 416;
      script.headers.set("Content-Range", "bytes */" + std::to_string(size));
      script.body.clear();
      return;
    }
    const std::size_t end = last ? std::min<std::size_t>(size, *last + 1) : size;
    script.status = 206;
    script.headers.set("Content-Range", "bytes " + std::to_string(*first) + "-" + std::to_string(end - 1) + "/" + std::to_string(size));
    script.body = script.body.substr(*first, end - *first);
  }

  http::FetchResponse respond(const http::FetchRequest& request, Answer script) {
    http::FetchResponse response;
    response.status = script.status;
    response.headers = script.headers;
    response.final_url = script.final_url.value_or(request.url);
    response.end_is_marked = script.end_is_marked;
    if (script.send_length && script.status != 304) {
      response.content_length = script.body.size();
      if (!response.headers.has("Content-Length")) response.headers.add("Content-Length", std::to_string(script.body.size()));
    }
    if (request.method == "HEAD") script.body.clear();
    response.body = std::make_unique<ScriptedBody>(std::move(script), bodies_alive_);
    return response;
  }

  std::map<std::string, std::deque<Answer>> queued_;
  std::map<std::string, Make> always_;
  Make otherwise_;
  std::vector<http::FetchRequest> requests_;
  // shared_ptr: with bodies and fetches that outlive the client at the end of a test.
  std::shared_ptr<int> bodies_alive_ = std::make_shared<int>(0);
  std::shared_ptr<int> waiting_ = std::make_shared<int>(0);
  std::vector<std::shared_ptr<Gate>> gates_;
};

}  // namespace bodega::testing
