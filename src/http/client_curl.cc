#include <algorithm>
#include <chrono>
#include <utility>

#include "base/check.h"
#include "http/client_address.h"
#include "http/client_error.h"
#include "http/client_options.h"
#include "http/client_redirect.h"
#include "http/client_thread.h"

// At -O1, as the sanitizers build, GCC 12 inlines only one half of Asio's frame allocation into fetch() and calls the halves mismatched.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace bodega::http {
namespace {

// What the home loop holds of a transfer. Going away cancels it, wherever it stands.
class Transfer {
 public:
  Transfer(std::shared_ptr<Mailbox> mailbox, std::shared_ptr<Inbox> inbox) : mailbox_(std::move(mailbox)), inbox_(std::move(inbox)) {}
  ~Transfer() {
    if (inbox_ && !inbox_->finished()) mailbox_->post({Mailbox::Command::Kind::cancel, inbox_, nullptr});
  }
  Transfer(Transfer&&) noexcept = default;
  Transfer& operator=(Transfer&&) = delete;

  const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }
  const std::shared_ptr<Inbox>& inbox() const { return inbox_; }

 private:
  std::shared_ptr<Mailbox> mailbox_;
  std::shared_ptr<Inbox> inbox_;  // shared_ptr: with the upstream thread
};

Task<Result<TransferHead>> wait_for_head(std::shared_ptr<Inbox> inbox) {
  auto park = [&inbox](Waker waker) { inbox->park_for_head(std::move(waker)); };
  for (;;) {
    auto head = inbox->try_take_head();
    if (head) co_return std::move(*head);
    co_await suspend(park);
  }
}

class CurlBody final : public FetchBody {
 public:
  explicit CurlBody(Transfer transfer) : transfer_(std::move(transfer)) {}

  Task<Result<std::string>> read() override {
    // Copies: the body may be destroyed while its reader is parked.
    const auto inbox = transfer_.inbox();
    const auto mailbox = transfer_.mailbox();
    auto park = [&inbox](Waker waker) { inbox->park_for_piece(std::move(waker)); };
    for (;;) {
      // What was taken before has found its reader by now: the rest may have the processor.
      if (inbox->ends_pause()) mailbox->post({Mailbox::Command::Kind::go_on, inbox, nullptr});
      auto taken = inbox->try_take();
      if (taken) co_return std::move(*taken);
      co_await suspend(park);
    }
  }

 private:
  Transfer transfer_;
};

bool has_line_break(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos; }

Result<void> check_request(const FetchRequest& request) {
  const bool method_ok =
      !request.method.empty() && std::all_of(request.method.begin(), request.method.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!method_ok) return fail(Code::invalid, "an upstream request needs a method in capital letters");
  if (request.url.scheme != "http" && request.url.scheme != "https") return fail(Code::invalid, "an upstream must be http or https");
  for (const auto& field : request.headers.all()) {
    if (field.name.empty() || has_line_break(field.name) || has_line_break(field.value) ||
        field.name.find_first_of(": ;") != std::string::npos) {
      return fail(Code::invalid, "an upstream request has a broken header", field.name);
    }
  }
  return {};
}

class CurlClient final : public Client {
 public:
  CurlClient(CurlOptions options, ProxySettings proxies, ExtraCertificates extra, Loop& home, Log& log)
      : home_(home), log_(log), buffer_bytes_(options.buffer_bytes), proxies_(std::move(proxies)), thread_(options, std::move(extra)) {}

  Task<Result<FetchResponse>> fetch(FetchRequest request) override {
    BODEGA_CHECK(home_.here(), "upstreams are asked from the home loop");
    BODEGA_CO_TRY_VOID(check_request(request));
    const MonoTime began = std::chrono::steady_clock::now();
    const std::string first_origin = request.url.origin();
    const std::string first_host = request.url.host;
    bool first_is_private = false;
    for (int hops = 0;; ++hops) {
      const bool foreign = request.url.origin() != first_origin && !first_is_private;
      Transfer transfer = start(request, began, reach_of(request.private_addresses, first_host, foreign));
      auto inbox = transfer.inbox();
      auto head = co_await wait_for_head(std::move(inbox));
      if (!head) co_return fail(std::move(head).error());
      if (!is_followed(request.method, head->status, head->headers)) co_return respond(request, std::move(*head), std::move(transfer));
      if (hops == 0) first_is_private = head->private_peer;
      const std::string location(head->headers.get("Location"));
      BODEGA_CO_TRY_VOID(follow_redirect(request, location, hops));
      log_.debug("upstream.redirect", {{"to", request.url}, {"status", head->status}});
    }
  }

 private:
  Transfer start(const FetchRequest& request, MonoTime began, Reach reach) {
    auto inbox = std::make_shared<Inbox>(buffer_bytes_);
    Transfer transfer(thread_.mailbox(), inbox);
    auto exchange = std::make_unique<ExchangeRequest>(ExchangeRequest{request, proxy_for(request.url, proxies_), reach, began});
    const bool literal = IpAddress::parse(request.url.host).has_value();
    if (const char* refusal = literal ? refusal_of(reach, request.url.host) : nullptr; refusal != nullptr) {
      // A proxy would be asked to go there; nobody needs to be asked.
      inbox->finish(fetch_error(FetchFailure::policy, "the upstream " + upstream_name(request.url) + refusal, "literal address"));
    } else {
      thread_.mailbox()->post({Mailbox::Command::Kind::start, inbox, std::move(exchange)});
    }
    return transfer;
  }

  static FetchResponse respond(const FetchRequest& request, TransferHead head, Transfer transfer) {
    FetchResponse response;
    response.status = head.status;
    response.headers = std::move(head.headers);
    response.final_url = request.url;
    response.content_length = head.content_length;
    response.end_is_marked = head.end_is_marked;
    response.body = std::make_unique<CurlBody>(std::move(transfer));
    return response;
  }

  Loop& home_;
  Log& log_;
  const std::size_t buffer_bytes_;
  const ProxySettings proxies_;
  UpstreamThread thread_;
};

}  // namespace

Result<std::unique_ptr<Client>> make_curl_client(CurlOptions options, Loop& home, Log& log) {
  // Thread-safe since libcurl 7.84, and counted: others may have done it too.
  BODEGA_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "libcurl starts");
  BODEGA_TRY(auto extra, ExtraCertificates::load(options.extra_ca_file));
  auto proxies = options.proxies ? *options.proxies : proxies_of_environment();
  return std::make_unique<CurlClient>(std::move(options), std::move(proxies), std::move(extra), home, log);
}

}  // namespace bodega::http
