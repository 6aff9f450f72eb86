#include "http/response_writer.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "http/head_parser.h"

namespace bodega::http {

namespace {

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

constexpr std::array<bool, 256> make_control_table() {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c) table[c] = c != '\t';
  table[0x7f] = true;
  return table;
}
constexpr auto kControl = make_control_table();

inline bool is_control(char c) { return kControl[static_cast<unsigned char>(c)]; }

void append_clean(std::string& out, std::string_view text) {
  if (std::none_of(text.begin(), text.end(), is_control)) {
    out += text;
    return;
  }
  for (const char c : text) {
    if (!is_control(c)) out += c;
  }
}

constexpr std::string_view kContentLength = "Content-Length: ";

}  // namespace

void append_status_line(std::string& out, int status, std::string_view reason) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::uint64_t>(std::clamp(status, 100, 999)));
  out += ' ';
  const auto start = out.size();
  for (const char c : reason) {
    if (out.size() - start >= kMaxReason) break;
    if (c >= ' ' && c < 0x7f) out += c;
  }
  if (out.size() == start) out += standard_reason(status);
  out += "\r\n";
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  if (!is_token(name)) return;
  out += name;
  out += ": ";
  append_clean(out, value);
  out += "\r\n";
}

void append_field(std::string& out, std::string_view name, std::uint64_t value) {
  out += name;
  out += ": ";
  append_number(out, value);
  out += "\r\n";
}

bool is_connection_field(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kNames = {"Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive",
                                                             "Date",           "X-Cache",           "Upgrade",    "X-Request-Id"};
  return std::any_of(kNames.begin(), kNames.end(), [name](std::string_view own) { return iequals(own, name); });
}

bool belongs_to_304(std::string_view name) {
  if (iequals(name, "Content-Location")) return true;
  return !istarts_with(name, "Content-") && !iequals(name, "Accept-Ranges");
}

std::string make_head(const Response& response, std::optional<std::uint64_t> length) {
  std::string head;
  head.reserve(512);
  append_status_line(head, response.status, response.reason);
  for (const auto& field : response.headers.all()) {
    if (!is_connection_field(field.name)) append_field(head, field.name, field.value);
  }
  if (length) append_field(head, "Content-Length", *length);
  return head;
}

std::string make_head_304(const Response& response) {
  std::string head;
  append_status_line(head, 304, {});
  for (const auto& field : response.headers.all()) {
    if (!is_connection_field(field.name) && belongs_to_304(field.name)) append_field(head, field.name, field.value);
  }
  return head;
}

std::string make_head_206(std::string_view head, std::uint64_t first, std::uint64_t length, std::uint64_t total) {
  std::string partial;
  partial.reserve(head.size() + 96);
  append_status_line(partial, 206, {});
  const auto status_end = head.find("\r\n");
  const auto fields = status_end == std::string_view::npos ? std::string_view{} : head.substr(status_end + 2);
  const auto last_line = fields.rfind(kContentLength);
  partial += fields.substr(0, last_line);
  partial += "Content-Range: bytes ";
  append_number(partial, first);
  partial += '-';
  append_number(partial, first + length - 1);
  partial += '/';
  append_number(partial, total);
  partial += "\r\n";
  append_field(partial, "Content-Length", length);
  return partial;
}

std::string make_head_416(std::uint64_t total) {
  std::string head;
  append_status_line(head, 416, {});
  head += "Content-Range: bytes */";
  append_number(head, total);
  head += "\r\n";
  append_field(head, "Content-Length", 0);
  return head;
}

}  // namespace bodega::http
