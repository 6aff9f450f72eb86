// XML-RPC as `pip search`-like tools speak it: calls are read strictly and within bounds, without entities of their own, namespaces or
// processing instructions; answers are written as devpi-web writes them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace bodega::web {

struct XmlRpcValue {
  enum class Kind { text, list, object } kind = Kind::text;  // numbers, dates and truth are text too
  std::string text{};
  std::vector<std::pair<std::string, XmlRpcValue>> items{};  // of a list with empty names

  const XmlRpcValue* find(std::string_view name) const;  // of an object; nullptr when there is none
};

struct XmlRpcCall {
  std::string method;
  std::vector<XmlRpcValue> params;
};

inline constexpr std::size_t kMaxXmlRpcBytes = 64 << 10;
inline constexpr std::size_t kMaxXmlRpcDepth = 16;

// invalid with a sentence.
Result<XmlRpcCall> parse_xmlrpc(std::string_view xml);

struct XmlRpcHit {
  std::string name;
  std::string summary;
  std::string version;
  double ordering = 0;
};
std::string xmlrpc_hits(const std::vector<XmlRpcHit>& hits);
std::string xmlrpc_fault(std::string_view sentence);  // code 1

}  // namespace bodega::web
