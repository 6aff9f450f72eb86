// The terms of the text index. Words of texts stand as they are, in lower case, and as "Z" + stem; everything else has a prefix of capital
// letters:
//   P<path> the project's own document    Q<path> every document of the project        E<name> likewise, by its name alone
//   O<h or m> hosted or mirrored
//   I<index> every document of an index   J<index's name>  U<user>   T<type>           (path is "/user/index/project")
//   N<name> S<part of the name> G<three letters of it>   M<origin><name>\t<index> names in their order
//   C<classifier> CW<word of one>  K<keyword>  L<licence> LW<word of it>  V<python>
//   XS summary  XK keywords  XA author  XE author_email  XD description  XT title of a page
// Only for text_*.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <xapian.h>

#include "web/search/text_index.h"

namespace bodega::web {

// Value slots.
inline constexpr Xapian::valueno kOriginSlot = 0;  // "1" hosted, "0" mirrored: the order of hits
inline constexpr Xapian::valueno kPathSlot = 1;    // hits of one project are one
inline constexpr Xapian::valueno kStampSlot = 2;
inline constexpr Xapian::valueno kReleasedSlot = 3;  // the order of feeds

std::string path_of(std::string_view index, std::string_view project);
// Terms may have 245 bytes; longer ones are known by their digest.
std::string term_of(std::string_view prefix, std::string_view text);
// The words of a text in their order, as the index has them.
std::vector<std::string> words_of(std::string_view text);
Xapian::Stem stemmer();
bool is_word_byte(char c);  // of letters, digits and everything beyond ASCII
// The beginning of the text that has so many different words.
std::string_view up_to_words(std::string_view text, std::size_t words);
// Of a type that is a text beside others of its document; "" for others.
std::string_view text_prefix(std::string_view type);

Xapian::Document project_document(const ProjectText& project);
Xapian::Document page_document(const ProjectText& project, const DocPage& page);

// What project_document() and page_document() put into the document's data.
struct StoredText {
  std::string index, project, name, version, summary, keywords, author, author_email, description, docs_version, path, title, text,
      released;
  Origin origin = Origin::hosted;
};
StoredText read_stored(const std::string& data);

}  // namespace bodega::web
