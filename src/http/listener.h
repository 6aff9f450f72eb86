// The listening sockets. One loop accepts and deals the connections out in turn: with one socket for each loop (SO_REUSEPORT) the kernel
// would drop what waits in a queue whose owner goes away, and a loop that is busy would hold up its share.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/loop.h"
#include "base/log.h"
#include "base/result.h"
#include "http/server.h"

namespace bodega::http {

// Binds and listens on "127.0.0.1:3141" or "[::1]:3141"; port 0 takes a free one. An IPv6 socket takes IPv6 only. The message of a port in
// use names the address and the way out.
Result<int> open_listener(const std::string& address);
// The same for a Unix socket. Replaces one that nobody listens on any more; anything else at the path is an error that says the next step.
Result<int> open_unix_listener(const UnixSocket& socket);
// "http://127.0.0.1:3141"; "unix" for a Unix socket.
std::string listener_url(int fd);

// For a connection over a limit: a short 503, as far as the socket takes it at once.
void say_busy_and_close(int fd);

// The file of a Unix socket that this process made.
class SocketFile {
 public:
  explicit SocketFile(std::string path);  // right after bind()
  // Unless somebody has put another one there meanwhile.
  void remove() const;

 private:
  std::string path_;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
};

struct Listener {
  int fd = -1;
  Door door = Door::everybody;
};

class Acceptor {
 public:
  using Take = std::function<void(int fd, Door door)>;
  // `take` gets each connected, non-blocking socket, on the loop's thread. Does not own the loop.
  Acceptor(Loop& loop, const std::vector<Listener>& listeners, Take take, Log& log);
  ~Acceptor();  // after the loop's thread has ended, or before it began
  void start();
  // From any thread: takes what waits in the queues, then closes them.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace bodega::http
