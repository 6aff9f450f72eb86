#include "http/local_client.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "base/text.h"
#include "http/server.h"

namespace bodega::http {
namespace {

// Deleting an index of many thousand files is the longest that a command asks for.
constexpr timeval kPatience{600, 0};

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

tl::unexpected<Error> broken(int errnum) {
  return fail(Code::io, "the server broke off: " + std::generic_category().message(errnum), "local call");
}

Result<Socket> connect_to(const std::string& path) {
  if (path.size() > kMaxUnixPath) return fail(Code::not_found, "the path of the socket is too long for the system");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return broken(errno);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return socket;
  const int errnum = errno;
  const auto reason = std::generic_category().message(errnum);
  if (errnum == ENOENT || errnum == ECONNREFUSED || errnum == ENOTDIR) return fail(Code::not_found, "nobody listens on " + path, reason);
  if (errnum == EACCES || errnum == EPERM) return fail(Code::forbidden, "the socket " + path + " is not for this user", reason);
  return fail(Code::io, "cannot reach the socket " + path + ": " + reason);
}

Result<void> send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return broken(errno);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

// To the end of the connection.
Result<std::string> receive_all(int fd) {
  std::string out;
  std::array<char, 16 * 1024> buffer{};
  for (;;) {
    const auto count = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (count < 0) return broken(errno);
    if (count == 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

// The server's own answer: well formed, with a length, or it broke off.
Result<LocalAnswer> parse_answer(std::string_view text) {
  const auto end = text.find("\r\n\r\n");
  if (end == std::string_view::npos || !text.starts_with("HTTP/1.1 ") || end < 12) return broken(ECONNRESET);
  LocalAnswer out;
  const auto lines = split(text.substr(0, end), '\n');
  out.status = static_cast<int>(parse_u64(lines[0].substr(9, 3)).value_or(0));
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto line = trim(lines[i]);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos) out.headers.add(std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
  }
  out.body = text.substr(end + 4);
  const auto length = parse_u64(out.headers.get("Content-Length"));
  if (!length || *length != out.body.size()) return broken(ECONNRESET);
  return out;
}

}  // namespace

Result<LocalAnswer> call_local(const std::string& socket_path, const LocalCall& call) {
  BODEGA_TRY(const Socket socket, connect_to(socket_path));
  std::string request =
      call.method + " " + call.target + " HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nConnection: close\r\n";
  if (!call.body.empty()) request += "Content-Type: application/json\r\nContent-Length: " + std::to_string(call.body.size()) + "\r\n";
  request += "\r\n" + call.body;
  BODEGA_TRY_VOID(send_all(socket.get(), request));
  BODEGA_TRY(const auto answer, receive_all(socket.get()));
  return parse_answer(answer);
}

}  // namespace bodega::http
