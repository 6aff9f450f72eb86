#include "pypi/index/negotiate.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace bodega::pypi {
namespace {

// A header longer than this is not from a package client; what is beyond it is not read.
constexpr std::size_t kMaxHeader = 4096;

// q in thousandths. RFC 9110 allows three decimals; "q=2" counts as 1, what is no number refuses the range.
int parse_q(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return text.empty() || text[0] < '0' || text[0] > '9' ? 0 : 1000;
  int value = (text[0] - '0') * 1000;
  if (text.size() == 1) return value;
  if (text[1] != '.') return 0;
  int unit = 100;
  for (const char c : text.substr(2)) {
    if (c < '0' || c > '9') return 0;
    value += (c - '0') * unit;
    unit /= 10;
  }
  return std::min(value, 1000);
}

struct Range {
  std::string_view name;
  int q = 1000;
};

// Calls `take` with each element of a list header, its q parameter read, its others ignored.
template <class Take>
void each_range(std::string_view header, Take take) {
  for (const auto element : split(header.substr(0, kMaxHeader), ',')) {
    Range range;
    bool first = true;
    for (const auto part : split(element, ';')) {
      const auto text = trim(part);
      if (first) {
        range.name = text;
      } else if (text.size() >= 2 && ascii_lower(text[0]) == 'q' && trim(text.substr(1)).starts_with('=')) {
        range.q = parse_q(trim(trim(text.substr(1)).substr(1)));
      }
      first = false;
    }
    if (!range.name.empty()) take(range);
  }
}

enum Offer : std::size_t { kJson, kHtml, kPlain };

// q of an offer and how exactly it was named: 3 by name, 2 by "type/*", 1 by "*/*", 0 not at all. The most exact range counts.
struct Preference {
  int q = 0;
  int exactness = 0;

  void update(int exact, int value) {
    if (exact > exactness || (exact == exactness && value > q)) {
      exactness = exact;
      q = value;
    }
  }
};

std::optional<Offer> offer_of(std::string_view type) {
  if (iequals(type, kJsonType) || iequals(type, "application/vnd.pypi.simple.latest+json")) return kJson;
  if (iequals(type, kHtmlType) || iequals(type, "application/vnd.pypi.simple.latest+html")) return kHtml;
  if (iequals(type, "text/html")) return kPlain;
  return std::nullopt;
}

PageChoice choice_of(Offer offer) {
  if (offer == kJson) return {PageFormat::json, kJsonType};
  return {PageFormat::html, offer == kHtml ? kHtmlType : kPlainHtmlType};
}

std::optional<PageChoice> choose(const std::array<Preference, 3>& preferences) {
  const Preference& json = preferences[kJson];
  const Preference& html = preferences[kHtml];
  const Preference& plain = preferences[kPlain];
  const int best_html = std::max(html.q, plain.q);
  if (json.q == 0 && best_html == 0) return std::nullopt;
  // JSON wins a tie only if it was asked for by name: browsers and old tools say "*/*".
  if (json.q > best_html || (json.q == best_html && json.exactness == 3)) return choice_of(kJson);
  return choice_of(plain.q > 0 && (plain.exactness >= html.exactness || html.q == 0) ? kPlain : kHtml);
}

}  // namespace

std::optional<PageChoice> negotiate_page(std::optional<std::string_view> accept, std::optional<std::string_view> format) {
  if (format) {
    std::string type(trim(*format));
    std::replace(type.begin(), type.end(), ' ', '+');  // a "+" in a query is often sent, and then read, as a space
    const auto offer = offer_of(type);
    if (!offer) return std::nullopt;
    return choice_of(*offer);
  }
  if (!accept || trim(*accept).empty()) return choice_of(kPlain);
  std::array<Preference, 3> preferences;
  each_range(*accept, [&](const Range& range) {
    if (range.name == "*/*" || range.name == "*") {
      for (auto& preference : preferences) preference.update(1, range.q);
    } else if (iequals(range.name, "text/*")) {
      preferences[kPlain].update(2, range.q);
    } else if (iequals(range.name, "application/*")) {
      preferences[kJson].update(2, range.q);
      preferences[kHtml].update(2, range.q);
    } else if (const auto offer = offer_of(range.name)) {
      preferences[*offer].update(3, range.q);
    }
  });
  return choose(preferences);
}

std::string_view to_string(ContentEncoding encoding) {
  switch (encoding) {
    case ContentEncoding::gzip: return "gzip";
    case ContentEncoding::zstd: return "zstd";
    case ContentEncoding::identity: break;
  }
  return "identity";
}

std::optional<ContentEncoding> negotiate_encoding(std::optional<std::string_view> accept_encoding, AvailableEncodings available) {
  if (!accept_encoding || trim(*accept_encoding).empty()) return ContentEncoding::identity;
  std::optional<int> gzip;
  std::optional<int> zstd;
  std::optional<int> identity;
  std::optional<int> any;
  each_range(*accept_encoding, [&](const Range& range) {
    if (iequals(range.name, "gzip") || iequals(range.name, "x-gzip")) gzip = range.q;
    if (iequals(range.name, "zstd")) zstd = range.q;
    if (iequals(range.name, "identity")) identity = range.q;
    if (range.name == "*") any = range.q;
  });
  const int gzip_q = available.gzip ? gzip.value_or(any.value_or(0)) : 0;
  const int zstd_q = available.zstd ? zstd.value_or(any.value_or(0)) : 0;
  // RFC 9110 section 12.5.3: identity not named is acceptable, unless "*;q=0". It then ranks behind every coding that was asked for.
  const int identity_q = identity.value_or(any == 0 ? 0 : 1);
  if (zstd_q > 0 && zstd_q >= gzip_q && zstd_q >= identity_q) return ContentEncoding::zstd;
  if (gzip_q > 0 && gzip_q >= identity_q) return ContentEncoding::gzip;
  if (identity_q > 0) return ContentEncoding::identity;
  return std::nullopt;
}

}  // namespace bodega::pypi
