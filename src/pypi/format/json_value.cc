#include "pypi/format/json_value.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <simdjson.h>

#include "base/text.h"

namespace bodega::pypi {
namespace {

// The element lives in the parser.
Result<simdjson::dom::element> read(simdjson::dom::parser& parser, std::string_view text) {
  // + 1: the document itself is a level.
  if (parser.allocate(std::max<std::size_t>(text.size(), 64), Json::kMaxDepth + 1) != simdjson::SUCCESS) {
    return fail(Code::busy, "no memory to read JSON");
  }
  simdjson::dom::element element;
  if (const auto error = parser.parse(text.data(), text.size()).get(element)) {
    return fail(Code::invalid, "not JSON", simdjson::error_message(error));
  }
  return element;
}

Result<Json> convert(const simdjson::dom::element& element) {
  using Type = simdjson::dom::element_type;
  switch (element.type()) {
    case Type::NULL_VALUE: return Json();
    case Type::BOOL: return Json(element.get_bool().value_unsafe());
    case Type::INT64: return Json(std::int64_t{element.get_int64().value_unsafe()});
    case Type::UINT64: return Json(std::uint64_t{element.get_uint64().value_unsafe()});
    case Type::DOUBLE: return Json(element.get_double().value_unsafe());
    case Type::STRING: return Json(std::string_view(element.get_string().value_unsafe()));
    case Type::ARRAY: {
      Json::Array out;
      const auto array = element.get_array().value_unsafe();  // named: the range must outlive the loop
      for (const auto item : array) {
        BODEGA_TRY(Json value, convert(item));
        out.push_back(std::move(value));
      }
      return Json(std::move(out));
    }
    case Type::OBJECT: {
      Json out = Json::object();
      const auto object = element.get_object().value_unsafe();
      for (const auto& [key, item] : object) {
        BODEGA_TRY(Json value, convert(item));
        out.set(key, std::move(value));
      }
      return out;
    }
  }
  return fail(Code::invalid, "not JSON");
}

// repr(float): shortest digits that read back the same; exponents from 1e16 on and below 1e-4.
std::string python_float(double value) {
  std::array<char, 32> buffer{};
  const double size = value < 0 ? -value : value;
  const bool plain = value == 0 || (size >= 1e-4 && size < 1e16);
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string out(buffer.data(), end);
  if (plain && out.find('.') == std::string::npos) out += ".0";
  return out;
}

void unicode_escape(std::string& out, unsigned unit) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += digits[(unit >> shift) & 15];
}

struct Decoded {
  char32_t point = 0xFFFD;
  std::size_t length = 1;
};

// The code point at `at`, which is the lead byte of a sequence; U+FFFD for what is no UTF-8.
Decoded decode(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (!is_utf8(text.substr(at, length)) || at + length > text.size()) return {};
  char32_t point = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) point = (point << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3F);
  return {point, length};
}

void ascii_string_to(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const auto [point, length] = decode(text, i);
      if (point >= 0x10000) {
        unicode_escape(out, 0xD800 + ((point - 0x10000) >> 10));
        unicode_escape(out, 0xDC00 + ((point - 0x10000) & 0x3FF));
      } else {
        unicode_escape(out, point);
      }
      i += length;
      continue;
    }
    ++i;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      default:
        if (c < 0x20 || c == 0x7F) {
          unicode_escape(out, c);
        } else {
          out += static_cast<char>(c);
        }
    }
  }
  out += '"';
}

std::string repr_string(std::string_view text) {
  const char quote = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\x" + to_hex(std::string_view(&c, 1));
    } else {
      out += c;
    }
  }
  return out + quote;
}

}  // namespace

class JsonWriter {
 public:
  enum class Form { pretty, compact };
  explicit JsonWriter(Form form) : pretty_(form == Form::pretty) {}

  std::string write(const Json& value) {
    put(value, 0);
    return std::move(out_);
  }

 private:
  void put(const Json& value, std::size_t depth) {
    std::visit([&](const auto& held) { put_held(held, depth); }, value.value_);
  }
  void put_held(std::monostate, std::size_t) { out_ += "null"; }
  void put_held(bool value, std::size_t) { out_ += value ? "true" : "false"; }
  void put_held(std::int64_t value, std::size_t) { out_ += std::to_string(value); }
  void put_held(std::uint64_t value, std::size_t) { out_ += std::to_string(value); }
  void put_held(double value, std::size_t) { out_ += python_float(value); }
  void put_held(const std::string& value, std::size_t) { ascii_string_to(out_, value); }
  void put_held(const Json::Array& items, std::size_t depth) {
    out_ += '[';
    for (std::size_t i = 0; i < items.size(); ++i) {
      next(i, depth + 1);
      put(items[i], depth + 1);
    }
    if (!items.empty()) line(depth);
    out_ += ']';
  }
  void put_held(const Json::Object& members, std::size_t depth) {
    out_ += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
      next(i, depth + 1);
      ascii_string_to(out_, members[i].first);
      out_ += pretty_ ? ": " : ":";
      put(members[i].second, depth + 1);
    }
    if (!members.empty()) line(depth);
    out_ += '}';
  }
  void next(std::size_t i, std::size_t depth) {
    if (i > 0) out_ += ',';
    line(depth);
  }
  void line(std::size_t depth) {
    if (!pretty_) return;
    out_ += '\n';
    out_.append(2 * depth, ' ');
  }

  bool pretty_;
  std::string out_;
};

Result<Json> Json::parse(std::string_view text) {
  simdjson::dom::parser parser;
  BODEGA_TRY(const auto element, read(parser, text));
  return convert(element);
}

Result<void> Json::check(std::string_view text) {
  simdjson::dom::parser parser;
  BODEGA_TRY_VOID(read(parser, text));
  return {};
}

const Json::Array& Json::items() const {
  static const Array none;
  const auto* held = std::get_if<Array>(&value_);
  return held ? *held : none;
}

const Json::Object& Json::members() const {
  static const Object none;
  const auto* held = std::get_if<Object>(&value_);
  return held ? *held : none;
}

bool Json::truthy() const {
  struct Truth {
    bool operator()(std::monostate) const { return false; }
    bool operator()(bool value) const { return value; }
    bool operator()(std::int64_t value) const { return value != 0; }
    bool operator()(std::uint64_t value) const { return value != 0; }
    bool operator()(double value) const { return value < 0 || value > 0; }
    bool operator()(const std::string& value) const { return !value.empty(); }
    bool operator()(const Array& value) const { return !value.empty(); }
    bool operator()(const Object& value) const { return !value.empty(); }
  };
  return std::visit(Truth{}, value_);
}

const Json* Json::find(std::string_view key) const {
  for (const auto& [name, value] : members()) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::string_view Json::text(std::string_view key) const {
  const Json* value = find(key);
  return value && value->string() ? std::string_view(*value->string()) : std::string_view();
}

void Json::set(std::string_view key, Json value) {
  if (!is_object()) value_ = Object{};
  auto& object = std::get<Object>(value_);
  const auto found = std::find_if(object.begin(), object.end(), [&](const Member& member) { return member.first == key; });
  if (found == object.end()) {
    object.emplace_back(std::string(key), std::move(value));
  } else {
    found->second = std::move(value);
  }
}

bool Json::remove(std::string_view key) {
  auto* object = std::get_if<Object>(&value_);
  return object && std::erase_if(*object, [&](const Member& member) { return member.first == key; }) > 0;
}

void Json::push_back(Json value) {
  if (!is_array()) value_ = Array{};
  std::get<Array>(value_).push_back(std::move(value));
}

std::string Json::pretty() const { return JsonWriter(JsonWriter::Form::pretty).write(*this); }
std::string Json::compact() const { return JsonWriter(JsonWriter::Form::compact).write(*this); }

bool Json::operator==(const Json& other) const {
  if (value_.index() != other.value_.index()) return false;
  if (!is_object()) return value_ == other.value_;
  if (members().size() != other.members().size()) return false;
  return std::all_of(members().begin(), members().end(), [&](const Member& member) {
    const Json* theirs = other.find(member.first);
    return theirs && *theirs == member.second;
  });
}

std::string python_repr(const Json& value) {
  if (value.is_null()) return "None";
  if (const bool* truth = value.boolean()) return *truth ? "True" : "False";
  if (const auto* text = value.string()) return repr_string(*text);
  if (!value.is_array() && !value.is_object()) return value.compact();
  std::string out = value.is_array() ? "[" : "{";
  std::string_view separator;
  for (const auto& item : value.items()) {
    out += separator;
    out += python_repr(item);
    separator = ", ";
  }
  for (const auto& [key, item] : value.members()) {
    out += separator;
    out += repr_string(key) + ": " + python_repr(item);
    separator = ", ";
  }
  return out + (value.is_array() ? "]" : "}");
}

std::string python_str(const Json& value) { return value.string() ? *value.string() : python_repr(value); }

}  // namespace bodega::pypi
