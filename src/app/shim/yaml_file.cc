#include "app/shim/yaml_file.h"

#include <yaml.h>

#include "base/text.h"

namespace bodega::app {
namespace {

// libyaml's parser and the document it read.
class Document {
 public:
  explicit Document(std::string_view text) {
    if (yaml_parser_initialize(&parser_) == 0) return;
    usable_ = true;
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    loaded_ = yaml_parser_load(&parser_, &document_) != 0;
  }
  ~Document() {
    if (loaded_) yaml_document_delete(&document_);
    if (usable_) yaml_parser_delete(&parser_);
  }
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  bool loaded() const { return loaded_; }
  std::string problem() const {
    const std::string what = parser_.problem != nullptr ? parser_.problem : "it cannot be read";
    return "line " + std::to_string(parser_.problem_mark.line + 1) + ": " + what;
  }
  const yaml_node_t* root() { return yaml_document_get_root_node(&document_); }
  const yaml_node_t* node(int index) { return yaml_document_get_node(&document_, index); }

 private:
  yaml_parser_t parser_{};
  yaml_document_t document_{};
  bool usable_ = false;
  bool loaded_ = false;
};

std::string_view scalar(const yaml_node_t* node) {
  return {reinterpret_cast<const char*>(node->data.scalar.value), node->data.scalar.length};
}

bool is_scalar(const yaml_node_t* node) { return node != nullptr && node->type == YAML_SCALAR_NODE; }

const yaml_node_t* find(Document& document, const yaml_node_t* mapping, std::string_view key) {
  const auto& pairs = mapping->data.mapping.pairs;
  for (const auto* pair = pairs.start; pair != pairs.top; ++pair) {
    const auto* name = document.node(pair->key);
    if (is_scalar(name) && scalar(name) == key) return document.node(pair->value);
  }
  return nullptr;
}

// Nothing at all and the empty text are the same.
void add(std::vector<std::string>& values, const yaml_node_t* node) {
  const auto text = scalar(node);
  if (!text.empty()) values.emplace_back(text);
}

Result<YamlEntry> entry_of(Document& document, const yaml_node_pair_t& pair) {
  const auto* name = document.node(pair.key);
  const auto* value = document.node(pair.value);
  const auto place = "line " + std::to_string(name->start_mark.line + 1) + ": ";
  if (!is_scalar(name)) return fail(Code::invalid, place + "the name of an option must be a word");
  YamlEntry entry{std::string(scalar(name)), {}, static_cast<unsigned>(name->start_mark.line + 1)};
  if (is_scalar(value)) {
    add(entry.values, value);
    return entry;
  }
  if (value->type != YAML_SEQUENCE_NODE) return fail(Code::invalid, place + entry.key + " must have a value or a list of values");
  for (const auto* item = value->data.sequence.items.start; item != value->data.sequence.items.top; ++item) {
    const auto* one = document.node(*item);
    if (!is_scalar(one)) return fail(Code::invalid, place + entry.key + " must have a value or a list of values");
    add(entry.values, one);
  }
  return entry;
}

}  // namespace

Result<std::vector<YamlEntry>> parse_yaml_section(std::string_view text, std::string_view section) {
  std::vector<YamlEntry> entries;
  Document document(text);
  if (!document.loaded()) return fail(Code::invalid, document.problem());
  const auto* root = document.root();
  if (root == nullptr || root->type == YAML_SCALAR_NODE) return entries;
  if (root->type != YAML_MAPPING_NODE) return fail(Code::invalid, "it must be a mapping, not a list");
  const auto* options = find(document, root, section);
  if (options == nullptr || options->type == YAML_SCALAR_NODE) return entries;
  if (options->type != YAML_MAPPING_NODE)
    return fail(Code::invalid, "the section " + std::string(section) + " must be a mapping, not a list");
  const auto& pairs = options->data.mapping.pairs;
  for (const auto* pair = pairs.start; pair != pairs.top; ++pair) {
    BODEGA_TRY(auto entry, entry_of(document, *pair));
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace bodega::app
