#include "pypi/format/file_url.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace bodega::pypi {
namespace {

enum : unsigned char { kHost = 1, kPath = 2, kNeverLiteral = 4 };

constexpr std::array<unsigned char, 256> kClasses = [] {
  std::array<unsigned char, 256> table{};
  for (std::size_t c = 0; c < 256; ++c) {
    const bool lower = c >= 'a' && c <= 'z';
    const bool upper = c >= 'A' && c <= 'Z';
    const bool digit = c >= '0' && c <= '9';
    if (lower || digit) table[c] = kHost | kPath;
    if (upper) table[c] = kPath;
    if (c <= 0x20 || c >= 0x7F) table[c] = kNeverLiteral;
  }
  for (const unsigned char c : {'-', '.'}) table[c] = kHost | kPath;
  for (const unsigned char c : {':', '/', '_', '~', '!', '$', '&', '\'', '(', ')', '*', '+', ',', ';', '=', '@'}) table[c] = kPath;
  for (const unsigned char c : {'"', '<', '>', '\\', '^', '`', '{', '|', '}'}) table[c] = kNeverLiteral;
  return table;
}();

unsigned char class_of(char c) { return kClasses[static_cast<unsigned char>(c)]; }

// Moves `at` behind a port that the full parser would leave as it is: 1024 to 65535, in four or five digits.
bool skip_port(std::string_view url, std::size_t& at) {
  const std::size_t first = ++at;  // behind the colon
  std::uint32_t port = 0;
  while (at < url.size() && at - first < 5 && url[at] >= '0' && url[at] <= '9')
    port = port * 10 + static_cast<std::uint32_t>(url[at++] - '0');
  return port >= 1024 && port <= 65535 && url[first] != '0';
}

// True for the plain absolute URL nearly every page has, which then needs no parsing: lower-case scheme and host, no dot segments, no
// escapes or query. Everything else takes the full parser.
bool is_plain(std::string_view url) {
  std::size_t at = 0;
  if (url.starts_with("https://")) {
    at = 8;
  } else if (url.starts_with("http://")) {
    at = 7;
  } else {
    return false;
  }
  const std::size_t host = at;
  while (at < url.size() && (class_of(url[at]) & kHost) != 0) ++at;
  if (at == host) return false;
  if (at < url.size() && url[at] == ':' && !skip_port(url, at)) return false;
  if (at == url.size() || url[at] != '/') return false;
  const std::string_view path = url.substr(at);
  return std::all_of(path.begin(), path.end(), [](char c) { return (class_of(c) & kPath) != 0; }) &&
         path.find("/.") == std::string_view::npos;
}

std::string encode_forbidden(std::string_view reference) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(reference.size());
  for (const char c : reference) {
    if ((class_of(c) & kNeverLiteral) == 0) {
      encoded += c;
    } else {
      const auto value = static_cast<unsigned char>(c);
      encoded += {'%', kHex[value >> 4U], kHex[value & 15U]};
    }
  }
  return encoded;
}

// RFC 3986 section 5.2.4 over a path that begins with '/'.
std::string remove_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const auto next = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, next);
    path.remove_prefix(next);
    if (segment == "/.." || segment == "/.") {
      if (segment == "/..") out.resize(out.rfind('/') == std::string::npos ? 0 : out.rfind('/'));
      if (path.empty()) out += '/';
    } else {
      out += segment;
    }
  }
  return out;
}

bool has_scheme(std::string_view reference) {
  const auto colon = reference.find_first_of(":/?");
  return colon != std::string_view::npos && reference[colon] == ':';
}

// RFC 3986 section 5.2.2 by text: Boost.URL's resolve() also decodes escapes ("%2B" to "+"), which is another file on S3.
std::string join_reference(const Url& base, std::string_view reference) {
  if (has_scheme(reference)) return std::string(reference);
  if (reference.starts_with("//")) return base.scheme + ":" + std::string(reference);
  if (reference.starts_with('/')) return base.origin() + std::string(reference);
  if (reference.starts_with('?')) return base.origin() + base.path + std::string(reference);
  return base.origin() + base.path.substr(0, base.path.rfind('/') + 1) + std::string(reference);
}

}  // namespace

std::optional<std::string> absolute_file_url(const Url& base, std::string_view reference) {
  reference = reference.substr(0, reference.find('#'));
  if (reference.empty()) return std::nullopt;
  if (is_plain(reference)) return std::string(reference);
  auto url = Url::parse(join_reference(base, encode_forbidden(reference)));
  if (!url) return std::nullopt;
  url->path = remove_dot_segments(url->path);
  return url->text();
}

}  // namespace bodega::pypi
