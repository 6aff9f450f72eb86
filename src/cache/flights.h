// Single-flight: of all who ask for one key at one moment, one does the work and the others get its result. Home loop only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "async/signal.h"
#include "async/task.h"
#include "async/timers.h"
#include "base/result.h"

namespace bodega::cache {

template <class Value>
class Flights {
 public:
  // shared_ptr: the table holds a flight while it is in the air, every asker holds it until it has read the result.
  struct Flight {
    std::optional<Result<Value>> result;
    Signal landed;
  };
  using Ref = std::shared_ptr<Flight>;

  Ref find(const std::string& key) const {
    const auto found = flights_.find(key);
    return found == flights_.end() ? nullptr : found->second;
  }
  // Between find() and begin() there must be no suspension.
  Ref begin(const std::string& key) {
    auto flight = std::make_shared<Flight>();
    flights_[key] = flight;
    return flight;
  }
  // Gives the result to all askers, those who come until it lands among them.
  void publish(const Ref& flight, Result<Value> result) {
    flight->result.emplace(std::move(result));
    flight->landed.notify_all();
  }
  // Later askers no longer join a published flight.
  void land(const std::string& key, const Ref& flight) {
    const auto found = flights_.find(key);
    if (found != flights_.end() && found->second == flight) flights_.erase(found);
  }
  // Gives the result to all askers. Later askers no longer join.
  void land(const std::string& key, const Ref& flight, Result<Value> result) {
    land(key, flight);
    publish(flight, std::move(result));
  }
  std::size_t in_the_air() const { return flights_.size(); }

 private:
  std::unordered_map<std::string, Ref> flights_;
};

template <class Value>
Task<Result<Value>> wait_landed(std::shared_ptr<typename Flights<Value>::Flight> flight) {
  auto in_the_air = [&flight] { return !flight->result.has_value(); };
  while (in_the_air()) co_await flight->landed.wait(in_the_air);
  co_return *flight->result;
}

// The result, or nothing when `deadline` comes first; the flight goes on.
template <class Value>
Task<std::optional<Result<Value>>> wait_landed_until(std::shared_ptr<typename Flights<Value>::Flight> flight, Timers& timers,
                                                     const Clock& clock, MonoTime deadline) {
  auto in_the_air = [&flight] { return !flight->result.has_value(); };
  auto also_timer = [&timers, deadline](const Waker& waker) { timers.wake_at(deadline, waker); };
  while (in_the_air()) {
    if (clock.mono() >= deadline) co_return std::nullopt;
    co_await flight->landed.wait(in_the_air, also_timer);
  }
  co_return *flight->result;
}

}  // namespace bodega::cache
