#include "app/progress.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

namespace bodega::app {
namespace {

constexpr auto kBarEvery = std::chrono::milliseconds(200);
constexpr auto kLineEvery = std::chrono::seconds(10);

std::string span_text(double seconds) {
  if (seconds < 100) return fmt::format("{:.0f} s", seconds);
  if (seconds < 6000) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace

std::string progress_text(const Amount& done, const Amount& whole, Duration elapsed) {
  constexpr double kMega = 1e6;
  const double seconds = std::chrono::duration<double>(elapsed).count();
  const double rate = seconds > 0 ? static_cast<double>(done.bytes) / seconds : 0;
  std::string out = fmt::format("{} of {} files, {:.0f} of {:.0f} MB", done.files, std::max(done.files, whole.files),
                                static_cast<double>(done.bytes) / kMega, static_cast<double>(std::max(done.bytes, whole.bytes)) / kMega);
  if (rate > 0) out += fmt::format(", {:.0f} MB/s", rate / kMega);
  if (rate > 0 && whole.bytes > done.bytes) out += ", " + span_text(static_cast<double>(whole.bytes - done.bytes) / rate) + " left";
  return out;
}

Progress::Progress(std::function<Amount()> done, Amount whole)
    : done_(std::move(done)), whole_(whole), terminal_(::isatty(STDERR_FILENO) == 1), began_(SystemClock().mono()), thread_([this] {
        work();
      }) {}

Progress::~Progress() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
  if (terminal_) std::fputs("\r\033[K", stderr);
}

void Progress::say(std::string_view line) {
  const std::lock_guard lock(mutex_);
  std::fprintf(stderr, "%s%.*s\n", terminal_ ? "\r\033[K" : "", static_cast<int>(line.size()), line.data());
}

void Progress::show() {
  const std::string text = progress_text(done_(), whole_, SystemClock().mono() - began_);
  std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "%s\n", text.c_str());
  std::fflush(stderr);
}

void Progress::work() {
  std::unique_lock lock(mutex_);
  const Duration every = terminal_ ? Duration(kBarEvery) : Duration(kLineEvery);
  while (!stop_.wait_for(lock, every, [this] { return stopping_; })) show();
}

}  // namespace bodega::app
