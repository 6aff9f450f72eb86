// One request and its answer inside libcurl. Upstream thread only; what it received goes to the Inbox.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <curl/curl.h>

#include "http/client.h"
#include "http/client_address.h"
#include "http/client_decode.h"
#include "http/client_error.h"
#include "http/client_inbox.h"
#include "http/client_tls.h"

namespace bodega::http {

// The same for all exchanges of a client; outlives them.
struct ExchangeSettings {
  std::string user_agent;
  ExtraCertificates extra_certificates;
  std::size_t head_bytes = 0;
};

struct ExchangeRequest {
  FetchRequest fetch;
  std::string proxy;  // empty = direct
  Reach reach = Reach::anywhere;
  MonoTime began{};  // of fetch(), for head and total timeout
};

class Exchange {
 public:
  Exchange(std::shared_ptr<Inbox> inbox, ExchangeRequest request, const ExchangeSettings& settings, MonoTime now);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  CURL* easy() const { return easy_.get(); }
  Inbox& inbox() const { return *inbox_; }

  // After curl has run: gives the reader what arrived. True when the deadlines changed.
  bool flush(MonoTime now);
  // The reader made room. True when the exchange is over by that.
  bool go_on(MonoTime now);
  // curl is done with it. True when the exchange is over; false while decoded bytes wait for room.
  bool done(CURLcode code);
  void cancel(Error error) { inbox_->finish(std::move(error)); }
  // Ends the exchange when a timeout has passed: true. `next` is lowered to when to ask again.
  bool overdue(MonoTime now, MonoTime& next);

 private:
  static std::size_t header_callback(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t write_callback(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t read_callback(char* into, std::size_t size, std::size_t count, void* self);
  static int seek_callback(void* self, curl_off_t offset, int origin);
  static curl_socket_t open_socket_callback(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int prerequest_callback(void* self, char* peer, char* local, int peer_port, int local_port);
  static CURLcode tls_callback(CURL* easy, void* context, void* self);

  void configure();
  void configure_request();
  void configure_body();
  void configure_connection();
  bool on_header(std::string_view line);
  bool on_field(std::string_view line);
  bool on_head_end();
  bool on_body_begin(TransferHead& head);
  std::size_t on_body(std::string_view data);
  std::size_t send_some(char* into, std::size_t room);
  bool sending() const { return send_bytes_ > 0 && sent_bytes_ < send_bytes_; }
  std::uint64_t moved_bytes() const { return wire_bytes_ + sent_bytes_; }
  bool append(std::string_view data);
  bool give_beginning(std::string_view& data);
  bool decode_rest();
  bool within_limits();
  void restart_window(MonoTime now);
  bool stalled(MonoTime now, MonoTime& next);
  bool give_up(FetchFailure kind, const std::string& what, std::string_view detail);
  void finish();
  std::string who() const { return "the upstream " + upstream_name(request_.fetch.url); }

  struct EasyFree {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  struct ListFree {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  std::shared_ptr<Inbox> inbox_;
  ExchangeRequest request_;
  const ExchangeSettings& settings_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  std::unique_ptr<curl_slist, ListFree> headers_;
  std::unique_ptr<CURL, EasyFree> easy_;

  // Head.
  TransferHead head_;
  std::size_t head_bytes_ = 0;
  bool head_done_ = false;
  bool redirecting_ = false;  // the body is thrown away, the head given out at the end, so that the connection can be used again

  // Body.
  std::unique_ptr<Decoder> decoder_;
  std::string rest_;              // received, not yet decoded
  bool decoding_ = false;         // the decoder has more to give, from rest_ or from within: the inbox was full
  std::string filling_;           // not yet in the inbox
  std::uint64_t wire_bytes_ = 0;  // before decoding
  std::uint64_t bytes_ = 0;       // after
  std::optional<CURLcode> done_;  // curl's verdict
  std::optional<Error> failure_;  // ours; wins over curl's

  // Body of the request, when part of it is a file.
  std::uint64_t send_bytes_ = 0;
  std::uint64_t sent_bytes_ = 0;  // handed to curl; goes back when curl begins anew on another connection
  MonoTime sent_at_{};            // when the last of it was
  bool was_sending_ = false;      // at the last flush()

  // Stall watch, while a file is sent and from the head on.
  bool watching_body_ = false;
  MonoTime window_begin_{};
  std::uint64_t window_from_ = 0;  // moved_bytes() then
  std::uint64_t last_moved_ = 0;
  MonoTime last_byte_{};
};

}  // namespace bodega::http
