#include "pypi/format/page_render.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace bodega::pypi {
namespace {

constexpr std::string_view kApiVersion = "1.4";
// What a file of the public index takes in either form, roughly; only to reserve.
constexpr std::size_t kBytesPerFile = 800;

enum : unsigned char { kJsonSpecial = 1, kHtmlSpecial = 2 };

constexpr std::array<unsigned char, 256> kSpecial = [] {
  std::array<unsigned char, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c) table[c] = kJsonSpecial | kHtmlSpecial;
  for (std::size_t c = 0x7F; c < 256; ++c) table[c] = kJsonSpecial;
  table[0x7F] = kJsonSpecial | kHtmlSpecial;
  for (const unsigned char c : {'"'}) table[c] = kJsonSpecial | kHtmlSpecial;
  table['\\'] = kJsonSpecial;
  for (const unsigned char c : {'&', '<', '>', '\''}) table[c] = kHtmlSpecial;
  return table;
}();

// Nearly all text of a page is plain; one pass over a table finds that out far quicker than escaping byte by byte.
bool is_plain(std::string_view text, unsigned char special) {
  unsigned char seen = 0;
  for (const char c : text) seen |= kSpecial[static_cast<unsigned char>(c)];
  return (seen & special) == 0;
}

void append_json(std::string& out, std::string_view text) {
  if (!is_plain(text, kJsonSpecial)) return json_string_to(out, text);
  out += '"';
  out += text;
  out += '"';
}

// Also keeps an anchor on one line: line ends become references, other controls spaces.
void append_html(std::string& out, std::string_view text) {
  if (is_plain(text, kHtmlSpecial)) {
    out += text;
    return;
  }
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      out += c == '\n' ? "&#10;" : "&#13;";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += ' ';
    } else {
      html_escape_to(out, {&c, 1});
    }
  }
}

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append_key(std::string& out, std::string_view key) {
  out += ",\"";
  out += key;
  out += "\":";
}

void append_hashes(std::string& out, const std::vector<Hash>& hashes) {
  out += '{';
  for (const auto& hash : hashes) {
    if (&hash != &hashes.front()) out += ',';
    append_json(out, hash.algorithm);
    out += ':';
    append_json(out, hash.hex);
  }
  out += '}';
}

void append_file_json(std::string& out, const PageFile& file, const LinkFunction& link, std::string& url) {
  out += "{\"filename\":";
  append_json(out, file.filename);
  url.clear();
  link(url, file);
  append_key(out, "url");
  append_json(out, url);
  append_key(out, "hashes");
  append_hashes(out, file.hashes);
  if (file.requires_python) {
    append_key(out, "requires-python");
    append_json(out, *file.requires_python);
  }
  if (file.core_metadata.offered) {
    append_key(out, "core-metadata");
    if (file.core_metadata.hashes.empty()) {
      out += "true";
    } else {
      append_hashes(out, file.core_metadata.hashes);
    }
  }
  append_key(out, "yanked");
  if (file.yanked && !file.yanked->empty()) {
    append_json(out, *file.yanked);
  } else {
    out += file.yanked ? "true" : "false";
  }
  if (file.size) {
    append_key(out, "size");
    append_number(out, *file.size);
  }
  if (!file.upload_time.empty()) {
    append_key(out, "upload-time");
    append_json(out, file.upload_time);
  }
  if (file.provenance) {
    append_key(out, "provenance");
    append_json(out, *file.provenance);
  }
  if (file.gpg_sig.value_or(false)) out += ",\"gpg-sig\":true";
  out += '}';
}

// The hash HTML has room for: the SHA-256 where there is one.
const Hash* best_hash(const std::vector<Hash>& hashes) {
  const auto found = std::find_if(hashes.begin(), hashes.end(), [](const Hash& hash) { return hash.algorithm == "sha256"; });
  if (found != hashes.end()) return &*found;
  return hashes.empty() ? nullptr : &hashes.front();
}

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
  out += ' ';
  out += name;
  out += "=\"";
  append_html(out, value);
  out += '"';
}

void append_core_metadata(std::string& out, const CoreMetadata& core) {
  if (!core.offered) return;
  std::string value = "true";
  if (const Hash* hash = best_hash(core.hashes)) value = hash->algorithm + "=" + hash->hex;
  append_attribute(out, "data-dist-info-metadata", value);
  append_attribute(out, "data-core-metadata", value);
}

void append_file_html(std::string& out, const PageFile& file, const LinkFunction& link, std::string& url) {
  url.clear();
  link(url, file);
  out += "<a href=\"";
  append_html(out, url);
  if (const Hash* hash = best_hash(file.hashes)) {
    out += '#';
    append_html(out, hash->algorithm);
    out += '=';
    append_html(out, hash->hex);
  }
  out += '"';
  if (file.requires_python) append_attribute(out, "data-requires-python", *file.requires_python);
  if (file.yanked) append_attribute(out, "data-yanked", *file.yanked);
  append_core_metadata(out, file.core_metadata);
  if (file.gpg_sig.value_or(false)) append_attribute(out, "data-gpg-sig", "true");
  if (file.provenance) append_attribute(out, "data-provenance", *file.provenance);
  out += '>';
  append_html(out, file.filename);
  out += "</a><br />\n";
}

void append_meta(std::string& out, std::string_view name, std::string_view content) {
  out += "    <meta name=\"";
  out += name;
  out += "\" content=\"";
  append_html(out, content);
  out += "\">\n";
}

}  // namespace

std::string render_json(const ProjectPage& page, const LinkFunction& link) {
  static const std::vector<PageFile> kNone;
  const auto& files = page.quarantined() ? kNone : page.files;
  const bool sizes = std::all_of(files.begin(), files.end(), [](const PageFile& file) { return file.size.has_value(); });
  std::string out;
  out.reserve(files.size() * kBytesPerFile + 1024);
  out += "{\"meta\":{";
  if (page.last_serial != 0) {
    out += "\"_last-serial\":";
    append_number(out, page.last_serial);
    out += ',';
  }
  out += "\"api-version\":";
  append_json(out, sizes ? kApiVersion : "1.0");
  out += "},\"name\":";
  append_json(out, page.name);
  if (page.status) {
    append_key(out, "project-status");
    out += "{\"status\":";
    append_json(out, page.status->status);
    if (!page.status->reason.empty()) {
      append_key(out, "reason");
      append_json(out, page.status->reason);
    }
    out += '}';
  }
  append_key(out, "versions");
  out += '[';
  bool first = true;
  for (const auto& version : page_versions(page)) {
    if (!first) out += ',';
    append_json(out, version);
    first = false;
  }
  out += "],\"files\":[";
  std::string url;
  for (const auto& file : files) {
    if (&file != &files.front()) out += ',';
    append_file_json(out, file, link, url);
  }
  out += "]}";
  return out;
}

std::string render_html(const ProjectPage& page, const LinkFunction& link) {
  std::string out;
  out.reserve(page.files.size() * kBytesPerFile + 1024);
  out += "<!DOCTYPE html>\n<html lang=\"en\">\n  <head>\n";
  append_meta(out, "pypi:repository-version", kApiVersion);
  if (page.status) {
    append_meta(out, "pypi:project-status", page.status->status);
    if (!page.status->reason.empty()) append_meta(out, "pypi:project-status-reason", page.status->reason);
  }
  out += "    <title>Links for ";
  append_html(out, page.name);
  out += "</title>\n  </head>\n  <body>\n    <h1>Links for ";
  append_html(out, page.name);
  out += "</h1>\n";
  std::string url;
  if (!page.quarantined()) {
    for (const auto& file : page.files) append_file_html(out, file, link, url);
  }
  out += "</body>\n</html>\n";
  if (page.last_serial != 0) {
    out += "<!--SERIAL ";
    append_number(out, page.last_serial);
    out += "-->";
  }
  return out;
}

}  // namespace bodega::pypi
