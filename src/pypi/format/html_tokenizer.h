// Just enough HTML for link pages: tags with their attributes, text, comments; script, style and the like are passed over. A state machine
// that takes the page in pieces, keeps one tag at most, looks at every byte once and has no errors: whatever comes is tokens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bodega::pypi {

struct HtmlTag {
  std::string name;  // lower case
  struct Attribute {
    std::string name;   // lower case
    std::string value;  // character references decoded
  };
  std::vector<Attribute> attributes;
  // Of the first attribute of that name; nullptr when there is none.
  const std::string* find(std::string_view attribute) const;
};

class HtmlSink {
 public:
  virtual ~HtmlSink() = default;
  virtual void start_tag(const HtmlTag& tag) = 0;
  virtual void end_tag(std::string_view name) = 0;
  // A piece of text as it stands, references not decoded; one text may come in several pieces.
  virtual void text(std::string_view piece) = 0;
  virtual void comment(std::string_view beginning) = 0;  // at most the first 64 bytes
};

class HtmlTokenizer {
 public:
  explicit HtmlTokenizer(HtmlSink& sink) : sink_(sink) {}
  void feed(std::string_view bytes);

 private:
  enum class State { text, tag_open, tag, declaration, comment, bogus, raw };
  std::size_t in_text(std::string_view bytes);
  std::size_t in_tag(std::string_view bytes);
  std::size_t in_raw(std::string_view bytes);
  void tag_open(char c);
  void declaration(char c);
  void comment(char c);
  void finish_tag();

  HtmlSink& sink_;
  State state_ = State::text;
  std::string tag_;  // what stands between '<' and '>' so far
  bool tag_too_long_ = false;
  char quote_ = 0;             // the quote an attribute value is in
  bool after_equals_ = false;  // only there a quote opens a value
  unsigned dashes_ = 0;
  std::string comment_;
  std::string raw_end_;  // "</script"
  std::size_t raw_match_ = 0;
};

// Character references: numeric ones and the five of XML plus nbsp; others stay as they are.
std::string decode_html(std::string_view text);

}  // namespace bodega::pypi
