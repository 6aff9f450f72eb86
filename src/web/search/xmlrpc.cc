#include "web/search/xmlrpc.h"

#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"

namespace bodega::web {
namespace {

tl::unexpected<Error> broken(std::string why) { return fail(Code::invalid, "this is no XML-RPC call: " + std::move(why)); }

bool is_name_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_'; }

// Elements without attributes, text with the five references of XML and numeric ones: nothing else stands in a call.
class Reader {
 public:
  explicit Reader(std::string_view xml) : xml_(xml) {}

  Result<XmlRpcCall> call() {
    skip_blanks();
    if (rest().starts_with("<?xml")) {
      const auto end = xml_.find("?>", at_);
      if (end == std::string_view::npos) return broken("its first line has no end");
      at_ = end + 2;
    }
    XmlRpcCall out;
    BODEGA_TRY_VOID(open("methodCall"));
    BODEGA_TRY_VOID(open("methodName"));
    BODEGA_TRY(out.method, text());
    BODEGA_TRY_VOID(close("methodName"));
    out.method = std::string(trim(out.method));
    if (next_is("<params")) BODEGA_TRY_VOID(params(out));
    BODEGA_TRY_VOID(close("methodCall"));
    skip_blanks();
    if (at_ != xml_.size()) return broken("something stands behind its end");
    return out;
  }

 private:
  Result<void> params(XmlRpcCall& out) {
    BODEGA_TRY(const bool some, open_any("params"));
    if (!some) return {};
    while (next_is("<param")) {
      BODEGA_TRY_VOID(open("param"));
      BODEGA_TRY(auto one, value(0));
      out.params.push_back(std::move(one));
      BODEGA_TRY_VOID(close("param"));
    }
    return close("params");
  }

  Result<XmlRpcValue> value(std::size_t depth) {
    if (depth == kMaxXmlRpcDepth) return broken("it is nested too deep");
    XmlRpcValue out;
    BODEGA_TRY(const bool some, open_any("value"));
    if (!some) return out;
    const std::size_t before = at_;
    skip_blanks();
    if (!rest().starts_with("<") || rest().starts_with("</")) {
      at_ = before;
      BODEGA_TRY(out.text, text());
    } else if (next_is("<array")) {
      BODEGA_TRY(out, array(depth));
    } else if (next_is("<struct")) {
      BODEGA_TRY(out, object(depth));
    } else {
      BODEGA_TRY(out.text, scalar());
    }
    BODEGA_TRY_VOID(close("value"));
    return out;
  }

  Result<XmlRpcValue> array(std::size_t depth) {
    XmlRpcValue out{XmlRpcValue::Kind::list};
    BODEGA_TRY_VOID(open("array"));
    BODEGA_TRY(const bool some, open_any("data"));
    while (some && next_is("<value")) {
      BODEGA_TRY(auto one, value(depth + 1));
      out.items.emplace_back(std::string(), std::move(one));
    }
    if (some) BODEGA_TRY_VOID(close("data"));
    BODEGA_TRY_VOID(close("array"));
    return out;
  }

  Result<XmlRpcValue> object(std::size_t depth) {
    XmlRpcValue out{XmlRpcValue::Kind::object};
    BODEGA_TRY(const bool some, open_any("struct"));
    if (!some) return out;
    while (next_is("<member")) {
      BODEGA_TRY_VOID(open("member"));
      BODEGA_TRY_VOID(open("name"));
      BODEGA_TRY(auto name, text());
      BODEGA_TRY_VOID(close("name"));
      BODEGA_TRY(auto one, value(depth + 1));
      out.items.emplace_back(std::move(name), std::move(one));
      BODEGA_TRY_VOID(close("member"));
    }
    BODEGA_TRY_VOID(close("struct"));
    return out;
  }

  Result<std::string> scalar() {
    for (const std::string_view type : {"string", "int", "i4", "i8", "boolean", "double", "nil", "base64", "dateTime.iso8601"}) {
      if (!next_is("<" + std::string(type))) continue;
      BODEGA_TRY(const bool some, open_any(type));
      if (!some) return std::string();
      BODEGA_TRY(auto out, text());
      BODEGA_TRY_VOID(close(type));
      return out;
    }
    return broken("it has a value of an unknown type");
  }

  Result<std::string> text() {
    std::string out;
    while (at_ < xml_.size() && xml_[at_] != '<') {
      if (xml_[at_] != '&') {
        out += xml_[at_++];
        continue;
      }
      BODEGA_TRY_VOID(reference(out));
    }
    return out;
  }

  Result<void> reference(std::string& out) {
    constexpr std::size_t kLongest = 10;
    const auto end = xml_.find(';', at_);
    if (end == std::string_view::npos || end - at_ > kLongest) return broken("it has a broken reference");
    const auto name = xml_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    if (name == "amp")
      out += '&';
    else if (name == "lt")
      out += '<';
    else if (name == "gt")
      out += '>';
    else if (name == "quot")
      out += '"';
    else if (name == "apos")
      out += '\'';
    else if (name.starts_with('#'))
      return number(name.substr(1), out);
    else
      return broken("it has a reference that XML does not know by itself");
    return {};
  }

  static Result<void> number(std::string_view digits, std::string& out) {
    const bool hex = digits.starts_with('x');
    if (hex) digits.remove_prefix(1);
    std::uint32_t code = 0;
    for (const char raw : digits) {
      const char c = ascii_lower(raw);
      const bool decimal = c >= '0' && c <= '9';
      if (!decimal && !(hex && c >= 'a' && c <= 'f')) return broken("it has a broken reference");
      code = code * (hex ? 16U : 10U) + static_cast<std::uint32_t>(decimal ? c - '0' : c - 'a' + 10);
      if (code > 0x10FFFF) return broken("it names no letter");
    }
    if (digits.empty() || code < 0x20 || (code >= 0xD800 && code < 0xE000)) return broken("it names no letter");
    append_utf8(out, code);
    return {};
  }

  std::string_view rest() const { return xml_.substr(at_); }
  void skip_blanks() {
    while (at_ < xml_.size() && (xml_[at_] == ' ' || xml_[at_] == '\t' || xml_[at_] == '\r' || xml_[at_] == '\n')) ++at_;
  }
  // "<name" and then no further letter of a name.
  bool next_is(std::string_view begin) {
    skip_blanks();
    return rest().starts_with(begin) && (rest().size() == begin.size() || !is_name_byte(rest()[begin.size()]));
  }
  // False: "<name/>", which has no end.
  Result<bool> open_any(std::string_view name) {
    const std::string begin = "<" + std::string(name);
    if (!next_is(begin)) return broken("it lacks <" + std::string(name) + ">");
    at_ += begin.size();
    skip_blanks();
    if (rest().starts_with("/>")) {
      at_ += 2;
      return false;
    }
    if (!rest().starts_with(">")) return broken("<" + std::string(name) + "> has attributes");
    ++at_;
    return true;
  }
  Result<void> open(std::string_view name) {
    BODEGA_TRY(const bool some, open_any(name));
    if (!some) return broken("<" + std::string(name) + "> is empty");
    return {};
  }
  Result<void> close(std::string_view name) {
    const std::string end = "</" + std::string(name);
    if (!next_is(end)) return broken("it lacks </" + std::string(name) + ">");
    at_ += end.size();
    skip_blanks();
    if (!rest().starts_with(">")) return broken("</" + std::string(name) + " has no end");
    ++at_;
    return {};
  }

  std::string_view xml_;
  std::size_t at_ = 0;
};

// What XML may hold; other control bytes go.
std::string xml_text(std::string_view text) {
  std::string clean;
  const bool whole = is_utf8(text);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7F || (byte >= 0x80 && !whole)) continue;
    clean += c;
  }
  return html_escape(clean);
}

void member(std::string& out, std::string_view name, std::string_view type, std::string_view value) {
  out += "<member>\n<name>" + std::string(name) + "</name>\n<value><" + std::string(type) + ">" + xml_text(value) + "</" +
         std::string(type) + "></value>\n</member>\n";
}

constexpr std::string_view kHead = "<?xml version='1.0'?>\n<methodResponse>\n";

}  // namespace

const XmlRpcValue* XmlRpcValue::find(std::string_view name) const {
  const auto found = std::find_if(items.begin(), items.end(), [name](const auto& item) { return item.first == name; });
  return kind != Kind::object || found == items.end() ? nullptr : &found->second;
}

Result<XmlRpcCall> parse_xmlrpc(std::string_view xml) {
  if (xml.size() > kMaxXmlRpcBytes) return broken("it is too long");
  if (!is_utf8(xml)) return broken("it is not UTF-8");
  return Reader(xml).call();
}

std::string xmlrpc_hits(const std::vector<XmlRpcHit>& hits) {
  std::string out(kHead);
  out += "<params>\n<param>\n<value><array><data>\n";
  for (const auto& hit : hits) {
    out += "<value><struct>\n";
    member(out, "name", "string", hit.name);
    member(out, "summary", "string", hit.summary);
    member(out, "version", "string", hit.version);
    member(out, "_pypi_ordering", "double", std::to_string(hit.ordering));
    out += "</struct></value>\n";
  }
  return out + "</data></array></value>\n</param>\n</params>\n</methodResponse>\n";
}

std::string xmlrpc_fault(std::string_view sentence) {
  std::string out(kHead);
  out += "<fault>\n<value><struct>\n";
  member(out, "faultCode", "int", "1");
  member(out, "faultString", "string", sentence);
  return out + "</struct></value>\n</fault>\n</methodResponse>\n";
}

}  // namespace bodega::web
