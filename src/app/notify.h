// What a service manager and we say to each other: sd_notify(3) and sd_listen_fds(3), without libsystemd. Both are a few lines of protocol
// that their manual pages promise to keep.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace bodega::app {

// Tells the manager how we are. Without a manager everything here does nothing.
class Notifier {
 public:
  // `socket` is the value of NOTIFY_SOCKET: a path, or '@' and an abstract name; empty: no manager.
  explicit Notifier(std::string socket) : socket_(std::move(socket)) {}

  Result<void> ready() const { return send("READY=1"); }
  // Before and after the configuration is read again. `micros`: CLOCK_MONOTONIC, for Type=notify-reload.
  Result<void> reloading(std::int64_t micros) const { return send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(micros)); }
  Result<void> stopping() const { return send("STOPPING=1"); }
  // One line for `systemctl status`; line ends become blanks.
  Result<void> status(std::string_view text) const;
  // Asks for more time than the unit grants while starting or stopping; again before it is over.
  Result<void> extend_timeout(std::chrono::microseconds time) const { return send("EXTEND_TIMEOUT_USEC=" + std::to_string(time.count())); }

 private:
  Result<void> send(std::string_view state) const;
  std::string socket_;
};

// Listening sockets that the manager opened for us.
struct HandedSockets {
  std::vector<int> fds;            // close-on-exec; now ours
  std::vector<std::string> names;  // FileDescriptorName= of each, "unknown" when there is none
};

// Pure: what LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES mean for the process `pid`. No fds when they are meant for another process.
// invalid: they are meant for us and broken.
Result<HandedSockets> handed_sockets(std::string_view listen_pid, std::string_view listen_fds, std::string_view names, long pid);

// The same for this process: takes the variables out of the environment, so that children do not take them for theirs, sets close-on-exec,
// and checks that each is a listening stream socket. Call it before any thread starts: it changes the environment.
Result<HandedSockets> take_handed_sockets();

}  // namespace bodega::app
