#include "async/loop.h"

#include <pthread.h>

namespace bodega {

Loop::Loop(std::string name) : name_(std::move(name)), work_(asio::make_work_guard(context_)) {}

Loop::~Loop() {
  stop();
  join();
}

void Loop::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
    context_.run();
  });
}

void Loop::stop() { context_.stop(); }

void Loop::join() {
  if (thread_.joinable()) thread_.join();
}

std::size_t Loop::poll() { return context_.poll(); }

}  // namespace bodega
