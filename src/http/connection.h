// One client's connection: a state machine driven by its socket. The hot path (read, parse, look up, send) runs in plain callbacks without
// suspension or allocation; everything else runs as one coroutine for each request.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include "base/ip_network.h"
#include "http/chunked.h"
#include "http/cold_answer.h"
#include "http/cold_call.h"
#include "http/conditional.h"
#include "http/front_loop.h"
#include "http/input_buffer.h"
#include "http/outgoing.h"

namespace bodega::http {

class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  Connection(FrontLoop& front, int fd, Door door);
  ~Connection();

  void start(FrontLoop::Member member);
  MonoTime deadline() const { return deadline_; }
  void expire();   // the deadline has passed
  void drain();    // close if idle; otherwise the current answer is the last
  void reset();    // break: the client must not take what it got for complete
  void abandon();  // the loop has ended

 private:
  using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;
  enum class Phase { idle, head, working, body, writing, lingering, closed };
  enum class Step { go_on, wait };  // of process(): look at the next request, or something is under way

  // connection.cc: the hot path.
  void arm_read();
  void on_read(const boost::system::error_code& error, std::size_t count);
  void process();
  Step next_request();
  Step answer_hot();
  void queue_hot(const HotTable::Item& item);
  Step send_hot();
  void on_writable(const boost::system::error_code& error);
  void account_hot();
  void end_request();
  void refuse_head(const HeadFault& fault);
  void enter(Phase phase, Duration limit);
  void close();
  bool is_closed() const { return phase_ == Phase::closed; }
  Persistence persistence() const;
  static Task<void> send_fault(std::shared_ptr<Connection> self, int status, std::string_view text);  // `text` is a constant

  // connection_cold.cc: everything that leaves the loop.
  void start_cold();
  std::optional<Response> refuse_early(const RequestHead& head, Request& request);
  void fill_request(const RequestHead& head, Request& request);
  static Task<void> serve(std::shared_ptr<Connection> self, std::shared_ptr<ColdCall> call, std::optional<Response> ready);
  static Task<void> finish_cold(std::shared_ptr<Connection> self);
  Task<bool> send_response(std::shared_ptr<ColdCall> call);
  Task<bool> flush();
  Task<bool> send_file(FileBody file, std::uint64_t offset, std::uint64_t end, Framing framing);
  void account_cold(const ColdCall& call, int status);
  void account_abandoned(std::string_view id, std::string_view target);
  void spawn(Task<void> task);

  // connection_body.cc: request bodies.
  void begin_body(const RequestHead& head, const std::shared_ptr<ColdCall>& call);
  bool body_can_end() const;  // whether reading the rest is cheaper than a new connection
  static Task<void> read_piece(std::shared_ptr<Connection> self, std::shared_ptr<ColdCall> call);
  Task<Result<std::string>> next_piece();
  enum class Taken { something, nothing };
  Result<Taken> take_piece(std::string& piece);                            // without waiting
  Result<std::size_t> decode(std::string_view input, std::string& piece);  // gives how much of the input it used
  Task<bool> drain_body();
  static Task<void> linger_and_close(std::shared_ptr<Connection> self);
  Task<bool> wait_readable(Phase phase, Duration limit);
  Task<bool> wait_for_body();

  struct BodyState {
    bool done = true;
    bool broken = false;
    bool wants_continue = false;
    bool chunked = false;
    std::uint64_t left = 0;      // of Content-Length
    std::uint64_t received = 0;  // decoded
    Duration patience{};         // how much longer the client may take for its next kMinProgress bytes
    std::uint64_t progress = 0;  // bytes towards those
    ChunkedDecoder decoder;
  };
  struct HotAnswer {  // views into in_, which stands still while an answer is being sent
    std::uint32_t route = 0;
    int status = 0;
    std::string_view method;
    std::string_view target;
    std::string_view user_agent;
    std::string_view route_name;
    std::size_t head_bytes = 0;
  };

  FrontLoop& front_;
  Socket socket_;
  FrontLoop::Member member_{};
  InputBuffer in_;
  std::size_t scanned_ = 0;
  Phase phase_ = Phase::idle;
  MonoTime deadline_ = MonoTime::max();
  MonoTime at_{};     // the last look at the clock
  MonoTime began_{};  // first byte of the request being answered
  std::uint64_t served_ = 0;
  bool keep_ = true;
  int minor_version_ = 1;
  Method method_ = Method::get;
  Outgoing out_;
  HotAnswer hot_;
  std::string partial_head_;  // of a 206 or 416 out of the hot table
  BodyState body_;
  std::shared_ptr<ColdCall> call_;  // while a handler runs
  Door door_;
  std::optional<IpAddress> peer_;
  bool trusted_ = false;  // the peer is a trusted proxy
  std::string client_;    // whom it speaks for, of the current hot request
  std::string peer_text_;
  std::string failure_;  // why an answer broke off, for the access event
};

}  // namespace bodega::http
