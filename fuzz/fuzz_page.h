// What must hold of every page that a parser made of whatever bytes.
#pragma once

#include <algorithm>
#include <string>

#include "base/url.h"
#include "fuzz_input.h"
#include "pypi/format/filename.h"
#include "pypi/format/links.h"
#include "pypi/format/page_html_parse.h"
#include "pypi/format/page_json_parse.h"
#include "pypi/format/page_render.h"

namespace bodega::pypi {

inline const Url& fuzz_base() {
  static const Url base = *Url::parse("https://index.test/simple/foo/");
  return base;
}

inline void check_page(const ProjectPage& page) {
  for (const auto& file : page.files) {
    FUZZ_EXPECT(is_safe_filename(file.filename));
    const auto url = Url::parse(file.url);
    FUZZ_EXPECT(url && url->user.empty() && url->fragment.empty());
    FUZZ_EXPECT(file.upload_time.empty() || is_upload_time(file.upload_time));
    if (file.filename.ends_with(".metadata")) continue;  // its link means the sibling of another file
    const auto link = parse_link(to_link(file).find('%') == std::string::npos ? to_link(file) : "+f/");
    FUZZ_EXPECT(!link || find_file(page, *link) != nullptr);
  }
  const auto stored = decode_page(encode_page(page));
  FUZZ_EXPECT(stored && *stored == page);
  const auto upstream = [](std::string& out, const PageFile& file) { out += file.url; };
  const auto again = parse_json_page(render_json(page, upstream), fuzz_base(), page.name);
  FUZZ_EXPECT(again);
  // A digest that an HTML page cut is printed as devpi prints it; from JSON such a file is not taken.
  const auto is_whole = [](const PageFile& file) { return file.sha256() == nullptr || file.sha256()->size() == 64; };
  const auto whole = static_cast<std::size_t>(std::count_if(page.files.begin(), page.files.end(), is_whole));
  FUZZ_EXPECT(again->files.size() == (page.quarantined() ? 0 : whole));
  const std::string html = render_html(page, upstream);
  const auto lines = static_cast<std::size_t>(std::count(html.begin(), html.end(), '\n'));
  FUZZ_EXPECT(lines <= page.files.size() + 14);
  FUZZ_EXPECT(parse_html_page(html, fuzz_base(), page.name));
}

}  // namespace bodega::pypi
