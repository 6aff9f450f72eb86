#include "http/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
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

std::string listener_url(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0 || storage.ss_family == AF_UNIX) return "unix";
  return "http://" + numeric(storage, length);
}

struct Acceptor::State : std::enable_shared_from_this<Acceptor::State> {
  using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
  using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

  State(Loop& l, std::function<void(int)> t, Log& g) : loop(l), take(std::move(t)), log(g), timer(l.executor()), spare(open_spare()) {}
  ~State() {
    if (spare >= 0) ::close(spare);
  }

  void arm(std::size_t index) {
    listeners[index].async_wait(Descriptor::wait_read, [self = shared_from_this(), index](const boost::system::error_code& error) {
      if (error || self->stopped) return;
      if (self->accept_some(self->listeners[index].native_handle())) {
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
  bool accept_some(int listener) {
    for (int i = 0; i < kAcceptsInARow; ++i) {
      const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        take(fd);
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
    for (auto& listener : listeners) {
      accept_some(listener.native_handle());  // their clients believe that they are connected
      boost::system::error_code ignored;
      listener.close(ignored);
    }
    timer.cancel();
  }

  Loop& loop;
  std::function<void(int)> take;
  Log& log;
  Timer timer;
  std::vector<Descriptor> listeners;
  std::vector<bool> waiting_for_timer;
  int spare;
  bool stopped = false;
  std::chrono::steady_clock::time_point complained{};
};

Acceptor::Acceptor(Loop& loop, std::vector<int> listeners, std::function<void(int)> take, Log& log)
    : state_(std::make_shared<State>(loop, std::move(take), log)) {
  for (const int fd : listeners) {
    // Both are inherited by accepted sockets: no system call for each of them.
    set(fd, IPPROTO_TCP, TCP_NODELAY);
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    state_->listeners.emplace_back(loop.executor(), fd);
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
