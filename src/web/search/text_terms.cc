#include "web/search/text_terms.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_set>

#include "base/digest.h"
#include "base/text.h"
#include "base/utf8.h"
#include "pypi/format/json_value.h"
#include "web/search/name_query.h"

namespace bodega::web {
namespace {

// Longer texts are cut: what comes behind is found by nobody who reads results ten at a time.
constexpr std::size_t kMaxText = 64 * 1024;
constexpr std::size_t kMaxStored = 32 * 1024;
// Every different word costs some microseconds and, until it is committed, half a kilobyte. Texts of people have half as many in 64 KiB.
constexpr std::size_t kMaxWords = 4000;

std::string_view cut(std::string_view text, std::size_t limit) { return text.substr(0, character_start(text, limit)); }

Xapian::TermGenerator generator(Xapian::Document& document) {
  Xapian::TermGenerator out;
  out.set_stemmer(stemmer());
  out.set_stemming_strategy(Xapian::TermGenerator::STEM_SOME);
  out.set_document(document);
  return out;
}

void add_text(Xapian::TermGenerator& generator, std::string_view text, Xapian::termcount weight, std::string_view prefix) {
  const std::string part(up_to_words(cut(text, kMaxText), kMaxWords));
  generator.index_text(part, weight);
  generator.increase_termpos(10);  // no phrase goes over the end of a text
  if (!prefix.empty()) generator.index_text_without_positions(part, 1, std::string(prefix));
}

void add_place(Xapian::Document& document, const ProjectText& project) {
  const auto slash = project.index.find('/');
  const std::string path = path_of(project.index, project.project);
  document.add_boolean_term(term_of("Q", path));
  document.add_boolean_term(term_of("I", project.index));
  document.add_boolean_term(term_of("U", to_lower(project.index.substr(0, slash))));
  document.add_boolean_term(term_of("J", to_lower(project.index.substr(slash + 1))));
  document.add_boolean_term(term_of("E", project.project));
  document.add_boolean_term(project.origin == Origin::hosted ? "Oh" : "Om");
  document.add_value(kOriginSlot, project.origin == Origin::hosted ? "1" : "0");
  document.add_value(kPathSlot, path);
  document.add_value(kReleasedSlot, project.released);
}

void add_name(Xapian::Document& document, const ProjectText& project) {
  document.add_term(term_of("N", project.project));
  for (const auto part : split(project.project, '-')) document.add_term(term_of("S", part));
  const std::string padded = "-" + project.project + "-";
  std::set<std::string_view> grams;
  for (std::size_t at = 0; at + 3 <= padded.size(); ++at) grams.insert(std::string_view(padded).substr(at, 3));
  for (const auto gram : grams) document.add_term(term_of("G", gram));
  const std::string known = std::string(project.origin == Origin::hosted ? "h" : "m") + project.project + "\t" + project.index;
  if (known.size() < 240) document.add_boolean_term("M" + known);
}

// The licence as an expression, whole and by its words; classifiers say it too.
void add_marks(Xapian::Document& document, const ProjectText& project) {
  std::string licences = project.license;
  for (const auto& classifier : project.classifiers) {
    const std::string folded = to_lower(classifier);
    document.add_boolean_term(term_of("C", folded));
    for (const auto& word : words_of(folded)) document.add_boolean_term(term_of("CW", word));
    if (folded.starts_with("license ::")) licences += "\n" + folded.substr(folded.rfind("::") + 2);
  }
  document.add_boolean_term(term_of("L", to_lower(trim(cut(project.license, 200)))));
  for (const auto& word : words_of(cut(licences, 2000))) document.add_boolean_term(term_of("LW", word));
  for (const auto& python : project.pythons) document.add_boolean_term(term_of("V", python));
  std::string keywords = to_lower(project.keywords);
  std::replace(keywords.begin(), keywords.end(), ';', ',');
  for (const auto keyword : split(keywords, keywords.find(',') == std::string::npos ? ' ' : ',')) {
    if (!trim(keyword).empty()) document.add_boolean_term(term_of("K", trim(keyword)));
  }
}

std::string store(const std::initializer_list<std::pair<std::string_view, std::string_view>>& texts) {
  auto out = pypi::Json::object();
  for (const auto& [key, text] : texts) {
    if (!text.empty()) out.set(key, cut(text, kMaxStored));
  }
  return out.compact();
}

}  // namespace

std::string path_of(std::string_view index, std::string_view project) { return "/" + std::string(index) + "/" + std::string(project); }

std::string term_of(std::string_view prefix, std::string_view text) {
  constexpr std::size_t kMax = 200;  // NUL bytes count twice, and no name has any
  std::string out(prefix);
  out += text.size() <= kMax ? std::string(text) : "#" + Digest::of(text).hex();
  return out;
}

std::vector<std::string> words_of(std::string_view text) {
  Xapian::Document document;
  Xapian::TermGenerator splitter;
  splitter.set_document(document);
  splitter.index_text(std::string(text));
  std::map<Xapian::termpos, std::string> words;
  for (auto term = document.termlist_begin(); term != document.termlist_end(); ++term) {
    for (auto place = term.positionlist_begin(); place != term.positionlist_end(); ++place) words[*place] = *term;
  }
  std::vector<std::string> out;
  out.reserve(words.size());
  for (auto& [place, word] : words) out.push_back(std::move(word));
  return out;
}

bool is_word_byte(char c) {
  return static_cast<unsigned char>(c) >= 0x80 || (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

std::string_view up_to_words(std::string_view text, std::size_t words) {
  if (text.size() <= 2 * words) return text;  // a letter and a blank each
  std::unordered_set<std::string_view> seen;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    while (at < text.size() && is_word_byte(text[at])) ++at;
    if (at > begin && seen.insert(text.substr(begin, at - begin)).second && seen.size() > words) return text.substr(0, begin);
    while (at < text.size() && !is_word_byte(text[at])) ++at;
  }
  return text;
}

Xapian::Stem stemmer() { return Xapian::Stem("english"); }

std::string_view text_prefix(std::string_view type) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kPrefixes{
      {{"summary", "XS"}, {"keywords", "XK"}, {"author", "XA"}, {"author_email", "XE"}, {"description", "XD"}, {"title", "XT"}}};
  for (const auto& [name, prefix] : kPrefixes) {
    if (name == type) return prefix;
  }
  return "";
}

Xapian::Document project_document(const ProjectText& project) {
  Xapian::Document document;
  add_place(document, project);
  document.add_boolean_term(term_of("P", path_of(project.index, project.project)));
  document.add_value(kStampSlot, project.stamp);
  add_name(document, project);
  add_marks(document, project);
  auto words = generator(document);
  std::string name = project.name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '_' || c == '.'; }, ' ');
  add_text(words, name, 4, "");
  document.add_boolean_term("Tproject");
  const auto field = [&](std::string_view type, const std::string& text, Xapian::termcount weight) {
    if (text.empty()) return;
    add_text(words, text, weight, text_prefix(type));
    document.add_boolean_term(term_of("T", type));
  };
  field("summary", project.summary, 4);
  field("keywords", project.keywords, 4);
  field("author", project.author, 1);
  field("author_email", project.author_email, 1);
  field("description", project.description, 1);
  document.set_data(store({{"i", project.index},
                           {"p", project.project},
                           {"n", project.name},
                           {"v", project.version},
                           {"o", project.origin == Origin::hosted ? "h" : "m"},
                           {"s", project.summary},
                           {"k", project.keywords},
                           {"a", project.author},
                           {"e", project.author_email},
                           {"d", project.description},
                           {"w", project.docs_version},
                           {"r", project.released}}));
  return document;
}

Xapian::Document page_document(const ProjectText& project, const DocPage& page) {
  Xapian::Document document;
  add_place(document, project);
  document.add_boolean_term("Tpage");
  if (!page.title.empty()) document.add_boolean_term("Ttitle");
  auto words = generator(document);
  add_text(words, page.title, 3, text_prefix("title"));
  add_text(words, page.text, 1, "");
  document.set_data(store({{"i", project.index}, {"p", project.project}, {"t", page.title}, {"u", page.path}, {"x", page.text}}));
  return document;
}

StoredText read_stored(const std::string& data) {
  StoredText out;
  const auto json = pypi::Json::parse(data);
  if (!json) return out;
  const auto text = [&json](std::string_view key) { return std::string(json->text(key)); };
  out = {text("i"), text("p"), text("n"), text("v"), text("s"),
         text("k"), text("a"), text("e"), text("d"), text("w"),
         text("u"), text("t"), text("x"), text("r"), text("o") == "h" ? Origin::hosted : Origin::mirrored};
  return out;
}

}  // namespace bodega::web
