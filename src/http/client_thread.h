// The upstream thread: runs libcurl's multi handle and nothing else. Commands come in through a mailbox that outlives the thread.
#pragma once

#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include <curl/curl.h>

#include "http/client_exchange.h"
#include "http/client_options.h"

namespace bodega::http {

// shared_ptr: held by the client, its thread and every body, because bodies may outlive the client. Any thread.
class Mailbox {
 public:
  struct Command {
    enum class Kind { start, go_on, cancel } kind = Kind::cancel;
    std::shared_ptr<Inbox> inbox;
    std::unique_ptr<ExchangeRequest> request;  // of start
  };

  explicit Mailbox(CURLM* multi) : multi_(multi) {}
  // False after close().
  bool post(Command command);
  std::vector<Command> take();
  void wake();
  void request_stop();
  bool stopping();
  void close();  // before the multi handle goes

 private:
  std::mutex mutex_;
  CURLM* multi_;
  std::vector<Command> commands_;
  bool stopping_ = false;
};

class UpstreamThread {
 public:
  UpstreamThread(const CurlOptions& options, ExtraCertificates extra_certificates);
  ~UpstreamThread();  // ends every transfer with cancelled
  UpstreamThread(const UpstreamThread&) = delete;
  UpstreamThread& operator=(const UpstreamThread&) = delete;

  const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }

 private:
  void run();
  void obey(Mailbox::Command command, MonoTime now);
  void collect_finished();
  void end_overdue(MonoTime now);
  void end(Inbox* inbox);

  struct MultiFree {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };

  ExchangeSettings settings_;
  std::unique_ptr<CURLM, MultiFree> multi_;
  std::shared_ptr<Mailbox> mailbox_;
  std::unordered_map<Inbox*, std::unique_ptr<Exchange>> exchanges_;
  MonoTime next_deadline_ = MonoTime::max();
  std::thread thread_;
};

}  // namespace bodega::http
