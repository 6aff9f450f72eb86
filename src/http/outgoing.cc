#include "http/outgoing.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace bodega::http {

namespace {

iovec piece(std::string_view bytes) {
  iovec vec{};
  vec.iov_base = const_cast<char*>(bytes.data());  // the kernel only reads
  vec.iov_len = bytes.size();
  return vec;
}

SendState failed() { return errno == EAGAIN || errno == EWOULDBLOCK ? SendState::blocked : SendState::broken; }

// What sendfile says of the file it reads and not of the socket: the disk, the file system's checksums, a file server that forgot it.
bool of_the_file(int errnum) { return errnum == EIO || errnum == EBADMSG || errnum == EUCLEAN || errnum == ESTALE; }

ssize_t send_pieces(int socket, iovec* pieces, std::size_t count, int flags) {
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = count;
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT | flags);
  } while (sent < 0 && errno == EINTR);
  return sent;
}

std::size_t take(std::string_view& bytes, std::size_t count) {
  const auto part = std::min(bytes.size(), count);
  bytes.remove_prefix(part);
  return count - part;
}

}  // namespace

void Outgoing::start(std::string_view head, std::string_view head_tail, std::string_view memory, std::shared_ptr<const void> owner) {
  head_ = head;
  tail_ = head_tail;
  memory_ = memory;
  owner_ = std::move(owner);
  file_left_ = 0;
  sent_ = 0;
}

void Outgoing::add_file(const FileSource& source, std::uint64_t offset, std::uint64_t length) {
  file_ = &source;
  fd_ = source.fd();
  offset_ = offset;
  file_left_ = length;
}

void Outgoing::add_text(std::string text) {
  // Behind what is still unsent: a chunk that is there at once travels with its head.
  std::string whole;
  whole.reserve(head_.size() + tail_.size() + text.size());
  whole.append(head_).append(tail_).append(text);
  kept_ = std::move(whole);
  head_ = kept_;
  tail_ = {};
}

void Outgoing::clear() {
  head_ = tail_ = memory_ = {};
  file_left_ = 0;
  owner_.reset();
}

void Outgoing::consume(std::size_t count) {
  sent_ += count;
  count = take(head_, count);
  count = take(tail_, count);
  take(memory_, count);
}

void Outgoing::keep_head() {
  if (head_.empty() && tail_.empty()) return;
  std::string rest;
  rest.reserve(head_.size() + tail_.size());
  rest.append(head_).append(tail_);
  kept_ = std::move(rest);
  head_ = kept_;
  tail_ = {};
}

SendState Outgoing::pump(int socket, char* scratch) {
  std::size_t share = kShare;
  while (true) {
    SendState state = SendState::done;
    if (file_left_ > 0 && file_left_ <= kSmallFile && memory_.empty()) {
      state = pump_small_file(socket, scratch);
    } else if (!head_.empty() || !tail_.empty() || !memory_.empty()) {
      state = pump_memory(socket, share);
    } else if (file_left_ > 0) {
      state = pump_file(socket, share);
    } else {
      return SendState::done;
    }
    if (state == SendState::done) continue;
    if (state == SendState::blocked || state == SendState::yield) keep_head();
    return state;
  }
}

SendState Outgoing::pump_memory(int socket, std::size_t& share) {
  if (share == 0) return SendState::yield;
  std::array<iovec, 3> pieces = {piece(head_), piece(tail_), piece(memory_.substr(0, share))};
  const auto sent = send_pieces(socket, pieces.data(), pieces.size(), file_left_ > 0 ? MSG_MORE : 0);
  if (sent < 0) return failed();
  const auto count = static_cast<std::size_t>(sent);
  share -= std::min(share, count);
  consume(count);
  return SendState::done;
}

SendState Outgoing::unread() {
  file_->report_unreadable();
  return SendState::unread;
}

SendState Outgoing::pump_small_file(int socket, char* scratch) {
  const auto want = static_cast<std::size_t>(file_left_);
  const auto got = ::pread(fd_, scratch, want, static_cast<off_t>(offset_));
  if (got != static_cast<ssize_t>(want)) return unread();
  std::array<iovec, 3> pieces = {piece(head_), piece(tail_), piece({scratch, want})};
  const auto sent = send_pieces(socket, pieces.data(), pieces.size(), 0);
  if (sent < 0) return failed();
  const auto heads = head_.size() + tail_.size();
  const auto count = static_cast<std::size_t>(sent);
  consume(std::min(count, heads));
  const auto of_file = count - std::min(count, heads);
  offset_ += of_file;
  file_left_ -= of_file;
  sent_ += of_file;
  return SendState::done;  // the rest, if any, blocks at the next call
}

SendState Outgoing::pump_file(int socket, std::size_t& share) {
  if (share == 0) return SendState::yield;
  auto offset = static_cast<off_t>(offset_);
  const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(file_left_, share));
  const auto sent = ::sendfile(socket, fd_, &offset, want);
  if (sent < 0 && of_the_file(errno)) return unread();
  if (sent < 0) return errno == EINTR ? SendState::done : failed();
  if (sent == 0) return unread();  // shorter than it was when it was verified
  const auto count = static_cast<std::size_t>(sent);
  share -= std::min(share, count);
  offset_ += count;
  file_left_ -= count;
  sent_ += count;
  return SendState::done;
}

}  // namespace bodega::http
