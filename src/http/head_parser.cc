#include "http/head_parser.h"

#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/text.h"

namespace bodega::http {

namespace {

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr auto kToken = make_token_table();

// RFC 3986 reg-name: unreserved, sub-delims, and escapes, which nobody uses and nothing here decodes.
constexpr std::array<bool, 256> make_name_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (const char c : std::string_view("-._~!$&'()*+;=%")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr auto kHostName = make_name_table();

bool token_char(char c) { return kToken[static_cast<unsigned char>(c)]; }

// Visible ASCII but '#': a fragment never travels, and raw bytes above 0x7f are no URI.
bool target_char(char c) { return c > ' ' && c < 0x7f && c != '#'; }

// The first byte that no target holds, or `end`.
const char* skip_target(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i blank = _mm_set1_epi8(' ');
  const __m128i del = _mm_set1_epi8(0x7f);
  const __m128i hash = _mm_set1_epi8('#');
  while (end - at >= 16) {
    __m128i block;
    std::memcpy(&block, at, sizeof block);
    const __m128i above = _mm_cmpgt_epi8(block, blank);  // signed: bytes from 0x80 on are not above
    const __m128i barred = _mm_or_si128(_mm_cmpeq_epi8(block, del), _mm_cmpeq_epi8(block, hash));
    const auto good = static_cast<unsigned>(_mm_movemask_epi8(_mm_andnot_si128(barred, above)));
    if (good != 0xffffU) return at + __builtin_ctz(~good);
    at += 16;
  }
#endif
  while (at != end && target_char(*at)) ++at;
  return at;
}

// The first control byte other than a tab, or `end`.
const char* find_control(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i low = _mm_set1_epi8(0x1f);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  while (end - at >= 16) {
    __m128i block;
    std::memcpy(&block, at, sizeof block);
    const __m128i is_low = _mm_andnot_si128(_mm_cmpeq_epi8(block, tab), _mm_cmpeq_epi8(_mm_min_epu8(block, low), block));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(is_low, _mm_cmpeq_epi8(block, del))));
    if (mask != 0) return at + __builtin_ctz(mask);
    at += 16;
  }
#endif
  for (; at != end; ++at) {
    const auto c = static_cast<unsigned char>(*at);
    if ((c < 0x20 && c != '\t') || c == 0x7f) return at;
  }
  return end;
}

template <class Word>
Word load(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Whether the `size` bytes, folded to lower case, are `lower`; size >= sizeof(Word). The last word may overlap the one before. Folding by
// one bit is enough: no token character meets one of another kind that way.
template <class Word>
bool same_words(const char* name, const char* lower, std::size_t size) {
  constexpr auto fold = static_cast<Word>(0x2020202020202020U);
  for (std::size_t i = 0; i + sizeof(Word) < size; i += sizeof(Word)) {
    if ((load<Word>(name + i) | fold) != load<Word>(lower + i)) return false;
  }
  const auto last = size - sizeof(Word);
  return (load<Word>(name + last) | fold) == load<Word>(lower + last);
}

// `lower` is in lower case, of the same length, and has four bytes at least.
inline bool same_name(std::string_view name, std::string_view lower) {
  return lower.size() >= 8 ? same_words<std::uint64_t>(name.data(), lower.data(), lower.size())
                           : same_words<std::uint32_t>(name.data(), lower.data(), lower.size());
}

bool begins_with(std::string_view name, std::string_view lower) {
  return name.size() >= lower.size() && same_name(name.substr(0, lower.size()), lower);
}

Method method_of(std::string_view text) {
  switch (text.size()) {
    case 3:
      if (text == "GET") return Method::get;
      return text == "PUT" ? Method::put : Method::other;
    case 4:
      if (text == "HEAD") return Method::head;
      if (text == "POST") return Method::post;
      return text == "PUSH" ? Method::push : Method::other;
    case 5: return text == "PATCH" ? Method::patch : Method::other;
    case 6: return text == "DELETE" ? Method::del : Method::other;
    case 7: return text == "OPTIONS" ? Method::options : Method::other;
    default: return Method::other;
  }
}

class Parser {
 public:
  Parser(std::string_view bytes, const HeadLimits& limits, RequestHead& head, HeadFault& fault)
      : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()), limits_(limits), head_(head), fault_(fault) {}

  bool run() {
    // One empty line before a request is ignored (RFC 9112 section 2.2).
    if (end_ - at_ >= 2 && at_[0] == '\r' && at_[1] == '\n') at_ += 2;
    if (!request_line()) return false;
    while (!(end_ - at_ >= 2 && at_[0] == '\r' && at_[1] == '\n')) {
      if (!field_line()) return false;
    }
    at_ += 2;
    head_.bytes = static_cast<std::size_t>(at_ - begin_);
    if (head_.bytes > limits_.head_bytes) return refuse(431, "the request head is too large");
    return check_host() && check_framing() && check_expect();
  }

 private:
  bool refuse(int status, std::string_view text) {
    fault_ = {status, text};
    return false;
  }

  bool crlf() {
    if (end_ - at_ < 2 || at_[0] != '\r' || at_[1] != '\n') return refuse(400, "a line of the request head does not end with CRLF");
    at_ += 2;
    return true;
  }

  // The blank line at the end of the head has been seen, and no token holds a CR: the loop needs no other bound.
  void skip_token() {
    while (token_char(*at_)) ++at_;
  }

  bool request_line() {
    const char* const line = at_;
    skip_token();
    head_.method_text = {line, static_cast<std::size_t>(at_ - line)};
    if (head_.method_text.empty() || head_.method_text.size() > 32 || *at_ != ' ') {
      return refuse(400, "the request line has no valid method");
    }
    head_.method = method_of(head_.method_text);
    const char* const target = ++at_;
    at_ = skip_target(at_, end_);
    head_.target = {target, static_cast<std::size_t>(at_ - target)};
    if (static_cast<std::size_t>(at_ - line) > limits_.line_bytes) return refuse(414, "the request target is too long");
    if (at_ == end_ || *at_ != ' ') return refuse(400, "the request target holds a byte that no URI may hold");
    ++at_;
    return version() && crlf() && split_target();
  }

  bool version() {
    if (end_ - at_ < 8 || std::memcmp(at_, "HTTP/", 5) != 0 || at_[6] != '.') return refuse(400, "the request line has no HTTP version");
    const char major = at_[5];
    const char minor = at_[7];
    if (major < '0' || major > '9' || minor < '0' || minor > '9') return refuse(400, "the request line has no HTTP version");
    if (major != '1' || minor > '1') return refuse(505, "this server speaks HTTP/1.1 and HTTP/1.0");
    head_.minor_version = minor - '0';
    head_.keep_alive = minor == '1';
    at_ += 8;
    return true;
  }

  bool split_target() {
    if (head_.target.empty()) return refuse(400, "the request target is empty");
    if (head_.target == "*") {
      if (head_.method != Method::options) return refuse(400, "the target * is for OPTIONS only");
      head_.path = head_.target;
      return true;
    }
    if (head_.target.front() != '/' && !absolute_form()) return false;
    const auto question = head_.target.find('?');
    head_.path = head_.target.substr(0, question);
    if (question != std::string_view::npos) head_.query = head_.target.substr(question + 1);
    return true;
  }

  // RFC 9112 section 3.2.2: as sent to proxies. The authority counts, Host does not.
  bool absolute_form() {
    auto rest = head_.target;
    if (istarts_with(rest, "http://")) {
      rest.remove_prefix(7);
    } else if (istarts_with(rest, "https://")) {
      rest.remove_prefix(8);
    } else {
      return refuse(400, "the request target is neither a path nor an http URL");
    }
    const auto authority_end = rest.find_first_of("/?");
    absolute_host_ = rest.substr(0, authority_end);
    if (absolute_host_.empty() || !is_host_value(absolute_host_)) return refuse(400, "the URL in the request line has no valid host");
    rest = authority_end == std::string_view::npos ? std::string_view("/") : rest.substr(authority_end);
    if (rest.front() != '/') return refuse(400, "the URL in the request line has no path");
    head_.target = rest;
    return true;
  }

  bool field_line() {
    if (head_.fields.size() >= limits_.fields) return refuse(431, "the request has too many header fields");
    const char* const name_at = at_;
    skip_token();
    const std::string_view name(name_at, static_cast<std::size_t>(at_ - name_at));
    if (name.empty() || *at_ != ':') return refuse(400, "a header field has no valid name");
    ++at_;
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t')) ++at_;
    const char* const value_at = at_;
    at_ = find_control(at_, end_);
    const char* value_end = at_;
    if (!crlf()) return refuse(400, "a header field holds a control byte");
    while (value_end != value_at && (value_end[-1] == ' ' || value_end[-1] == '\t')) --value_end;
    const std::string_view value(value_at, static_cast<std::size_t>(value_end - value_at));
    head_.fields.push_back({name, value});
    return field_meaning(name, value);
  }

  bool field_meaning(std::string_view name, std::string_view value) {
    const auto field = identify_field(name);
    if (field == Field::other) {
      if (begins_with(name, "sec-fetch-") || (name.size() == 6 && same_name(name, "origin"))) head_.browser = true;
      return true;
    }
    head_.note(field, value);
    if (field == Field::user_agent && begins_with(value, "mozilla/")) head_.browser = true;
    if (field == Field::connection) note_connection(value);
    return true;
  }

  void note_connection(std::string_view value) {
    if (value.size() == 10 && same_name(value, "keep-alive")) {  // what nearly everybody sends
      keep_ = true;
    } else {
      close_ = close_ || list_has(value, "close");
      keep_ = keep_ || list_has(value, "keep-alive");
    }
  }

  bool check_host() {
    if (head_.repeated(Field::host)) return refuse(400, "the request has more than one Host");
    if (!head_.has(Field::host) && head_.minor_version == 1) return refuse(400, "the request has no Host");
    head_.host = head_.first(Field::host);
    if (!is_host_value(head_.host)) return refuse(400, "the Host of the request is not valid");
    if (!absolute_host_.empty()) head_.host = absolute_host_;
    if (close_) {
      head_.keep_alive = false;
    } else if (keep_) {
      head_.keep_alive = true;
    }
    return true;
  }

  bool check_framing() {
    if (head_.has(Field::content_length)) {
      if (head_.has(Field::transfer_encoding)) return refuse(400, "the request has both Content-Length and Transfer-Encoding");
      if (head_.repeated(Field::content_length)) return refuse(400, "the request has more than one Content-Length");
      head_.content_length = parse_u64(head_.first(Field::content_length));
      if (!head_.content_length) return refuse(400, "the Content-Length of the request is not a number");
    }
    if (!head_.has(Field::transfer_encoding)) return true;
    if (head_.minor_version == 0) return refuse(400, "HTTP/1.0 has no Transfer-Encoding");
    if (head_.repeated(Field::transfer_encoding)) return refuse(400, "the request has more than one Transfer-Encoding");
    const auto coding = head_.first(Field::transfer_encoding);
    if (!iequals(coding, "chunked")) {
      const auto parts = split(coding, ',');
      std::size_t chunked = 0;
      for (const auto part : parts) chunked += iequals(trim(part), "chunked") ? 1U : 0U;
      const bool understood = chunked == 1 && iequals(trim(parts.back()), "chunked");
      return understood ? refuse(501, "the only transfer coding of this server is chunked")
                        : refuse(400, "the Transfer-Encoding of the request does not say where the body ends");
    }
    head_.chunked = true;
    return true;
  }

  bool check_expect() {
    if (!head_.has(Field::expect) || head_.minor_version == 0) return true;
    if (head_.repeated(Field::expect) || !iequals(head_.first(Field::expect), "100-continue")) {
      return refuse(417, "the only expectation of this server is 100-continue");
    }
    head_.expect_continue = true;
    return true;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  const HeadLimits& limits_;
  RequestHead& head_;
  HeadFault& fault_;
  std::string_view absolute_host_;
  bool close_ = false;
  bool keep_ = false;
};

// A head that is not whole yet: refuse what can never become one, so that nobody waits for the time limit.
HeadStatus check_partial(std::string_view bytes, std::size_t scanned, const HeadLimits& limits, HeadFault& fault) {
  const auto refuse = [&fault](int status, std::string_view text) {
    fault = {status, text};
    return HeadStatus::refused;
  };
  if (bytes.size() > limits.head_bytes) {
    const bool in_first_line = bytes.substr(2).find("\r\n") == std::string_view::npos;
    return in_first_line ? refuse(414, "the request target is too long") : refuse(431, "the request head is too large");
  }
  if (!bytes.empty() && !token_char(bytes.front()) && bytes.front() != '\r') return refuse(400, "this is not an HTTP request");
  for (auto at = scanned; at < bytes.size(); ++at) {
    if (bytes[at] == '\0') return refuse(400, "the request head holds a NUL byte");
    if (bytes[at] == '\n' && (at == 0 || bytes[at - 1] != '\r')) return refuse(400, "a line of the request head does not end with CRLF");
  }
  if (bytes.size() > limits.line_bytes && bytes.substr(2).find("\r\n") == std::string_view::npos) {
    return refuse(414, "the request target is too long");
  }
  return HeadStatus::need_more;
}

bool has_end(std::string_view bytes, std::size_t scanned) {
  if (bytes.ends_with("\r\n\r\n")) return true;
  const auto from = scanned >= 3 ? scanned - 3 : 0;
  return memmem(bytes.data() + from, bytes.size() - from, "\r\n\r\n", 4) != nullptr;
}

}  // namespace

void RequestHead::reset() {
  minor_version = 1;
  keep_alive = true;
  expect_continue = false;
  chunked = false;
  browser = false;
  content_length.reset();
  query = {};
  fields.clear();
  seen_ = 0;
  repeated_ = 0;
}

void RequestHead::note(Field field, std::string_view value) {
  if (has(field)) {
    repeated_ |= bit(field);
    return;
  }
  seen_ |= bit(field);
  first_[static_cast<std::size_t>(field)] = value;
}

Field identify_field(std::string_view name) {
  const auto is = [name](std::string_view lower, Field field) { return same_name(name, lower) ? field : Field::other; };
  if (name.empty()) return Field::other;
  const char first = static_cast<char>(name[0] | 0x20);
  switch (name.size()) {
    case 4: return is("host", Field::host);
    case 5: return is("range", Field::range);
    case 6:
      if (first == 'a') return is("accept", Field::accept);
      return first == 'e' ? is("expect", Field::expect) : is("pragma", Field::pragma);
    case 8: return is("if-range", Field::if_range);
    case 10: return first == 'u' ? is("user-agent", Field::user_agent) : is("connection", Field::connection);
    case 13: return first == 'i' ? is("if-none-match", Field::if_none_match) : is("cache-control", Field::cache_control);
    case 14: return is("content-length", Field::content_length);
    case 15: return is("accept-encoding", Field::accept_encoding);
    case 17: return first == 't' ? is("transfer-encoding", Field::transfer_encoding) : is("if-modified-since", Field::if_modified_since);
    case 21: return is("x-devpi-absolute-urls", Field::x_devpi_absolute_urls);
    default: return Field::other;
  }
}

bool is_token(std::string_view text) {
  for (const char c : text) {
    if (!token_char(c)) return false;
  }
  return !text.empty();
}

bool is_host_value(std::string_view text) {
  if (text.empty()) return true;
  std::string_view port;
  if (text.front() == '[') {
    const auto close = text.find(']');
    if (close == std::string_view::npos || close < 3) return false;
    if (text.substr(1, close - 1).find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) return false;
    port = text.substr(close + 1);
  } else {
    const auto colon = text.find(':');
    const auto name = text.substr(0, colon);
    if (name.empty()) return false;
    for (const char c : name) {
      if (!kHostName[static_cast<unsigned char>(c)]) return false;
    }
    port = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
  }
  if (port.empty()) return true;
  return port.front() == ':' && port.size() <= 6 && port.substr(1).find_first_not_of("0123456789") == std::string_view::npos;
}

bool list_has(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (iequals(trim(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
  return false;
}

HeadStatus parse_head(std::string_view bytes, std::size_t& scanned, const HeadLimits& limits, RequestHead& head, HeadFault& fault) {
  if (!has_end(bytes, scanned)) {
    const auto from = scanned;
    scanned = bytes.size();
    return bytes.empty() ? HeadStatus::need_more : check_partial(bytes, from, limits, fault);
  }
  head.reset();
  Parser parser(bytes, limits, head, fault);
  return parser.run() ? HeadStatus::complete : HeadStatus::refused;
}

}  // namespace bodega::http
