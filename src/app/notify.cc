#include "app/notify.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/text.h"

namespace bodega::app {
namespace {

constexpr int kFirstFd = 3;  // SD_LISTEN_FDS_START
// More listening sockets than anybody has units for; a broken variable must not make us touch thousands of descriptors.
constexpr std::uint64_t kMostFds = 64;

// NOLINTBEGIN(concurrency-mt-unsafe): before any thread starts, as take_handed_sockets() demands.
std::string taken_from_environment(const char* name) {
  const char* value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  unsetenv(name);
  return text;
}
// NOLINTEND(concurrency-mt-unsafe)

Result<void> check_listening(int fd) {
  int value = 0;
  socklen_t size = sizeof value;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) != 0)
    return fail_errno(errno, "the handed-over descriptor " + std::to_string(fd));
  if (value == 0) return fail(Code::invalid, "the handed-over socket " + std::to_string(fd) + " does not listen");
  size = sizeof value;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size) != 0) return fail_errno(errno, "the handed-over descriptor " + std::to_string(fd));
  if (value != SOCK_STREAM) return fail(Code::invalid, "the handed-over socket " + std::to_string(fd) + " is no stream socket");
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return fail_errno(errno, "fcntl");
  return {};
}

}  // namespace

Result<void> Notifier::status(std::string_view text) const {
  std::string line = "STATUS=" + std::string(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return send(line);
}

Result<void> Notifier::send(std::string_view state) const {
  if (socket_.empty()) return {};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if ((socket_.front() != '/' && socket_.front() != '@') || socket_.size() >= sizeof address.sun_path) {
    return fail(Code::invalid, "NOTIFY_SOCKET is neither a path nor an abstract name");
  }
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_.front() == '@') address.sun_path[0] = '\0';
  // Abstract names end where the length says, so the length must not have a byte too many.
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail_errno(errno, "socket for NOTIFY_SOCKET");
  const auto* target = reinterpret_cast<const sockaddr*>(&address);
  const ssize_t sent = sendto(fd, state.data(), state.size(), MSG_NOSIGNAL, target, length);
  const int error = errno;
  close(fd);
  if (sent != static_cast<ssize_t>(state.size())) return fail_errno(error, "NOTIFY_SOCKET " + socket_);
  return {};
}

Result<HandedSockets> handed_sockets(std::string_view listen_pid, std::string_view listen_fds, std::string_view names, long pid) {
  HandedSockets handed;
  if (listen_pid.empty() || listen_fds.empty()) return handed;
  const auto for_pid = parse_u64(listen_pid);
  if (!for_pid) return fail(Code::invalid, "LISTEN_PID is no number");
  if (*for_pid != static_cast<std::uint64_t>(pid)) return handed;
  const auto count = parse_u64(listen_fds);
  if (!count || *count > kMostFds) return fail(Code::invalid, "LISTEN_FDS is not a number from 0 to " + std::to_string(kMostFds));
  const auto given = split(names, ':');
  for (std::size_t i = 0; i < *count; ++i) {
    handed.fds.push_back(kFirstFd + static_cast<int>(i));
    const bool named = i < given.size() && !given[i].empty();
    handed.names.emplace_back(named ? given[i] : std::string_view("unknown"));
  }
  return handed;
}

Result<HandedSockets> take_handed_sockets() {
  const auto pid = taken_from_environment("LISTEN_PID");
  const auto fds = taken_from_environment("LISTEN_FDS");
  const auto names = taken_from_environment("LISTEN_FDNAMES");
  BODEGA_TRY(auto handed, handed_sockets(pid, fds, names, getpid()));
  for (const int fd : handed.fds) BODEGA_TRY_VOID(check_listening(fd));
  return handed;
}

}  // namespace bodega::app
