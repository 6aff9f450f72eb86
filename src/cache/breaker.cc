#include "cache/breaker.h"

#include <algorithm>

#include "base/check.h"

namespace bodega::cache {

std::string_view to_string(Breaker::State state) {
  switch (state) {
    case Breaker::State::closed: return "closed";
    case Breaker::State::open: return "open";
    case Breaker::State::half_open: return "half_open";
  }
  return "closed";
}

Breaker::State Breaker::state(MonoTime now) const {
  if (!open_) return State::closed;
  return now < open_until_ ? State::open : State::half_open;
}

Breaker::Permit Breaker::ask(MonoTime now) {
  Permit permit;
  switch (state(now)) {
    case State::closed: permit.granted = true; break;
    case State::open: permit.wait = open_until_ - now; break;
    case State::half_open:
      permit.granted = permit.probe = !probing_;
      // The probe may end at any moment; a second is the finest Retry-After can say.
      if (!permit.granted) permit.wait = std::chrono::seconds(1);
      break;
  }
  if (permit.probe) probing_ = true;
  if (permit.granted) ++permits_;
  return permit;
}

bool Breaker::settle(const Permit& permit, Outcome outcome, MonoTime now) {
  BODEGA_CHECK(permit.granted && permits_ > 0, "a breaker's permit is given back once");
  --permits_;
  if (permit.probe) probing_ = false;
  const bool was_open = open_;
  switch (outcome) {
    case Outcome::success:
      // Also from a request that set out before the breaker opened: the upstream answers.
      open_ = false;
      failures_ = 0;
      open_for_ = Duration::zero();
      return was_open;
    case Outcome::failure:
      if (permit.probe && was_open) {
        ++failures_;
        trip(now);
        return false;
      }
      if (was_open) return false;  // set out before it opened: nothing new
      if (failures_++ == 0) first_failure_ = now;
      if (failures_ < options_.failures && (failures_ < 2 || now - first_failure_ < options_.window)) return false;
      trip(now);
      return true;
    case Outcome::neutral:
    case Outcome::abandoned: return false;
  }
  return false;
}

void Breaker::trip(MonoTime now) {
  open_for_ = open_for_ == Duration::zero() ? options_.first_open : std::min(open_for_ * 2, options_.longest_open);
  open_until_ = now + open_for_;
  open_ = true;
}

}  // namespace bodega::cache
