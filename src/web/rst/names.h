// What a document defines for all of itself: where its link names lead, what stands for |text|. Collected before anything is written,
// because a name may be used before it is defined. Pure.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "web/rst/lines.h"

namespace bodega::web::rst {

struct Picture {
  std::string url;
  std::string alt;
  std::string target;  // as written; may be the name of a link and "_"
};

struct Names {
  std::unordered_map<std::string, std::string> targets;  // link_name() -> URL, "#id", or the name of another and "_"
  std::unordered_map<std::string, Picture> pictures;     // |name| -> image
  std::unordered_map<std::string, std::string> texts;    // |name| -> replacement, to be read as text
  std::vector<std::string> anonymous;                    // of "__" in their order
  std::size_t anonymous_used = 0;

  // Where a name leads; empty when nobody defined it.
  std::string find(std::string_view name) const;
  // What a target or the like leads to: itself, or what the name before its "_" leads to.
  std::string resolve(const std::string& target) const;
};

// Names compare without case, their white space is one blank, quotes around them do not count.
std::string link_name(std::string_view text);

Names collect_names(const Lines& lines);

// Of an image directive: what follows "::", and its lines of options.
Picture read_picture(std::string_view url, const Lines& options);

}  // namespace bodega::web::rst
