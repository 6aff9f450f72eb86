// A client that sends exactly the bytes it is told and shows exactly what came back. Blocking; gives up after 20 s, so that a broken server
// fails a test instead of hanging it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/text.h"

namespace bodega::testing {

struct RawAnswer {
  int status = 0;
  std::string reason;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  bool complete = false;  // the framing of the answer came to its end
};

class RawClient {
 public:
  // "http://127.0.0.1:4711" or "unix:/path"; a small receive buffer makes a slow reader felt.
  explicit RawClient(const std::string& url, int receive_buffer = 0)
      : fd_(::socket(url.starts_with("unix:") ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (url.starts_with("unix:")) {
      sockaddr_un local{};
      local.sun_family = AF_UNIX;
      url.copy(local.sun_path, sizeof local.sun_path - 1, 5);
      if (::connect(fd_, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) throw std::runtime_error("cannot connect");
      return;
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(url.substr(url.rfind(':') + 1).c_str())));
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("cannot connect");
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // Whether all of it could be handed to the kernel.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void end_sending() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }

  // False at the end of the stream, for whatever reason; was_reset() tells which.
  bool receive_some() {
    std::array<char, 65536> piece;
    const auto got = ::recv(fd_, piece.data(), piece.size(), 0);
    if (got > 0) received_.append(piece.data(), static_cast<std::size_t>(got));
    if (got < 0) reset_ = errno == ECONNRESET;
    return got > 0;
  }
  // Whether there is something to receive, or an end, within that time.
  bool readable_within(int milliseconds) const {
    pollfd entry{fd_, POLLIN, 0};
    return ::poll(&entry, 1, milliseconds) > 0;
  }
  bool was_reset() const { return reset_; }
  // Everything until the server closes.
  std::string receive_all() {
    while (receive_some()) {
    }
    return std::exchange(received_, {});
  }
  // Waits until that much is here without taking it; false when the stream ended before.
  bool wait_for(std::size_t bytes) {
    while (received_.size() < bytes) {
      if (!receive_some()) return false;
    }
    return true;
  }
  const std::string& received() const { return received_; }

  // One answer, final or "100 Continue". HEAD's have no body, whatever their head says.
  enum class To { get, head };
  RawAnswer answer(To to = To::get) {
    RawAnswer answer;
    std::size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive_some()) return answer;
    }
    const auto head = received_.substr(0, end);
    received_.erase(0, end + 4);
    read_head(answer, head);
    if (to == To::head || answer.status == 304 || answer.status == 204 || answer.status < 200) {
      answer.complete = true;
    } else {
      read_body(answer);
    }
    return answer;
  }

 private:
  static void read_head(RawAnswer& answer, std::string_view head) {
    bool first = true;
    for (auto line : split(head, '\n')) {
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (std::exchange(first, false)) {
        answer.status = std::atoi(std::string(line.substr(9, 3)).c_str());
        answer.reason = line.size() > 13 ? line.substr(13) : "";
        continue;
      }
      const auto colon = line.find(": ");
      answer.headers[to_lower(line.substr(0, colon))] = colon == std::string_view::npos ? "" : std::string(line.substr(colon + 2));
    }
  }

  void read_body(RawAnswer& answer) {
    if (answer.headers.contains("content-length")) {
      const auto length = static_cast<std::size_t>(std::atoll(answer.headers["content-length"].c_str()));
      answer.complete = wait_for(length);
      answer.body = received_.substr(0, length);
      received_.erase(0, std::min(length, received_.size()));
    } else if (answer.headers["transfer-encoding"] == "chunked") {
      answer.complete = read_chunks(answer.body);
    } else {
      answer.body = receive_all();
      answer.complete = !reset_;
    }
  }

  bool read_chunks(std::string& body) {
    while (true) {
      std::size_t end = 0;
      while ((end = received_.find("\r\n")) == std::string::npos) {
        if (!receive_some()) return false;
      }
      const auto length = std::strtoull(received_.c_str(), nullptr, 16);
      if (!wait_for(end + 2 + length + 2)) return false;
      body += received_.substr(end + 2, length);
      received_.erase(0, end + 2 + length + 2);
      if (length == 0) return true;
    }
  }

  int fd_;
  bool reset_ = false;
  std::string received_;
};

}  // namespace bodega::testing
