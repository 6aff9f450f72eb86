// Which form of a page a client gets: RFC 9110 section 12 with the media types of PEP 691.
#pragma once

#include <optional>
#include <string_view>

namespace bodega::pypi {

enum class PageFormat { json, html };

// Static storage; the value of Content-Type.
inline constexpr std::string_view kJsonType = "application/vnd.pypi.simple.v1+json";
inline constexpr std::string_view kHtmlType = "application/vnd.pypi.simple.v1+html";
inline constexpr std::string_view kPlainHtmlType = "text/html; charset=utf-8";

struct PageChoice {
  PageFormat format;
  std::string_view content_type;  // one of the three above: kHtmlType only for a client that did not name text/html as well
};

// `accept` is the header (several joined by commas), nullopt when absent; `format` the value of "?format=", which wins. nullopt: nothing
// acceptable (406). JSON wins a tie of named types; a client that takes everything or any text gets HTML.
std::optional<PageChoice> negotiate_page(std::optional<std::string_view> accept, std::optional<std::string_view> format = std::nullopt);

enum class ContentEncoding { identity, gzip, zstd };
std::string_view to_string(ContentEncoding encoding);  // as in Content-Encoding

struct AvailableEncodings {
  bool gzip = false;
  bool zstd = false;
};

// Among identity and what is available: highest q first, then zstd, gzip, identity. nullopt: the client refuses all, identity included.
std::optional<ContentEncoding> negotiate_encoding(std::optional<std::string_view> accept_encoding, AvailableEncodings available);

}  // namespace bodega::pypi
