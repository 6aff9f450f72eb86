// What a push asks for: the JSON body of PUSH (docs/protocols/devpi.md, "Push"). Pure.
#pragma once

#include <string>
#include <variant>

#include "base/secret.h"
#include "base/url.h"
#include "pypi/format/json_value.h"

namespace bodega::pypi {

enum class PushParts { all, no_docs, only_docs };

struct PushInside {
  std::string index;  // "user/name"
};

enum class Registration { none, first };
struct PushOutside {
  Url url;  // without user information
  std::string user;
  Secret password;
  Registration registration = Registration::none;
};

struct PushWish {
  std::string name;     // as asked
  std::string project;  // normalised
  std::string version;  // as asked
  PushParts parts = PushParts::all;
  std::variant<PushInside, PushOutside> to;
};

// invalid, with devpi's sentences where it has them.
Result<PushWish> read_push_wish(const Json& body);

}  // namespace bodega::pypi
