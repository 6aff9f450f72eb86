#include "pypi/api/api_pages.h"

#include "base/text.h"

namespace bodega::pypi {
namespace {

std::string path_of(std::string_view key) { return "/" + percent_encode(key, "/@"); }

http::Response page(std::string_view title, const std::string& content) {
  std::string body = "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>";
  html_escape_to(body, title);
  body += "</title></head>\n<body>\n<h1>";
  html_escape_to(body, title);
  body += "</h1>\n" + content + "</body>\n</html>\n";
  http::Response response;
  response.headers.add("Content-Type", "text/html; charset=utf-8");
  response.headers.add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.body = std::move(body);
  return response;
}

std::string link(const std::string& href, std::string_view text) {
  return "<a href=\"" + html_escape(href) + "\">" + html_escape(text) + "</a>";
}

std::string pip_line(const std::string& base, const std::string& key) {
  return "<pre>pip install --index-url " + html_escape(base + path_of(key) + "/+simple/") + " PACKAGE</pre>\n";
}

// Links to the files of a release, named by the last part of their address.
std::string file_list(const Json& release) {
  const Json* links = release.find("+links");
  if (!links || links->items().empty()) return "<p>No files.</p>\n";
  std::string out = "<ul>\n";
  for (const auto& one : links->items()) {
    const std::string href(one.text("href"));
    const std::string written = href.substr(href.rfind('/') + 1);
    out += "<li>" + link(href, percent_decode(written).value_or(written)) + "</li>\n";
  }
  return out + "</ul>\n";
}

// "" for what says nothing.
std::string shown_value(const Json& value) {
  if (value.string()) return *value.string();
  std::string out;
  for (const auto& item : value.items()) {
    if (item.string()) out += (out.empty() ? "" : "\n") + *item.string();
  }
  return out;
}

std::string metadata_list(const Json& release) {
  std::string out = "<dl>\n";
  for (const auto& [name, value] : release.members()) {
    const std::string text = name.starts_with('+') ? std::string() : shown_value(value);
    if (!text.empty()) out += "<dt>" + html_escape(name) + "</dt>\n<dd><pre>" + html_escape(text) + "</pre></dd>\n";
  }
  return out + "</dl>\n";
}

}  // namespace

http::Response project_page(const std::string& key, const std::string& name, const Json& releases, const std::string& base) {
  std::string content = "<p>" + link(base + path_of(key), key) + "</p>\n" + pip_line(base, key);
  for (const auto& [version, release] : releases.members()) {
    const std::string path = base + path_of(key) + "/" + percent_encode(name) + "/" + percent_encode(version);
    content += "<h2>" + link(path, version) + "</h2>\n" + file_list(release);
  }
  return page(name, content);
}

http::Response release_page(const std::string& key, const std::string& name, const std::string& version, const Json& release,
                            const std::string& base) {
  const std::string path = base + path_of(key) + "/" + percent_encode(name);
  return page(name + " " + version, "<p>" + link(base + path_of(key), key) + " " + link(path, name) + "</p>\n" + pip_line(base, key) +
                                        file_list(release) + metadata_list(release));
}

}  // namespace bodega::pypi
