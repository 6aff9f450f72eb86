// One answer on its way into a socket, without blocking and without copying bodies: heads and memory by sendmsg, files by sendfile.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "async/file_source.h"

namespace bodega::http {

enum class SendState {
  done,     // everything handed out so far is with the kernel
  blocked,  // the socket is full: go on when it is writable
  yield,    // a fair share was sent: let others run, then go on
  broken,   // the peer is gone
  unread,   // the file ended early, or its disk failed
};

// What the access log says of it.
inline const char* failure_of(SendState state) {
  return state == SendState::unread ? "the file could not be read" : "the connection broke while the answer was sent";
}

class Outgoing {
 public:
  // Two pieces of head and a body in memory. The views of the head must stand until the first pump() has returned, the body's bytes as
  // long as `owner` lives.
  void start(std::string_view head, std::string_view head_tail, std::string_view memory, std::shared_ptr<const void> owner);
  // Adds a run of a file behind what is there. `source` must stand until pump() said done; it is told when its bytes cannot be read.
  void add_file(const FileSource& source, std::uint64_t offset, std::uint64_t length);
  // More bytes, which the object keeps itself, behind a head that may be unsent; not behind memory or a file that are.
  void add_text(std::string text);

  // `scratch` is the loop's buffer of kScratchSize bytes.
  SendState pump(int socket, char* scratch);
  std::uint64_t sent() const { return sent_; }  // since start(), heads included
  void clear();

 private:
  SendState pump_memory(int socket, std::size_t& share);
  SendState pump_small_file(int socket, char* scratch);
  SendState pump_file(int socket, std::size_t& share);
  SendState unread();
  void consume(std::size_t count);
  void keep_head();

  std::string_view head_;
  std::string_view tail_;
  std::string_view memory_;
  std::string kept_;
  std::shared_ptr<const void> owner_;
  const FileSource* file_ = nullptr;
  int fd_ = -1;
  std::uint64_t offset_ = 0;
  std::uint64_t file_left_ = 0;
  std::uint64_t sent_ = 0;
};

// What one connection may send before others of its loop get their turn: 2 MiB, as nginx's sendfile_max_chunk, and any head before it, so
// that a file of just that size goes out in one turn.
inline constexpr std::size_t kShare = (2 << 20) + 64 * 1024;
// Up to this size a file is read and sent with its head in one call. Above it the copy costs more than sendfile's second call: the reader's
// core has to fetch freshly written lines from ours (measured with bodies from 4 to 120 KB, server and client on two cores).
inline constexpr std::size_t kSmallFile = 16 * 1024;
inline constexpr std::size_t kScratchSize = 256 * 1024;

}  // namespace bodega::http
