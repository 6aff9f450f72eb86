// Circuit breaker of one origin: once it is known to be down, clients hear so at once instead of waiting for time-outs, and the upstream
// hears one probe at a time instead of everybody. Pure: time comes in as a parameter.
#pragma once

#include <string_view>

#include "base/time.h"

namespace bodega::cache {

struct BreakerOptions {
  int failures = 5;  // in a row: more than the tries of one question, so that one sick page does not shut its origin
  // Or at least two in a row that span this long: an upstream that times out is not asked five times.
  Duration window = std::chrono::seconds(10);
  Duration first_open = std::chrono::seconds(1);  // doubles with each failed probe
  Duration longest_open = std::chrono::seconds(60);
};

class Breaker {
 public:
  enum class State { closed, open, half_open };
  enum class Outcome {
    success,    // an answer, whatever it says of the resource
    failure,    // no answer, or one of a sick server
    neutral,    // says nothing: rate limits, our own refusals
    abandoned,  // the asker left before the outcome
  };
  struct Permit {
    bool granted = false;
    bool probe = false;  // the one request of the half-open state
    Duration wait{};     // when not granted: until the next probe
  };

  explicit Breaker(BreakerOptions options = {}) : options_(options) {}

  // Each granted permit is given back by exactly one settle().
  Permit ask(MonoTime now);
  // True when the state went from closed to open or from another to closed: worth a log line.
  bool settle(const Permit& permit, Outcome outcome, MonoTime now);

  State state(MonoTime now) const;
  int failures_in_row() const { return failures_; }
  Duration open_for() const { return open_for_; }
  // Nothing is remembered that a new breaker would not know, and no permit is out.
  bool pristine() const { return !open_ && failures_ == 0 && idle(); }
  bool idle() const { return permits_ == 0; }

 private:
  void trip(MonoTime now);

  BreakerOptions options_;
  bool open_ = false;
  bool probing_ = false;
  int failures_ = 0;
  int permits_ = 0;
  Duration open_for_{};
  MonoTime open_until_{};
  MonoTime first_failure_{};
};

std::string_view to_string(Breaker::State state);

}  // namespace bodega::cache
