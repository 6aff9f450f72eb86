// The elements that text of strangers may have, what they are to each other, and their attributes. Pure.
#pragma once

#include <string_view>

namespace bodega::web {

enum class Kind {
  phrasing,
  link,  // phrasing, too, but never in itself
  paragraph,
  heading,
  block,
  details,
  summary,  // first of details only
  list,
  item,
  definitions,
  definition,
  table,
  section,  // of a table
  row,
  cell,  // and the caption
  empty,
  image,
};

struct Element {
  std::string_view name;  // as it comes
  std::string_view as;    // as it is written
  Kind kind;
};

// nullptr: no element of ours; its tags are left out, what is in them is not.
const Element* find_element(std::string_view name);

// Elements that hold only certain others, and no text.
inline bool is_structure(Kind kind) {
  return kind == Kind::list || kind == Kind::definitions || kind == Kind::table || kind == Kind::section || kind == Kind::row;
}
inline bool is_phrasing(Kind kind) { return kind == Kind::phrasing || kind == Kind::link; }

// The attribute as it is written, without what needs the document (id, href). Empty: the element has no such attribute, or no such value.
std::string_view safe_attribute(const Element& element, std::string_view name, std::string_view value);

}  // namespace bodega::web
