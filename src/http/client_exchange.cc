#include "http/client_exchange.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "http/client_address.h"
#include "http/client_redirect.h"

namespace bodega::http {
namespace {

// A redirect's body is a sentence of HTML. More is not worth keeping the connection for.
constexpr std::uint64_t kRedirectBody = 64 * 1024;
// Small answers compress well by chance; a bomb that stays below this harms nobody.
constexpr std::uint64_t kRatioFrom = 1024 * 1024;
constexpr std::uint64_t kStallBytesPerSecond = 1024;
// Decoded bytes are handed over in pieces that the allocator uses again rather than maps anew (tame_malloc() in app/serve.cc): pages of
// memory that were never touched cost more than to decode into them.
constexpr std::size_t kDecodedPiece = 120 * 1024;
static_assert(kDecodedPiece <= Inbox::kPiece);
// The beginning of a file is handed over at once, and small, so that it is on its way to whoever waits before the rest has arrived.
constexpr std::size_t kFirstPiece = 16 * 1024;

// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || kMarks.find(c) != std::string_view::npos;
  });
}

// Field values go into logs and into our own answers: no control bytes but tabs.
std::string clean_value(std::string_view value) {
  std::string out;
  for (const char c : trim(value)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\t' || (byte >= 0x20 && byte != 0x7F)) out += c;
  }
  return out;
}

bool has_body(std::string_view method, int status) { return method != "HEAD" && status != 204 && status != 304; }

}  // namespace

bool Exchange::flush(MonoTime now) {
  const bool begins = head_done_ && !watching_body_;
  if (begins) {
    watching_body_ = true;
    restart_window(now);
  }
  if (moved_bytes() != last_moved_) {
    last_moved_ = moved_bytes();
    last_byte_ = now;
    if (send_bytes_ > 0 && !watching_body_) sent_at_ = now;
  }
  const bool was_sending = std::exchange(was_sending_, sending());
  if (!filling_.empty()) inbox_->put(std::exchange(filling_, {}));
  return begins || was_sending != was_sending_;
}

bool Exchange::go_on(MonoTime now) {
  restart_window(now);
  if (decoding_ && !decode_rest()) {
    finish();
    return true;
  }
  flush(now);
  if (decoding_) return false;
  if (done_) {
    finish();
    return true;
  }
  const CURLcode code = curl_easy_pause(easy(), CURLPAUSE_CONT);
  return code != CURLE_OK && done(code);
}

bool Exchange::done(CURLcode code) {
  done_ = code;
  if (decoding_ && !failure_) return false;
  finish();
  return true;
}

void Exchange::finish() {
  if (!filling_.empty()) inbox_->put(std::exchange(filling_, {}));
  if (redirecting_ && !failure_) {
    inbox_->put_head(std::move(head_));
    inbox_->finish(std::nullopt);
    return;
  }
  const CURLcode code = done_.value_or(CURLE_OK);
  if (!failure_ && code != CURLE_OK) {
    long os_errno = 0;
    curl_easy_getinfo(easy(), CURLINFO_OS_ERRNO, &os_errno);
    failure_ = curl_error({code, os_errno, error_text_.data()}, request_.fetch.url);
    if (code == CURLE_OPERATION_TIMEDOUT && !head_done_) failure_->message = who() + " could not be connected to in time";
  }
  if (!failure_ && decoder_ && wire_bytes_ > 0 && !decoder_->ended()) {
    give_up(FetchFailure::cut, " cut its answer off", "the encoded stream has no end");
  }
  inbox_->finish(std::move(failure_));
}

bool Exchange::give_up(FetchFailure kind, const std::string& what, std::string_view detail) {
  if (!failure_) failure_ = fetch_error(kind, who() + what, detail);
  return false;
}

bool Exchange::overdue(MonoTime now, MonoTime& next) {
  if (done_) return false;  // only the reader is waited for
  const auto& fetch = request_.fetch;
  const auto passed = [&](MonoTime from, Duration timeout) {
    if (timeout <= Duration::zero()) return false;
    if (now >= from + timeout) return true;
    next = std::min(next, from + timeout);
    return false;
  };
  const bool waits_for_head = !watching_body_ || redirecting_;
  if (passed(request_.began, fetch.total_timeout)) {
    give_up(FetchFailure::timeout, " took too long", "total timeout");
  } else if (waits_for_head && sending()) {
    if (!stalled(now, next)) return false;
    give_up(FetchFailure::timeout, " stopped taking what it was sent", "stall timeout");
  } else if (waits_for_head && passed(std::max(request_.began, sent_at_), fetch.head_timeout)) {
    give_up(FetchFailure::timeout, " did not answer in time", "head timeout");
  } else if (!waits_for_head && stalled(now, next)) {
    give_up(FetchFailure::timeout, " stopped sending", "stall timeout");
  } else {
    return false;
  }
  finish();
  return true;
}

void Exchange::restart_window(MonoTime now) {
  window_begin_ = last_byte_ = now;
  window_from_ = moved_bytes();
}

// Too slow over a whole window, or silent for as long as a window: a body that stops after a good start is noticed in time too.
bool Exchange::stalled(MonoTime now, MonoTime& next) {
  const Duration timeout = request_.fetch.stall_timeout;
  if (timeout <= Duration::zero()) return false;
  if (inbox_->paused()) restart_window(now);
  if (now >= last_byte_ + timeout) return true;
  if (now >= window_begin_ + timeout) {
    const double needed = static_cast<double>(kStallBytesPerSecond) * std::chrono::duration<double>(timeout).count();
    if (static_cast<double>(moved_bytes() - std::min(moved_bytes(), window_from_)) < needed) return true;
    window_begin_ = now;
    window_from_ = moved_bytes();
  }
  next = std::min({next, last_byte_ + timeout, window_begin_ + timeout});
  return false;
}

bool Exchange::on_header(std::string_view line) {
  if (head_done_) return true;  // trailers: nobody asked for them
  head_bytes_ += line.size();
  if (head_bytes_ > settings_.head_bytes) return give_up(FetchFailure::protocol, " sent too many headers", "head over the limit");
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (line.empty()) return on_head_end();
  if (line.starts_with("HTTP/")) {
    head_.headers = Headers();  // an interim answer came before
    return true;
  }
  return on_field(line);
}

bool Exchange::on_field(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') {
    // obs-fold (RFC 9112 section 5.2): the line goes on with the value before.
    if (head_.headers.all().empty()) return true;
    const Header last = head_.headers.all().back();
    if (head_.headers.joined(last.name) == last.value) head_.headers.set(last.name, last.value + " " + clean_value(line));
    return true;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return true;
  head_.headers.add(std::string(line.substr(0, colon)), clean_value(line.substr(colon + 1)));
  return true;
}

bool Exchange::on_head_end() {
  long status = 0;
  curl_easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
  if (status == 101) return give_up(FetchFailure::protocol, " answered in broken HTTP", "status 101");
  if (status < 200) return true;  // the final head comes later
  head_done_ = true;
  head_.status = static_cast<int>(status);
  if (!on_body_begin(head_)) return false;
  const char* peer = nullptr;
  curl_easy_getinfo(easy(), CURLINFO_PRIMARY_IP, &peer);
  head_.private_peer = request_.proxy.empty() && peer != nullptr && is_private_address(peer);
  if (is_followed(request_.fetch.method, head_.status, head_.headers)) {
    redirecting_ = true;
  } else {
    inbox_->put_head(std::move(head_));
  }
  return true;
}

bool Exchange::on_body_begin(TransferHead& head) {
  for (const auto& field : head.headers.all()) {
    if (!iequals(field.name, "Content-Length")) continue;
    const auto length = parse_u64(field.value);
    if (!length || (head.content_length && head.content_length != length)) {
      return give_up(FetchFailure::protocol, " answered in broken HTTP", "Content-Length is not one number");
    }
    head.content_length = length;
  }
  const auto& fetch = request_.fetch;
  if (!has_body(fetch.method, head.status)) return true;
  const bool chunked = head.headers.has("Transfer-Encoding");
  if (chunked) head.content_length.reset();
  long version = 0;
  curl_easy_getinfo(easy(), CURLINFO_HTTP_VERSION, &version);
  head.end_is_marked = chunked || head.content_length || version >= CURL_HTTP_VERSION_2_0;
  if (fetch.max_bytes > 0 && head.content_length > fetch.max_bytes) {
    give_up(FetchFailure::too_large, " sends more than is accepted", "Content-Length over max_bytes");  // the reader gets it after the head
  }
  if (!fetch.decode) return true;
  auto decoder = make_decoder(head.headers.joined("Content-Encoding"));
  if (decoder) {
    decoder_ = std::move(*decoder);
  } else {
    give_up(FetchFailure::protocol, " answered in an encoding that cannot be read", decoder.error());
  }
  return true;
}

std::size_t Exchange::on_body(std::string_view data) {
  if (failure_) return CURL_WRITEFUNC_ERROR;
  if (redirecting_) {
    wire_bytes_ += data.size();
    return wire_bytes_ > kRedirectBody ? CURL_WRITEFUNC_ERROR : data.size();
  }
  if (decoding_) {
    if (!decode_rest()) return CURL_WRITEFUNC_ERROR;
    if (decoding_) return CURL_WRITEFUNC_PAUSE;
  } else if (inbox_->pause_if_full(filling_.size())) {
    return CURL_WRITEFUNC_PAUSE;
  }
  wire_bytes_ += data.size();
  if (!decoder_) return append(data) ? data.size() : CURL_WRITEFUNC_ERROR;
  rest_.assign(data);
  return decode_rest() ? data.size() : CURL_WRITEFUNC_ERROR;
}

// The next bytes of body, file and end, from sent_bytes_ on.
std::size_t Exchange::send_some(char* into, std::size_t room) {
  const auto& fetch = request_.fetch;
  const std::uint64_t file_bytes = fetch.body_file->available();
  std::uint64_t at = sent_bytes_;
  const auto from_text = [&](std::string_view text) {
    const auto part = text.substr(static_cast<std::size_t>(at), room);
    std::copy(part.begin(), part.end(), into);
    sent_bytes_ += part.size();
    return part.size();
  };
  if (at < fetch.body.size()) return from_text(fetch.body);
  at -= fetch.body.size();
  if (at >= file_bytes) {
    at -= file_bytes;
    return from_text(fetch.body_end);
  }
  const auto part = read_part(*fetch.body_file, at, static_cast<std::size_t>(std::min<std::uint64_t>(room, file_bytes - at)));
  if (!part || part->empty()) {
    failure_ = Error{Code::io, "the file that was to be sent cannot be read", part ? "it became shorter" : part.error().describe(), {}};
    return CURL_READFUNC_ABORT;
  }
  std::copy(part->begin(), part->end(), into);
  sent_bytes_ += part->size();
  return part->size();
}

bool Exchange::append(std::string_view data) {
  if (bytes_ == 0 && !give_beginning(data)) return false;
  if (data.empty()) return true;
  if (filling_.size() + data.size() > Inbox::kPiece) inbox_->put(std::exchange(filling_, {}));
  bytes_ += data.size();
  if (filling_.empty()) {
    // As large as it will get, so that it is not copied while it grows.
    const std::uint64_t to_come = head_.content_length ? *head_.content_length - std::min(*head_.content_length, bytes_) : 0;
    filling_.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(Inbox::kPiece, data.size() + to_come)));
  }
  filling_ += data;
  return within_limits();
}

// Takes it off `data`. On a machine with few cores the rest would keep its reader from running, so that waits until the beginning was
// taken.
bool Exchange::give_beginning(std::string_view& data) {
  filling_ = data.substr(0, kFirstPiece);
  bytes_ = filling_.size();
  data.remove_prefix(filling_.size());
  if (!within_limits()) return false;
  long version = 0;
  curl_easy_getinfo(easy(), CURLINFO_HTTP_VERSION, &version);
  // Streams of HTTP/2 share their connection, and small bodies are not worth the way back.
  const bool waits = version < CURL_HTTP_VERSION_2_0 && head_.content_length > bytes_ + data.size();
  if (waits) inbox_->pause();
  inbox_->put(std::exchange(filling_, {}));
  return !waits || curl_easy_pause(easy(), CURLPAUSE_RECV) == CURLE_OK;
}

bool Exchange::decode_rest() {
  std::string_view input = rest_;
  decoding_ = true;
  while (decoding_ && !inbox_->pause_if_full(filling_.size())) {
    const std::size_t before = filling_.size();
    if (filling_.empty()) filling_.reserve(kDecodedPiece);
    const auto step = decoder_->decode(input, filling_, kDecodedPiece);
    if (!step) return give_up(FetchFailure::protocol, " answered with bytes that cannot be decoded", step.error());
    bytes_ += filling_.size() - before;
    if (!within_limits()) return false;
    input.remove_prefix(step->used);
    decoding_ = step->more;
    if (filling_.size() >= kDecodedPiece) inbox_->put(std::exchange(filling_, {}));
  }
  rest_.erase(0, rest_.size() - input.size());
  return true;
}

bool Exchange::within_limits() {
  const auto& fetch = request_.fetch;
  if (fetch.max_bytes > 0 && bytes_ > fetch.max_bytes) {
    const std::uint64_t excess = bytes_ - fetch.max_bytes;
    filling_.resize(filling_.size() - static_cast<std::size_t>(std::min<std::uint64_t>(excess, filling_.size())));
    return give_up(FetchFailure::too_large, " sends more than is accepted", "body over max_bytes");
  }
  if (decoder_ && bytes_ > kRatioFrom && static_cast<double>(bytes_) > fetch.max_ratio * static_cast<double>(wire_bytes_)) {
    return give_up(FetchFailure::too_large, " sends bytes that unpack without measure", "decoded to wire ratio over max_ratio");
  }
  return true;
}

}  // namespace bodega::http
