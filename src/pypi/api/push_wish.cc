#include "pypi/api/push_wish.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "pypi/format/names.h"

namespace bodega::pypi {
namespace {

// Longer ones fit no file name.
constexpr std::size_t kMaxVersion = 200;

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; });
}

Result<std::string> text_of(const Json& body, std::string_view key) {
  const Json* value = body.find(key);
  if (!value) return fail(Code::invalid, "a push needs \"" + std::string(key) + "\"");
  if (!value->string()) return fail(Code::invalid, "\"" + std::string(key) + "\" must be a text");
  return *value->string();
}

// Absent and null are false.
Result<bool> flag_of(const Json& body, std::string_view key) {
  const Json* value = body.find(key);
  if (!value || value->is_null()) return false;
  if (!value->boolean()) return fail(Code::invalid, "\"" + std::string(key) + "\" must be true or false");
  return *value->boolean();
}

Result<PushParts> parts_of(const Json& body) {
  BODEGA_TRY(const bool no_docs, flag_of(body, "no_docs"));
  BODEGA_TRY(const bool only_docs, flag_of(body, "only_docs"));
  if (no_docs && only_docs) return fail(Code::invalid, "can't use 'no_docs' and 'only_docs' together");
  return no_docs ? PushParts::no_docs : only_docs ? PushParts::only_docs : PushParts::all;
}

Result<void> only_known(const Json& body, std::initializer_list<std::string_view> known) {
  std::set<std::string> unknown;
  for (const auto& [key, value] : body.members()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) unknown.insert(key);
  }
  if (unknown.empty()) return {};
  return fail(Code::invalid, "unknown additional options: " + join({unknown.begin(), unknown.end()}, ", "));
}

Result<PushInside> inside_of(const Json& body) {
  BODEGA_TRY_VOID(only_known(body, {"name", "version", "targetindex", "no_docs", "only_docs"}));
  BODEGA_TRY(std::string index, text_of(body, "targetindex"));
  const auto parts = split(index, '/');
  if (parts.size() != 2 || parts[0].empty() || parts[1].empty() || !is_printable(index)) {
    return fail(Code::invalid, "targetindex not in format user/index");
  }
  return PushInside{std::move(index)};
}

Result<PushOutside> outside_of(const Json& body) {
  BODEGA_TRY_VOID(only_known(body, {"name", "version", "posturl", "username", "password", "register_project", "no_docs", "only_docs"}));
  PushOutside out;
  BODEGA_TRY(const std::string url, text_of(body, "posturl"));
  auto parsed = Url::parse(url);
  if (!parsed) return fail(Code::invalid, "posturl is not an address of a web server");
  out.url = std::move(*parsed);
  out.url.user.clear();
  out.url.password = Secret();
  out.url.fragment.clear();
  BODEGA_TRY(out.user, text_of(body, "username"));
  // RFC 7617: the first colon ends the user name.
  if (out.user.find(':') != std::string::npos || !is_printable(out.user)) return fail(Code::invalid, "username holds what it must not");
  BODEGA_TRY(std::string password, text_of(body, "password"));
  if (!is_printable(password)) return fail(Code::invalid, "password holds what it must not");
  out.password = Secret(std::move(password));
  BODEGA_TRY(const bool registers, flag_of(body, "register_project"));
  out.registration = registers ? Registration::first : Registration::none;
  return out;
}

}  // namespace

Result<PushWish> read_push_wish(const Json& body) {
  if (!body.is_object()) return fail(Code::invalid, "Bad request: could not decode json");
  PushWish wish;
  BODEGA_TRY(wish.name, text_of(body, "name"));
  BODEGA_TRY(wish.version, text_of(body, "version"));
  // Imported projects may have names that no upload could have now.
  if (wish.name.empty() || wish.name.size() > kMaxNameLength || !is_printable(wish.name)) {
    return fail(Code::invalid, "\"name\" is not the name of a project");
  }
  if (wish.version.empty() || wish.version.size() > kMaxVersion || !is_printable(wish.version)) {
    return fail(Code::invalid, "\"version\" is not a version");
  }
  wish.project = normalize_name(wish.name);
  BODEGA_TRY(wish.parts, parts_of(body));
  const Json* target = body.find("targetindex");
  if (target && !target->is_null()) {
    BODEGA_TRY(wish.to, inside_of(body));
  } else if (body.find("posturl")) {
    BODEGA_TRY(wish.to, outside_of(body));
  } else {
    return fail(Code::invalid, "a push needs \"targetindex\", or \"posturl\", \"username\" and \"password\"");
  }
  return wish;
}

}  // namespace bodega::pypi
