// How far a long command has come, on standard error: a bar on a terminal, a line now and then elsewhere.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/time.h"

namespace bodega::app {

struct Amount {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

// "  1234 of 10000 files, 120 of 980 MB, 85 MB/s, 10 s left". Pure.
std::string progress_text(const Amount& done, const Amount& whole, Duration elapsed);

class Progress {
 public:
  // `done` is asked from a thread of this object's own.
  Progress(std::function<Amount()> done, Amount whole);
  ~Progress();  // takes the bar away
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // A line that stays, above the bar. Any thread.
  void say(std::string_view line);

 private:
  void work();
  void show();

  const std::function<Amount()> done_;
  const Amount whole_;
  const bool terminal_;
  const MonoTime began_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace bodega::app
