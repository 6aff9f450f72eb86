#include "web/feed.h"

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "web/printable.h"

namespace bodega::web {
namespace {

constexpr std::size_t kMaxTitle = 300;
constexpr std::size_t kMaxSummary = 2000;

// XML has the characters of printable(), and the escapes of HTML are XML's.
void element(std::string& out, std::string_view name, std::string_view text) {
  out.append("<").append(name).append(">");
  html_escape_to(out, text);
  out.append("</").append(name).append(">");
}

void link(std::string& out, std::string_view rel, std::string_view type, std::string_view href) {
  out.append("<link rel=\"").append(rel).append("\" type=\"").append(type).append("\" href=\"");
  html_escape_to(out, href);
  out.append("\"/>");
}

std::string moment(WallTime when) { return rfc3339(std::chrono::floor<std::chrono::seconds>(when)); }

void entry(std::string& out, const FeedEntry& entry) {
  out += "<entry>";
  element(out, "id", entry.id);
  element(out, "title", printable_line(entry.title, kMaxTitle));
  element(out, "updated", moment(entry.updated));
  link(out, "alternate", "text/html", entry.url);
  if (!entry.author.empty()) {
    out += "<author>";
    element(out, "name", printable_line(entry.author, kMaxTitle));
    out += "</author>";
  }
  if (!entry.summary.empty()) element(out, "summary", printable_line(entry.summary, kMaxSummary));
  out += "</entry>\n";
}

}  // namespace

http::Response atom_feed(const FeedHead& head, const std::vector<FeedEntry>& entries, pypi::Audience audience) {
  // RFC 4287 wants a moment also of an empty feed, and the same feed must have the same bytes.
  WallTime updated{};
  for (const auto& one : entries) updated = std::max(updated, one.updated);
  std::string out = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">";
  element(out, "id", head.self);
  element(out, "title", printable_line(head.title, kMaxTitle));
  element(out, "updated", moment(updated));
  link(out, "self", "application/atom+xml", head.self);
  link(out, "alternate", "text/html", head.url);
  out += "<author><name>Bodega</name></author><generator>Bodega</generator>\n";
  for (const auto& one : entries) entry(out, one);
  out += "</feed>\n";

  http::Response response;
  response.headers.add("Content-Type", "application/atom+xml; charset=utf-8");
  response.headers.add("ETag", '"' + Digest::of(out).hex().substr(0, 32) + '"');
  if (!entries.empty()) response.headers.add("Last-Modified", http_date(updated));
  response.headers.add("Cache-Control", "public, max-age=60");
  response.headers.add("Vary", "Authorization, Cookie, X-Devpi-Auth");
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.body = std::move(out);
  pypi::confine(response, audience);
  return response;
}

}  // namespace bodega::web
