#include "http/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

namespace bodega::http {

namespace {

// More than the kernel's default limit on it (net.core.somaxconn = 4096): the kernel takes the smaller.
constexpr int kBacklog = 65535;
// Connections taken in one go before the loop's other work gets its turn.
constexpr int kAcceptsInARow = 64;
// Without descriptors or memory: long enough to cost nothing, short enough that nobody notices when some are free again.
constexpr auto kBackOff = std::chrono::milliseconds(100);

struct Freer {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, Freer>;

struct HostPort {
  std::string host;
  std::string port;
};

Result<HostPort> split_address(const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos || colon + 1 == address.size()) {
    return fail(Code::invalid, "listen: " + address + " has no port; write for example 127.0.0.1:3141");
  }
  HostPort parts{address.substr(0, colon), address.substr(colon + 1)};
  if (parts.host.size() >= 2 && parts.host.front() == '[' && parts.host.back() == ']') {
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  } else if (parts.host.find(':') != std::string::npos) {
    return fail(Code::invalid, "listen: " + address + " needs brackets around the IPv6 address: [::1]:3141");
  }
  return parts;
}

Result<AddressList> resolve(const std::string& address) {
  BODEGA_TRY(const auto parts, split_address(address));
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(parts.host.empty() ? nullptr : parts.host.c_str(), parts.port.c_str(), &hints, &list);
  if (error != 0) return fail(Code::invalid, "listen: " + address + " is no address of this machine: " + ::gai_strerror(error));
  return AddressList(list);
}

Error bind_error(const std::string& address, int errnum) {
  const auto reason = std::generic_category().message(errnum);
  if (errnum == EADDRINUSE) {
    return {Code::io,
            "the address " + address +
                " is in use: another program, perhaps another Bodega, listens there. Stop it, or choose another port "
                "with --listen",
            reason,
            {}};
  }
  if (errnum == EACCES) {
    return {Code::io, "no permission to listen on " + address + ": ports below 1024 are for root", reason, {}};
  }
  if (errnum == EADDRNOTAVAIL) return {Code::io, "the address " + address + " is none of this machine's", reason, {}};
  return {Code::io, "cannot listen on " + address + ": " + reason, reason, {}};
}

std::string numeric(const sockaddr_storage& storage, socklen_t length) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  const int error = ::getnameinfo(reinterpret_cast<const sockaddr*>(&storage), length, host.data(), host.size(), port.data(), port.size(),
                                  NI_NUMERICHOST | NI_NUMERICSERV);
  if (error != 0) return {};
  const std::string name = host.data();
  return (storage.ss_family == AF_INET6 ? "[" + name + "]" : name) + ":" + port.data();
}

void set(int fd, int level, int option) {
  const int on = 1;
  ::setsockopt(fd, level, option, &on, sizeof on);
}

bool out_of_resources(int errnum) { return errnum == EMFILE || errnum == ENFILE || errnum == ENOBUFS || errnum == ENOMEM; }

Error socket_error(const std::string& path, std::string_view what, int errnum) {
  const auto reason = std::generic_category().message(errnum);
  return {Code::io, "cannot " + std::string(what) + " the socket " + path + ": " + reason, reason, {}};
}

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

bool somebody_listens(const sockaddr_un& address) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return true;
  const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const bool refused = !connected && errno == ECONNREFUSED;
  ::close(fd);
  return !refused;
}

// Takes away what an earlier process left at the path.
Result<void> make_way(const std::string& path, const sockaddr_un& address) {
  struct stat there {};
  if (::lstat(path.c_str(), &there) != 0) return {};
  if (!S_ISSOCK(there.st_mode)) return fail(Code::io, "there is a file " + path + " that is no socket; remove it, or choose another path");
  if (somebody_listens(address)) {
    return fail(Code::io, "another program listens on the socket " + path + "; stop it, or choose another path");
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail(socket_error(path, "replace", errno));
  return {};
}

int open_spare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

void say_busy_and_close(int fd) {
  static constexpr std::string_view kBusy =
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  std::array<char, 4096> unread;
  while (::recv(fd, unread.data(), unread.size(), MSG_DONTWAIT) > 0) {
  }
  ::send(fd, kBusy.data(), kBusy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(fd, SHUT_WR);
  ::close(fd);
}

Result<int> open_listener(const std::string& address) {
  BODEGA_TRY(const auto list, resolve(address));
  const int fd = ::socket(list->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(bind_error(address, errno));
  set(fd, SOL_SOCKET, SO_REUSEADDR);
  if (list->ai_family == AF_INET6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
  if (::bind(fd, list->ai_addr, list->ai_addrlen) != 0 || ::listen(fd, kBacklog) != 0) {
    const int errnum = errno;
    ::close(fd);
    return fail(bind_error(address, errnum));
  }
  return fd;
}

Result<int> open_unix_listener(const UnixSocket& socket) {
  const auto& path = socket.path;
  if (path.empty() || path.size() > kMaxUnixPath) {
    return fail(Code::invalid, "the path of the socket " + path + " has " + std::to_string(path.size()) + " bytes; the system takes " +
                                   std::to_string(kMaxUnixPath) + ", choose a shorter one");
  }
  const auto address = unix_address(path);
  BODEGA_TRY_VOID(make_way(path, address));
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(socket_error(path, "open", errno));
  // Linux gives the file the mode of the socket, less the umask: set before bind(), there is no moment with more; set again, there is no
  // less.
  const bool listening = ::fchmod(fd, socket.mode) == 0 && ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                         ::chmod(path.c_str(), socket.mode) == 0 && ::listen(fd, kBacklog) == 0;
  if (!listening) {
    const int errnum = errno;
    ::close(fd);
    return fail(socket_error(path, "listen on", errnum));
  }
  return fd;
}

SocketFile::SocketFile(std::string path) : path_(std::move(path)) {
  struct stat there {};
  if (::lstat(path_.c_str(), &there) != 0) return;
  device_ = there.st_dev;
  inode_ = there.st_ino;
}

void SocketFile::remove() const {
  struct stat there {};
  if (::lstat(path_.c_str(), &there) == 0 && there.st_dev == device_ && there.st_ino == inode_) ::unlink(path_.c_str());
}

std::string listener_url(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0 || storage.ss_family == AF_UNIX) return "unix";
  return "http://" + numeric(storage, length);
}

struct Acceptor::State : std::enable_shared_from_this<Acceptor::State> {
  using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
  using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

  State(Loop& l, Take t, Log& g) : loop(l), take(std::move(t)), log(g), timer(l.executor()), spare(open_spare()) {}
  ~State() {
    if (spare >= 0) ::close(spare);
  }

  void arm(std::size_t index) {
    listeners[index].async_wait(Descriptor::wait_read, [self = shared_from_this(), index](const boost::system::error_code& error) {
      if (error || self->stopped) return;
      if (self->accept_some(index)) {
        self->arm(index);
      } else {
        self->back_off(index);
      }
    });
  }

  void back_off(std::size_t index) {
    timer.expires_after(kBackOff);
    timer.async_wait([self = shared_from_this(), index](const boost::system::error_code&) {
      if (self->stopped) return;
      for (std::size_t i = 0; i < self->listeners.size(); ++i) {
        if (i == index || self->waiting_for_timer[i]) {
          self->waiting_for_timer[i] = false;
          self->arm(i);
        }
      }
    });
    waiting_for_timer[index] = true;
  }

  // False: out of descriptors or memory; not worth trying again at once.
  bool accept_some(std::size_t index) {
    const int listener = listeners[index].native_handle();
    for (int i = 0; i < kAcceptsInARow; ++i) {
      const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        take(fd, doors[index]);
        continue;
      }
      if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
      if (out_of_resources(errno) && !refuse_with_spare(listener)) return false;
      // Everything else concerns one connection that died in the queue.
    }
    return true;
  }

  // A descriptor kept for this moment: the client gets an answer instead of a connection that hangs, and the loop does not spin on a
  // listener that stays readable.
  bool refuse_with_spare(int listener) {
    const auto now = std::chrono::steady_clock::now();
    if (now - complained > std::chrono::minutes(1)) {
      complained = now;
      log.warning("http.out_of_descriptors", {{"errno", errno}});
    }
    if (spare < 0) spare = open_spare();
    if (spare < 0) return false;
    ::close(spare);
    spare = -1;
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) say_busy_and_close(fd);
    spare = open_spare();
    return fd >= 0;
  }

  void stop() {
    if (std::exchange(stopped, true)) return;
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      accept_some(i);  // their clients believe that they are connected
      boost::system::error_code ignored;
      listeners[i].close(ignored);
    }
    timer.cancel();
  }

  Loop& loop;
  Take take;
  Log& log;
  Timer timer;
  std::vector<Descriptor> listeners;
  std::vector<Door> doors;  // of the listeners
  std::vector<bool> waiting_for_timer;
  int spare;
  bool stopped = false;
  std::chrono::steady_clock::time_point complained{};
};

Acceptor::Acceptor(Loop& loop, const std::vector<Listener>& listeners, Take take, Log& log)
    : state_(std::make_shared<State>(loop, std::move(take), log)) {
  for (const auto& [fd, door] : listeners) {
    // Both are inherited by accepted sockets: no system call for each of them.
    set(fd, IPPROTO_TCP, TCP_NODELAY);
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    state_->listeners.emplace_back(loop.executor(), fd);
    state_->doors.push_back(door);
    state_->waiting_for_timer.push_back(false);
  }
}

Acceptor::~Acceptor() { state_->stopped = true; }

void Acceptor::start() {
  for (std::size_t i = 0; i < state_->listeners.size(); ++i) state_->arm(i);
}

void Acceptor::stop() {
  state_->loop.post([state = state_] { state->stop(); });
}

}  // namespace bodega::http
