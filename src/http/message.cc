#include "http/message.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace bodega::http {

const std::string* Headers::find(std::string_view name) const {
  for (const auto& field : fields_) {
    if (iequals(field.name, name)) return &field.value;
  }
  return nullptr;
}

std::string_view Headers::get(std::string_view name) const {
  const auto* value = find(name);
  return value == nullptr ? std::string_view{} : std::string_view(*value);
}

std::string Headers::joined(std::string_view name) const {
  std::string all;
  bool first = true;
  for (const auto& field : fields_) {
    if (!iequals(field.name, name)) continue;
    if (!first) all += ", ";
    all += field.value;
    first = false;
  }
  return all;
}

void Headers::set(std::string_view name, std::string value) {
  const auto same = [name](const Header& field) { return iequals(field.name, name); };
  const auto found = std::find_if(fields_.begin(), fields_.end(), same);
  if (found == fields_.end()) {
    fields_.push_back({std::string(name), std::move(value)});
    return;
  }
  found->value = std::move(value);
  fields_.erase(std::remove_if(std::next(found), fields_.end(), same), fields_.end());
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [name](const Header& field) { return iequals(field.name, name); });
}

// devpi matches ([^ ]* )*(distribute|setuptools|pip|pex|uv)/.* from the start: some word begins with one of the products and a slash.
bool is_installer(const Headers& headers) {
  static constexpr std::array<std::string_view, 5> kProducts = {"pip/", "uv/", "setuptools/", "distribute/", "pex/"};
  for (const auto word : split(headers.get("User-Agent"), ' ')) {
    for (const auto product : kProducts) {
      if (istarts_with(word, product)) return true;
    }
  }
  return false;
}

bool is_browser(const Headers& headers) {
  if (istarts_with(headers.get("User-Agent"), "Mozilla/")) return true;
  return std::any_of(headers.all().begin(), headers.all().end(),
                     [](const Header& field) { return istarts_with(field.name, "Sec-Fetch-") || iequals(field.name, "Origin"); });
}

std::string_view to_string(CacheOutcome outcome) {
  switch (outcome) {
    case CacheOutcome::none: return "none";
    case CacheOutcome::hit: return "hit";
    case CacheOutcome::miss: return "miss";
    case CacheOutcome::joined: return "joined";
    case CacheOutcome::stale: return "stale";
    case CacheOutcome::revalidated: return "revalidated";
    case CacheOutcome::negative: return "negative";
    case CacheOutcome::bypass: return "bypass";
  }
  return "none";
}

std::string_view standard_reason(int status) {
  struct Row {
    int status;
    std::string_view reason;
  };
  // RFC 9110 section 15, RFC 6585, RFC 4918 (507).
  static constexpr std::array<Row, 38> kRows = {{{100, "Continue"},
                                                 {200, "OK"},
                                                 {201, "Created"},
                                                 {202, "Accepted"},
                                                 {204, "No Content"},
                                                 {206, "Partial Content"},
                                                 {301, "Moved Permanently"},
                                                 {302, "Found"},
                                                 {303, "See Other"},
                                                 {304, "Not Modified"},
                                                 {307, "Temporary Redirect"},
                                                 {308, "Permanent Redirect"},
                                                 {400, "Bad Request"},
                                                 {401, "Unauthorized"},
                                                 {403, "Forbidden"},
                                                 {404, "Not Found"},
                                                 {405, "Method Not Allowed"},
                                                 {406, "Not Acceptable"},
                                                 {408, "Request Timeout"},
                                                 {409, "Conflict"},
                                                 {410, "Gone"},
                                                 {411, "Length Required"},
                                                 {412, "Precondition Failed"},
                                                 {413, "Content Too Large"},
                                                 {414, "URI Too Long"},
                                                 {415, "Unsupported Media Type"},
                                                 {416, "Range Not Satisfiable"},
                                                 {417, "Expectation Failed"},
                                                 {421, "Misdirected Request"},
                                                 {422, "Unprocessable Content"},
                                                 {429, "Too Many Requests"},
                                                 {431, "Request Header Fields Too Large"},
                                                 {500, "Internal Server Error"},
                                                 {501, "Not Implemented"},
                                                 {502, "Bad Gateway"},
                                                 {503, "Service Unavailable"},
                                                 {504, "Gateway Timeout"},
                                                 {507, "Insufficient Storage"}}};
  for (const auto& row : kRows) {
    if (row.status == status) return row.reason;
  }
  return status == 505 ? "HTTP Version Not Supported" : "Unknown";
}

}  // namespace bodega::http
