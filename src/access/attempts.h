// Brute force made slow: counts failed logins for each subject (a user, a client address) in a sliding window. Pure but for the clock given
// to each call; bounded memory.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"

namespace bodega::access {

class Attempts {
 public:
  struct Options {
    std::size_t max_failures = 10;  // a person mistypes three times, a script tries thousands
    std::chrono::seconds window{std::chrono::minutes(5)};
    std::size_t max_subjects = 8192;  // about 2 MiB; past it the subject longest without a failure is forgotten
  };
  Attempts() : Attempts(Options{}) {}
  explicit Attempts(Options options) : options_(options) {}

  // How long the subject has to wait; nullopt: it may try.
  std::optional<std::chrono::seconds> wait(const std::string& subject, MonoTime now) const;
  void failed(const std::string& subject, MonoTime now);
  // Ends the count; for a password that was changed.
  void forget(const std::string& subject);
  std::size_t size() const { return by_subject_.size(); }

 private:
  struct Record {
    std::deque<MonoTime> failures;  // at most max_failures, oldest first
    std::list<std::string>::iterator place;
  };
  Options options_;
  std::unordered_map<std::string, Record> by_subject_;
  std::list<std::string> order_;  // by last failure, oldest first
};

}  // namespace bodega::access
