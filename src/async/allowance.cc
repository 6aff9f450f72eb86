#include "async/allowance.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <set>
#include <utility>

#include "async/signal.h"

namespace bodega {
namespace {

// pip gives up reading after 15 s; who is told to come back before that is told by us.
constexpr auto kPatience = std::chrono::seconds(10);
// What is put by for later while somebody waits is asked for again after this time.
constexpr auto kAskAgain = std::chrono::milliseconds(50);
// Up to this part of the whole is little: an ordinary page does not wait behind two of ten megabytes.
constexpr std::uint64_t kLittle = 16;

}  // namespace

struct Allowance::State {
  explicit State(std::uint64_t bytes) : total(bytes) {}

  // Whether `id` may have `more` now. Under the lock.
  bool fits(std::uint64_t id, std::uint64_t more) const {
    if (live.empty() || *live.begin() == id) return true;
    if (taken + more > total) return false;
    return waiting.empty() || waiting.front() == id || more <= total / kLittle;
  }
  void give_back(std::uint64_t id, std::uint64_t bytes, bool all) {
    {
      const std::lock_guard lock(mutex);
      taken -= bytes;
      if (all) {
        live.erase(id);
        std::erase(waiting, id);  // its coroutine was ended while it waited
      }
      if (waiting.empty()) return;
    }
    changed.notify_all();
  }

  const std::uint64_t total;
  mutable std::mutex mutex;
  std::uint64_t taken = 0;
  std::uint64_t next_id = 1;
  std::set<std::uint64_t> live;       // shares that hold something
  std::deque<std::uint64_t> waiting;  // in the order of asking
  std::function<void()> wanted;
  Signal changed;
};

Allowance::Share::Share(Share&& other) noexcept
    : state_(std::move(other.state_)), id_(std::exchange(other.id_, 0)), bytes_(std::exchange(other.bytes_, 0)) {}

Allowance::Share& Allowance::Share::operator=(Share&& other) noexcept {
  if (this == &other) return *this;
  if (state_) state_->give_back(id_, bytes_, true);
  state_ = std::move(other.state_);
  id_ = std::exchange(other.id_, 0);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

Allowance::Share::~Share() {
  if (state_) state_->give_back(id_, bytes_, true);
}

void Allowance::Share::shrink(std::uint64_t bytes) {
  if (!state_ || bytes >= bytes_) return;
  const std::uint64_t over = bytes_ - bytes;
  bytes_ = bytes;
  state_->give_back(id_, over, false);
}

Allowance::Allowance(std::uint64_t bytes, Timers& timers, const Clock& clock)
    : state_(std::make_shared<State>(bytes)), timers_(timers), clock_(clock) {}

void Allowance::on_want(std::function<void()> wanted) { state_->wanted = std::move(wanted); }

std::uint64_t Allowance::taken() const {
  const std::lock_guard lock(state_->mutex);
  return state_->taken;
}

Task<Result<Allowance::Share>> Allowance::take(std::uint64_t bytes) { return grow(Share(), bytes); }

Task<Result<Allowance::Share>> Allowance::grow(Share share, std::uint64_t bytes) {
  if (bytes <= share.bytes_) co_return share;
  auto& state = *state_;
  if (!share.state_) {
    const std::lock_guard lock(state.mutex);
    share.state_ = state_;
    share.id_ = state.next_id++;
  }
  const std::uint64_t more = bytes - share.bytes_;
  const std::uint64_t id = share.id_;
  bool got = false;
  // Takes it when it fits; under the lock. A place in the queue is given up with the wait.
  const auto try_now = [&state, &got, id, more] {
    if (got || !state.fits(id, more)) return got;
    state.taken += more;
    state.live.insert(id);
    std::erase(state.waiting, id);
    return got = true;
  };
  bool must_wait = false;
  {
    const std::lock_guard lock(state.mutex);
    must_wait = !try_now();
    if (must_wait) state.waiting.push_back(id);
  }
  if (must_wait) {
    const MonoTime deadline = clock_.mono() + kPatience;
    const auto still_needed = [&state, &try_now] {
      const std::lock_guard lock(state.mutex);
      return !try_now();
    };
    while (still_needed() && clock_.mono() < deadline) {
      if (state.wanted) state.wanted();
      const MonoTime until = std::min<MonoTime>(deadline, clock_.mono() + kAskAgain);
      const auto also_timer = [this, until](const Waker& waker) { timers_.wake_at(until, waker); };
      co_await state.changed.wait(still_needed, also_timer);
    }
    {
      const std::lock_guard lock(state.mutex);
      std::erase(state.waiting, id);
    }
    // Whoever stood behind it may be next.
    state.changed.notify_all();
    if (!got) {
      Error error{Code::busy, "the server is short of memory for a moment; try again", "pages of projects wait for memory",
                  std::chrono::seconds(1)};
      co_return fail(std::move(error));
    }
  }
  share.bytes_ = bytes;
  co_return share;
}

}  // namespace bodega
